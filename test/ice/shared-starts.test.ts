import { describe, expect, it } from 'vitest';
import { createRate } from '../../src/ice/rate.ts';
import { createSharedStarts } from '../../src/ice/shared-starts.ts';
import { TestRate } from './support/shared-rate.ts';

function setUp() {
  const shared = new TestRate();
  const clock = { now: 0 };
  const started: string[] = [];
  const ended: string[] = [];
  const rooms: boolean[] = [];
  const starts = createSharedStarts<string>({
    shared,
    rate: createRate(10, () => clock.now),
    maxBatch: 4,
    now: () => clock.now,
    clients: () => 3,
    start: ({ item }) => void started.push(item),
    onRoom: () => void rooms.push(true),
  });
  const add = (...items: readonly string[]) => {
    for (const item of items) starts.add({ item, startedAt: 0, end: () => void ended.push(item) });
  };
  return { shared, clock, started, ended, rooms, starts, add };
}

describe('createSharedStarts', () => {
  it('asks for one call at first, and for several together once there is much to have', async () => {
    const { shared, starts, started, rooms, add } = setUp();
    add('a');
    expect(starts.hasRoom).toBe(false);
    await expect.poll(() => rooms.length).toBe(1);
    add('b', 'c', 'd');
    expect(starts.hasRoom).toBe(true);
    add('e');
    expect(starts.hasRoom).toBe(false);
    await expect.poll(() => started).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(shared.told).toEqual(['take 1 for 3', 'take 4 for 3']);
  });

  it('starts as many as are granted, in order, and asks again for the others', async () => {
    const { shared, started, rooms, add } = setUp();
    add('a');
    await expect.poll(() => rooms.length).toBe(1);
    const grants = [2, 0, 1];
    shared.answer = () => ({ granted: grants.shift() ?? 0, waitMs: 1, free: 0 });
    add('b', 'c', 'd');
    await expect.poll(() => started).toEqual(['a', 'b', 'c', 'd']);
    expect(shared.told.slice(1)).toEqual(['take 3 for 3', 'take 1 for 3', 'take 1 for 3']);
  });

  it('tells of a grant that came late, as its calls start later than they count', async () => {
    const { shared, clock, started, add } = setUp();
    shared.answer = () => {
      clock.now += 51;
      return { granted: 1, waitMs: 0, free: 1 };
    };
    add('a');
    await expect.poll(() => started).toEqual(['a']);
    expect(shared.told).toEqual(['take 1 for 3', 'log 1']);
  });

  it('ends a call that leaves while it waits, and has room again', async () => {
    const { shared, starts, started, ended, rooms, add } = setUp();
    shared.answer = () => ({ granted: 0, waitMs: 60_000, free: 0 });
    add('a');
    await expect.poll(() => shared.told).toHaveLength(1);
    await Promise.resolve();
    starts.remove('a');
    await expect.poll(() => rooms.length).toBe(1);
    expect([starts.hasRoom, started, ended]).toEqual([true, [], ['a']]);
    starts.remove('a');
    expect(ended).toEqual(['a']);
  });

  it('asks again when the others could not be asked, and goes by its own rate once it is alone', async () => {
    const { shared, started, add } = setUp();
    shared.answer = () => Promise.reject(new Error('no answer'));
    add('a');
    await expect.poll(() => shared.told.length).toBeGreaterThan(1);
    expect(started).toEqual([]);
    shared.isShared = false;
    await expect.poll(() => started).toEqual(['a']);
    add('b');
    expect(started).toEqual(['a', 'b']);
  });
});
