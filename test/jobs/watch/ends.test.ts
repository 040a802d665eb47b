import { describe, expect } from 'vitest';
import { createLookForEnds, windowOf, type Look } from '../../../src/jobs/watch/ends.ts';
import { callsOf, it, type JobsSetting } from '../../support/jobs.ts';

function lookOf({ clock }: JobsSetting, members: Partial<Look> = {}): Look {
  const window = { from: clock.now - 1_000_000, to: clock.now };
  return { ...window, maxPages: 6, isUnfinished: () => false, turnKey: {}, ...members };
}

describe('a look for ends', () => {
  it('stores how known jobs have ended, in a page for each way to end', async ({ jobs }) => {
    const ids = await jobs.addKnownJobs(50);
    jobs.emulator.jobs.finish(ids[3] ?? '', { status: 'Success' });
    jobs.emulator.jobs.finish(ids[7] ?? '', { status: 'Fail' });
    expect(await createLookForEnds(jobs.ice, jobs.store)(lookOf(jobs))).toBe(2);
    expect(callsOf(jobs)).toEqual([2, 0]);
    expect(jobs.changes.map(({ id, entry }) => [id, entry.job?.status])).toEqual(
      expect.arrayContaining([
        [ids[3], 'SUCCESS'],
        [ids[7], 'FAIL'],
      ]),
    );
  });

  it('stores a watched job that memory has forgotten, and none that nobody asked for', async ({ jobs }) => {
    const [watched, other] = ['watched', 'other'].map(() =>
      jobs.emulator.jobs.add({ finishTime: jobs.clock.now, outcome: { status: 'Success' } }),
    );
    const look = lookOf(jobs, { isUnfinished: (id) => id === watched });
    await createLookForEnds(jobs.ice, jobs.store)(look);
    expect(jobs.store.peek(watched ?? '')?.job?.status).toBe('SUCCESS');
    expect(jobs.store.peek(other ?? '')).toBeUndefined();
  });

  it('takes no more pages than it may, of the youngest jobs', async ({ jobs }) => {
    const ids = await jobs.addKnownJobs(700);
    for (const id of ids) jobs.emulator.jobs.finish(id, { status: 'Success' });
    expect(await createLookForEnds(jobs.ice, jobs.store)(lookOf(jobs))).toBe(6);
    const found = ids.filter((id) => jobs.store.peek(id)?.job?.status === 'SUCCESS');
    expect(found).toEqual(ids.slice(-500));
  });

  it('finds nothing, and is no failure, while ICE fails', async ({ jobs }) => {
    await jobs.addKnownJobs(5);
    jobs.emulator.faults.add({ kind: 'status', status: 403, times: 'always' });
    expect(await createLookForEnds(jobs.ice, jobs.store)(lookOf(jobs))).toBe(2);
    expect(jobs.changes).toEqual([]);
  });

  it('is for the time in which the jobs were created', () => {
    const times = ['2026-01-01T00:00:05Z', '2026-01-01T00:00:01Z', '2026-01-01T00:00:03Z'];
    expect(windowOf(times)).toEqual({
      from: Date.UTC(2026, 0, 1, 0, 0, 1),
      to: Date.UTC(2026, 0, 1, 0, 0, 5),
    });
    expect(windowOf([])).toBeUndefined();
  });
});
