import { beforeEach, describe, expect, it } from 'vitest';
import { jobWith } from '../../support/job.ts';
import { ScheduleSetting } from './support/schedule-setting.ts';

/** With this rate a page, or a get of each job, costs 4 s of the share. */
const SLOW = { lists: 1, gets: 1 };

describe('a schedule', () => {
  let setting: ScheduleSetting;
  beforeEach(() => {
    setting = new ScheduleSetting();
  });

  it('has a job of any age read at the shortest interval, while that fits into the share', () => {
    setting.schedule.set(
      setting.found(setting.add('old'), jobWith({ id: 'old', createTime: '2025-12-31T00:00:00Z' })),
    );
    setting.add('young');
    setting.advance(3500);
    expect(setting.sweeps).toEqual([
      [1000, 'old', 'young'],
      [2000, 'old', 'young'],
      [3000, 'old', 'young'],
    ]);
  });

  it('has all jobs read less often, in proportion to the pages of a sweep, but for the longest interval', () => {
    for (let job = 0; job < 200; job += 1) setting.add(`j${String(job)}`);
    for (const [pages, intervalMs] of [
      [12, 1000],
      // Two pages a second look for ends meanwhile.
      [25, 2381],
      [100, 9524],
      [200, 15_000],
    ] as const) {
      setting.pages = pages;
      setting.advance(15_000);
      setting.sweeps.length = 0;
      setting.advance(60_000);
      const times = setting.sweeps.map(([at]) => at);
      const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
      expect(new Set(gaps)).toEqual(new Set([intervalMs]));
      expect(setting.sweeps.every((sweep) => sweep.length === 201)).toBe(true);
    }
  });

  it('looks for ends at the shortest interval while sweeps are less often, in half of the share at most', () => {
    for (let job = 0; job < 200; job += 1) setting.add(`j${String(job)}`);
    setting.pages = 12;
    setting.advance(5000);
    expect(setting.looks).toEqual([]);
    setting.pages = 50;
    setting.advance(10_000);
    expect(setting.sweeps.slice(-2).map(([at]) => at)).toEqual([6000, 10_762]);
    const before = [7000, 8000, 9000, 10_000];
    expect(setting.looks).toEqual([...before, 11_762, 12_762, 13_762, 14_762].map((at) => [at, 6]));
    setting.rate = { lists: 10, gets: 50 };
    setting.looks.length = 0;
    setting.advance(10_000);
    expect(setting.looks).toEqual([]);
  });

  it('goes by the rate that ICE grants at the moment', () => {
    for (let job = 0; job < 10; job += 1) setting.add(`j${String(job)}`);
    setting.pages = 5;
    setting.advance(5000);
    expect(setting.sweeps.length).toBe(5);
    setting.rate = { lists: 10, gets: 50 };
    setting.advance(10_000);
    expect(setting.sweeps.slice(-5).map(([at]) => at)).toEqual([7000, 9000, 11_000, 13_000, 15_000]);
  });

  it('forgets what many jobs cost when a few are left', () => {
    for (let job = 0; job < 200; job += 1) setting.add(`j${String(job)}`);
    setting.pages = 100;
    setting.advance(1000);
    for (let job = 1; job < 200; job += 1) setting.schedule.delete(`j${String(job)}`);
    setting.schedule.set(setting.add('new'));
    setting.advance(1000);
    expect(setting.sweeps.at(-1)).toEqual([2000, 'j0', 'new']);
  });

  it('counts the interval from the start of a sweep, however long its pages take', () => {
    setting.read = (job) => setting.found(job, job.entry?.job ?? null, 400);
    setting.add('a');
    setting.add('b');
    setting.advance(3000);
    expect(setting.sweeps.map(([at]) => at)).toEqual([1000, 2000, 3000]);
  });

  it('shortens an interval by a tenth at most', () => {
    setting.random = 1;
    setting.add('a');
    setting.advance(2000);
    expect(setting.sweeps).toEqual([
      [1000, 'a'],
      [1900, 'a'],
    ]);
  });

  it('takes no job in flight for due, and has it read once it has landed', () => {
    setting.add('b', { isInFlight: true });
    setting.add('a');
    setting.advance(1500);
    expect(setting.sweeps).toEqual([[1000, 'a']]);
    setting.add('b');
    setting.advance(500);
    expect(setting.sweeps[1]).toEqual([2000, 'b', 'a']);
  });

  it('puts the next read off by a read of somebody else', () => {
    setting.add('a');
    setting.advance(700);
    setting.validatedAt.set('a', setting.now);
    setting.advance(999);
    expect(setting.sweeps).toEqual([]);
    setting.advance(1);
    expect(setting.sweeps).toEqual([[1700, 'a']]);
  });

  it('has all jobs read when one is due, as a list shows them all', () => {
    setting.add('a');
    setting.advance(900);
    setting.add('b');
    setting.advance(1100);
    expect(setting.sweeps).toEqual([
      [1000, 'a', 'b'],
      [2000, 'a', 'b'],
    ]);
  });

  it('has jobs that no list shows read apart and less often, and no other job for it', () => {
    setting.rate = { lists: 50, gets: 2 };
    for (const id of ['a', 'b', 'c']) setting.add(id, { isGot: true });
    setting.add('listed');
    setting.advance(13_000);
    const of = (id: string) => setting.sweeps.filter((sweep) => sweep.includes(id)).map(([at]) => at);
    // Half a call a second for three of them.
    for (const id of ['a', 'b', 'c']) expect(of(id)).toEqual([5000, 10_000]);
    expect(of('listed').length).toBe(13);
  });

  it('has jobs that are read apart join a sweep within a quarter of their interval', () => {
    setting.rate = SLOW;
    const ids = ['a', 'within', 'beyond'];
    for (const id of ids) {
      setting.add(id, { isGot: true });
      setting.advance(2000);
    }
    // Three gets take 12 s of the share.
    setting.advance(8000);
    expect(setting.sweeps).toEqual([[12_000, 'a', 'within']]);
    setting.advance(4000);
    expect(setting.sweeps[1]).toEqual([16_000, 'beyond']);
  });

  it.for([
    [1, 1, 2000],
    [2, 1, 2000],
    [20, 1, 2000],
    [1, 50, 1000],
    [2, 50, 2000],
    [20, 50, 2000],
  ] as const)(
    'after %i failures, at %i calls a second, pauses a job for %i ms',
    ([failures, lists, pauseMs]) => {
      setting.rate = { lists, gets: 50 };
      setting.schedule.tookPages(1, true);
      setting.add('a', { failures });
      setting.advance(pauseMs - 1);
      expect(setting.sweeps).toEqual([]);
      setting.advance(1);
      expect(setting.sweeps).toEqual([[pauseMs, 'a']]);
    },
  );

  it('never pauses for longer than 2 s while reads fail', () => {
    setting.read = (job) => ({ ...job, failures: job.failures + 1 });
    setting.add('a', { entry: undefined, failures: 1 });
    setting.advance(60_000);
    const times = setting.sweeps.map(([at]) => at);
    expect(times.slice(0, 3)).toEqual([1000, 3000, 5000]);
    expect(times.at(-1)).toBeGreaterThan(58_000);
    for (const [index, at] of times.entries()) expect(at - (times[index - 1] ?? 0)).toBeLessThanOrEqual(2000);
  });

  it.for([
    ['a finished job', jobWith({ id: 'a', status: 'SUCCESS' }), 0],
    ['a failed job', jobWith({ id: 'a', status: 'FAIL' }), 0],
    ['an unknown id', null, 0],
    ['a finished job whose read failed', jobWith({ id: 'a', status: 'SUCCESS' }), 3],
    ['an unknown id whose read failed', null, 3],
  ] as const)('never has %s read, not even beside others', ([, state, failures]) => {
    const unread = {
      entry: undefined,
      wantsDetail: false,
      isInFlight: false,
      swept: undefined,
      isGot: false,
    };
    setting.schedule.set({ ...setting.found({ id: 'a', failures, ...unread }, state), failures });
    expect(setting.timers).toBe(0);
    setting.add('other');
    setting.advance(60_000);
    expect(setting.sweeps.length).toBeGreaterThan(50);
    expect(setting.sweeps.flat()).not.toContain('a');
  });

  it('has a job no longer read once it has finished', () => {
    setting.read = (job) => setting.found(job, jobWith({ id: job.id, status: 'SUCCESS' }));
    setting.add('a');
    setting.advance(60_000);
    expect([setting.sweeps, setting.timers]).toEqual([[[1000, 'a']], 0]);
  });

  it('leaves a job that was never read to whoever reads it first', () => {
    setting.add('a', { entry: undefined });
    expect(setting.timers).toBe(0);
  });

  it('has one timer for all jobs, and none without a job', () => {
    expect(setting.timers).toBe(0);
    for (const id of ['a', 'b', 'c']) setting.add(id);
    setting.add('d');
    expect(setting.timers).toBe(1);
    for (const id of ['a', 'b', 'c']) setting.schedule.delete(id);
    expect(setting.timers).toBe(1);
    setting.schedule.delete('d');
    expect(setting.timers).toBe(0);
    setting.schedule.delete('d');
    setting.advance(60_000);
    expect([setting.sweeps, setting.timers]).toEqual([[], 0]);
  });
});
