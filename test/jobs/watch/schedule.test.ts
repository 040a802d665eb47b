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

/** A schedule on a clock that only the test moves. Jobs that are due are read at once, in `read`. */
class Setting {
  now = START;
  random = 0;
  readonly sweeps: Sweep[] = [];
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
    validatedAt: (id) => this.validatedAt.get(id) ?? 0,
    onDue: (jobs) => {
      this.sweeps.push([this.now - START, ...jobs.map(({ id }) => id)]);
      for (const job of jobs) this.schedule.set(this.read(job));
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

  /** The job as a read that begins now finds it. */
  found(job: ScheduledJob, state: PackageJob | null): ScheduledJob {
    this.validatedAt.set(job.id, this.now);
    return { ...job, entry: this.#entry(state), failures: 0 };
  }

  /** Schedules a job that was read just now and is read at this interval. */
  add(id: string, intervalMs: number, members: Partial<ScheduledJob> = {}): ScheduledJob {
    this.validatedAt.set(id, this.now);
    const job = {
      id,
      entry: this.#entry(unfinished(id, intervalMs)),
      failures: 0,
      wantsDetail: false,
      isInFlight: false,
      ...members,
    };
    this.schedule.set(job);
    return job;
  }

  #entry(job: PackageJob | null): JobEntry {
    return { job, observedAt: this.now, validatedAt: this.now, lastGetAt: this.now };
  }
}

/** A job whose age asks for this interval: its tenth. */
function unfinished(id: string, intervalMs: number): PackageJob {
  const createTime = new Date(START - 10 * intervalMs).toISOString();
  return jobWith({ id, createTime, observedAt: new Date(START).toISOString() });
}

describe('a schedule', () => {
  let setting: Setting;
  beforeEach(() => {
    setting = new Setting();
  });

  it('has a job read at its interval, again and again', () => {
    setting.add('a', 4000);
    setting.advance(12_500);
    expect(setting.sweeps).toEqual([
      [4000, 'a'],
      [8000, 'a'],
      [12_000, 'a'],
    ]);
  });

  it('shortens an interval by a tenth at most', () => {
    setting.random = 1;
    setting.add('a', 4000);
    setting.advance(8000);
    expect(setting.sweeps).toEqual([
      [4000, 'a'],
      [7600, 'a'],
    ]);
  });

  it('takes no job in flight for due, and has it read once it has landed', () => {
    setting.add('b', 1000, { isInFlight: true });
    setting.add('a', 2000);
    setting.advance(2500);
    expect(setting.sweeps).toEqual([[2000, 'a']]);
    setting.add('b', 1000);
    setting.advance(1000);
    expect(setting.sweeps[1]).toEqual([3500, 'b', 'a']);
  });

  it('puts the next read off by a read of somebody else', () => {
    setting.add('a', 4000);
    setting.advance(3000);
    setting.validatedAt.set('a', setting.now);
    setting.advance(3999);
    expect(setting.sweeps).toEqual([]);
    setting.advance(1);
    expect(setting.sweeps).toEqual([[7000, 'a']]);
  });

  it('has jobs read together that are due within a quarter of their interval', () => {
    setting.add('a', 4000);
    setting.advance(1000);
    setting.add('within', 4000);
    setting.advance(1);
    setting.add('beyond', 4000);
    setting.advance(3000);
    expect(setting.sweeps).toEqual([[4000, 'a', 'within']]);
    setting.advance(1000);
    expect(setting.sweeps[1]).toEqual([5001, 'beyond']);
  });

  it.for([
    [1, 4000, 2000],
    [2, 4000, 2000],
    [20, 4000, 2000],
    [20, 15_000, 2000],
    [1, 1000, 1000],
    [2, 1000, 2000],
    [20, 1000, 2000],
  ] as const)(
    'after %i failures pauses a job of the interval %i for %i ms',
    ([failures, intervalMs, pauseMs]) => {
      setting.add('a', intervalMs, { failures });
      setting.advance(pauseMs - 1);
      expect(setting.sweeps).toEqual([]);
      setting.advance(1);
      expect(setting.sweeps).toEqual([[pauseMs, 'a']]);
    },
  );

  it('never pauses for longer than 2 s while reads fail', () => {
    setting.read = (job) => ({ ...job, failures: job.failures + 1 });
    setting.add('a', 1000, { entry: undefined, failures: 1 });
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
    setting.schedule.set({
      ...setting.found({ id: 'a', entry: undefined, failures, wantsDetail: false, isInFlight: false }, state),
      failures,
    });
    expect(setting.timers).toBe(0);
    setting.add('other', 1000);
    setting.advance(60_000);
    expect(setting.sweeps.length).toBeGreaterThan(50);
    expect(setting.sweeps.flat()).not.toContain('a');
  });

  it('has a job no longer read once it has finished', () => {
    setting.read = (job) => setting.found(job, jobWith({ id: job.id, status: 'SUCCESS' }));
    setting.add('a', 1000);
    setting.advance(60_000);
    expect([setting.sweeps, setting.timers]).toEqual([[[1000, 'a']], 0]);
  });

  it('leaves a job that was never read to whoever reads it first', () => {
    setting.add('a', 1000, { entry: undefined });
    expect(setting.timers).toBe(0);
  });

  it('has one timer for all jobs, and none without a job', () => {
    expect(setting.timers).toBe(0);
    for (const id of ['a', 'b', 'c']) setting.add(id, 4000);
    setting.add('d', 1000);
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
