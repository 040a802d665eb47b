import { beforeEach, describe, expect, it } from 'vitest';
import type { PackageJob } from '../../../src/jobs/model.ts';
import { Schedule, type ScheduledJob } from '../../../src/jobs/watch/schedule.ts';
import type { JobEntry } from '../../../src/jobs/store/entry.ts';
import type { SetTimer } from '../../../src/jobs/watch/timer.ts';
import { jobWith } from '../../support/job.ts';

const START = Date.UTC(2026, 0, 1);
const POLL_INTERVAL = { minMs: 1000, maxMs: 15_000 };

/** A sweep: when it was, since the start, and which jobs were due. */
type Sweep = readonly [afterMs: number, ...ids: string[]];

/** With this rate a page, or a get of each job, costs 4 s of the share. */
const SLOW = { lists: 1, gets: 1 };

/** A schedule on a clock that only the test moves. Jobs that are due are read at once, in `read`. */
class Setting {
  now = START;
  random = 0;
  rate = { lists: 50, gets: 50 };
  /** The pages that each sweep of all jobs takes. */
  pages = 0;
  readonly sweeps: Sweep[] = [];
  /** When ends were looked for, since the start, in how many pages at most. */
  readonly looks: (readonly [afterMs: number, maxPages: number])[] = [];
  readonly validatedAt = new Map<string, number>();
  /** What happens to a job that is due. @default it is read, and found as it was */
  read: (job: ScheduledJob) => ScheduledJob = (job) => this.found(job, job.entry?.job ?? null);
  readonly #timers = new Set<{ readonly at: number; readonly run: () => void }>();
  readonly #setTimer: SetTimer = (run, afterMs) => {
    const timer = { at: this.now + afterMs, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };
  readonly schedule = new Schedule<ScheduledJob>({
    pollInterval: POLL_INTERVAL,
    share: 0.25,
    callsPerSecond: () => this.rate,
    validatedAt: (id) => this.validatedAt.get(id) ?? 0,
    onDue: (jobs, isWhole) => {
      this.sweeps.push([this.now - START, ...jobs.map(({ id }) => id)]);
      this.schedule.tookPages(this.pages, isWhole);
      for (const job of jobs) this.schedule.set(this.read(job));
    },
    onLook: (_jobs, maxPages) => {
      this.looks.push([this.now - START, maxPages]);
      this.schedule.looked(2);
    },
    now: () => this.now,
    setTimer: this.#setTimer,
    random: () => this.random,
  });

  get timers(): number {
    return this.#timers.size;
  }

  /** Lets time pass, with all that happens in it. */
  advance(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const [next] = [...this.#timers].toSorted((a, b) => a.at - b.at);
      if (next === undefined || next.at > until) break;
      this.now = next.at;
      this.#timers.delete(next);
      next.run();
    }
    this.now = until;
  }

  /** The job as a read that begins now finds it, for a sweep of this length. */
  found(job: ScheduledJob, state: PackageJob | null, tookMs = 0): ScheduledJob {
    this.validatedAt.set(job.id, this.now + tookMs);
    const swept = { start: this.now, end: this.now + tookMs };
    return { ...job, entry: this.#entry(state), failures: 0, swept };
  }

  /** Schedules a job that was read just now. */
  add(id: string, members: Partial<ScheduledJob> = {}): ScheduledJob {
    this.validatedAt.set(id, this.now);
    const job = {
      id,
      entry: this.#entry(jobWith({ id })),
      failures: 0,
      wantsDetail: false,
      isInFlight: false,
      swept: undefined,
      isGot: false,
      ...members,
    };
    this.schedule.set(job);
    return job;
  }

  #entry(job: PackageJob | null): JobEntry {
    return { job, observedAt: this.now, validatedAt: this.now, lastGetAt: this.now };
  }
}

describe('a schedule', () => {
  let setting: Setting;
  beforeEach(() => {
    setting = new Setting();
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

  /** Adds jobs, `inFlight` of which are being read until the returned function is called. */
  function addInFlight(landed: number, inFlight: number): () => void {
    const flight = { isOver: false };
    for (let index = 0; index < landed; index += 1) setting.add(`landed ${String(index)}`);
    const flying = Array.from({ length: inFlight }, (_, index) => {
      const job = setting.add(`flying ${String(index)}`);
      return Object.defineProperty({ ...job }, 'isInFlight', { get: () => !flight.isOver });
    });
    for (const job of flying) setting.schedule.set(job);
    return () => {
      flight.isOver = true;
      for (const job of flying) setting.schedule.set(job);
    };
  }

  it('has those that are due wait for most of the others, so that all are read together again', () => {
    const land = addInFlight(50, 101);
    setting.advance(5000);
    expect(setting.sweeps).toEqual([]);
    land();
    setting.advance(250);
    expect(setting.sweeps.map((sweep) => sweep.length - 1)).toEqual([151]);
  });

  it.for([
    [2, 100],
    [101, 101],
    [1000, 300],
  ] as const)('has %i that are due not wait for %i others', ([landed, inFlight]) => {
    addInFlight(landed, inFlight);
    setting.advance(1000);
    expect(setting.sweeps.map((sweep) => sweep.length - 1)).toEqual([landed]);
  });

  it('takes a sweep of a part for one that takes no more pages than one of all', () => {
    setting.schedule.tookPages(25, true);
    setting.schedule.tookPages(2, false);
    for (let index = 0; index < 30; index += 1) setting.add(String(index));
    setting.advance(1999);
    expect(setting.sweeps).toEqual([]);
    setting.schedule.tookPages(2, true);
    setting.schedule.set(setting.add('a'));
    setting.advance(1000);
    expect(setting.sweeps).toHaveLength(1);
  });

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
