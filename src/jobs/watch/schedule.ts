import { pollAfterMs, type PackageJob, type PollInterval } from '../model.ts';
import type { JobEntry } from '../store/entry.ts';
import type { SetTimer } from './timer.ts';

/** By how much an interval is shortened at most, so that gateways fall out of step with each other. */
const JITTER = 0.1;

/** A job joins a sweep when it is due within this part of its interval. Jobs that are due together cost fewer calls. */
const SHARE = 0.25;

/** The longest pause after failed reads, in milliseconds. An open circuit breaker makes them cost nothing. */
const MAX_PAUSE_MS = 2000;

/** What the schedule goes by. */
export interface ScheduledJob {
  readonly id: string;
  /** The latest known state. `undefined` is before the first read. */
  readonly entry: JobEntry | undefined;
  /** How many reads have failed since one succeeded. */
  readonly failures: number;
  /** Whether the job is read on although it has finished, as its state is not whole. */
  readonly wantsDetail: boolean;
  /** A job in flight is not due. It is scheduled again after that. */
  readonly isInFlight: boolean;
}

export interface ScheduleOptions<Job extends ScheduledJob> {
  readonly pollInterval: PollInterval;
  /** When anybody last read the job, in milliseconds since 1970. 0 is never. */
  readonly validatedAt: (id: string) => number;
  /** Reads the jobs that are due. All are given in one turn of the event loop, so that they are planned together. */
  readonly onDue: (jobs: readonly Job[]) => void;
  readonly now: () => number;
  readonly setTimer: SetTimer;
  /** 0 to 1. */
  readonly random: () => number;
}

/**
 * When jobs are read next. A read by anybody puts the next read of a job off. Jobs that are due at about the same time are
 * due together. One timer serves all jobs. It runs only while there are jobs.
 */
export class Schedule<Job extends ScheduledJob> {
  readonly #options: ScheduleOptions<Job>;
  readonly #jobs = new Map<string, { readonly job: Job; dueAt: number }>();
  #jitter = 0;
  #sweptAt = Number.NEGATIVE_INFINITY;
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;

  constructor(options: ScheduleOptions<Job>) {
    this.#options = options;
  }

  /** Schedules the next read of a job by its present state. */
  set(job: Job): void {
    const dueAt = this.#dueAt(job);
    this.#jobs.set(job.id, { job, dueAt });
    this.#wakeAt(dueAt);
  }

  delete(id: string): void {
    this.#jobs.delete(id);
    if (this.#jobs.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /**
   * Milliseconds until another read of the job can be worth its cost: until its next read, when it is scheduled. It is
   * `null` once the job has finished.
   */
  pollAfterMs(job: PackageJob): number | null {
    const { pollInterval, now } = this.#options;
    const interval = pollAfterMs(job, pollInterval);
    const dueAt = this.#jobs.get(job.id)?.dueAt;
    if (interval === null || dueAt === undefined || dueAt === Infinity) return interval;
    return Math.min(pollInterval.maxMs, Math.max(pollInterval.minMs, Math.ceil(dueAt - now())));
  }

  /** In milliseconds since 1970. It is infinite when the job is not to be read. */
  #dueAt({ id, entry, failures, wantsDetail }: Job): number {
    const { pollInterval, now, validatedAt, random } = this.#options;
    if (entry === undefined && failures === 0) return Infinity;
    const interval = entry?.job ? intervalOf(entry.job, pollInterval, wantsDetail) : pollInterval.minMs;
    if (entry?.job === null || interval === null) return Infinity;
    if (failures > 0) {
      const pauseMs = Math.min(MAX_PAUSE_MS, pollInterval.minMs * 2 ** Math.min(failures - 1, 10));
      return now() + Math.max(Math.min(interval, MAX_PAUSE_MS), pauseMs) * (1 - JITTER * random());
    }
    // A clock that was set back must not put the next read off.
    const since = Math.min(now(), Math.max(validatedAt(id), entry?.observedAt ?? 0));
    return since + interval * (1 - JITTER * this.#jitter);
  }

  #wakeAt(dueAt: number): void {
    if (dueAt === Infinity || this.#jobs.size === 0) return;
    // Sweeps are never back to back, so that jobs that are due at about the same time are read together.
    const at = Math.max(dueAt, this.#sweptAt + this.#options.pollInterval.minMs * SHARE);
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    this.#timer?.cancel();
    const afterMs = Math.max(0, Math.ceil(at - this.#options.now()));
    this.#timer = { at, cancel: this.#options.setTimer(() => this.#sweep(), afterMs) };
  }

  #sweep(): void {
    const { now, pollInterval, random, onDue } = this.#options;
    const startedAt = now();
    this.#timer = undefined;
    this.#sweptAt = startedAt;
    this.#jitter = random();
    let nextAt = Infinity;
    const due: Job[] = [];
    for (const scheduled of this.#jobs.values()) {
      const { job } = scheduled;
      if (job.isInFlight) continue;
      // Somebody else may have read it since.
      if (job.failures === 0) scheduled.dueAt = this.#dueAt(job);
      const slackMs = SHARE * (job.entry?.job ? (pollAfterMs(job.entry.job, pollInterval) ?? 0) : 0);
      if (scheduled.dueAt - slackMs <= startedAt) due.push(job);
      else nextAt = Math.min(nextAt, scheduled.dueAt);
    }
    if (due.length > 0) onDue(due);
    this.#wakeAt(nextAt);
  }
}

/** Milliseconds between two reads. It is `null` when the job is not read any more. */
function intervalOf(job: PackageJob, pollInterval: PollInterval, wantsDetail: boolean): number | null {
  return pollAfterMs(job, pollInterval) ?? (wantsDetail ? pollInterval.minMs : null);
}
