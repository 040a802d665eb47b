import type { PackageJob } from '../../../../src/jobs/model.ts';
import { Schedule, type ScheduledJob } from '../../../../src/jobs/watch/schedule.ts';
import type { JobEntry } from '../../../../src/jobs/store/entry.ts';
import type { SetTimer } from '../../../../src/jobs/watch/timer.ts';
import { jobWith } from '../../../support/job.ts';

const START = Date.UTC(2026, 0, 1);
const POLL_INTERVAL = { minMs: 1000, maxMs: 15_000 };

/** A sweep: when it was, since the start, and which jobs were due. */
type Sweep = readonly [afterMs: number, ...ids: string[]];

/** A schedule on a clock that only the test moves. Jobs that are due are read at once, in `read`. */
export class ScheduleSetting {
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
