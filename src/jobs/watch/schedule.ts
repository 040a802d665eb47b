import { isFinished, pollAfterMs, type PackageJob } from '../model.ts';
import type { JobEntry } from '../store/entry.ts';
import { Rhythm, type RhythmOptions } from './rhythm.ts';
import type { SetTimer } from './timer.ts';

/** By how much an interval is shortened at most, so that gateways fall out of step with each other. */
const JITTER = 0.1;

/** A job that is read apart joins a sweep when it is due within this part of its interval. */
const SHARE = 0.25;

/** The longest pause after failed reads, in milliseconds. An open circuit breaker makes them cost nothing. */
const MAX_PAUSE_MS = 2000;

/** When the last sweep of a job was, in milliseconds since 1970. */
export interface SweptAt {
  readonly start: number;
  readonly end: number;
}

/**
 * When more jobs than this are being read together, those that have landed wait for them if they are fewer. Otherwise the jobs
 * would fall into groups, and each group would take its own pages.
 */
const MANY = 100;

/** A sweep of this part of the jobs says what a sweep of all takes. */
const NEARLY_ALL = 0.9;

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
  /** The last sweep that has read it. */
  readonly swept: SweptAt | undefined;
  /** Whether sweeps read it by GetPackageJob, as no list is worth its cost. */
  readonly isGot: boolean;
}

export interface ScheduleOptions<Job extends ScheduledJob> extends RhythmOptions {
  /** When anybody last read the job, in milliseconds since 1970. 0 is never. */
  readonly validatedAt: (id: string) => number;
  /**
   * Reads the jobs that are due. All are given in one turn of the event loop, so that they are planned together.
   *
   * @param isWhole whether nearly all jobs that are read together are among them
   */
  readonly onDue: (jobs: readonly Job[], isWhole: boolean) => void;
  /** Looks for ends of these jobs, in so many pages at most. They are read together, and it is not yet time for that. */
  readonly onLook: (jobs: readonly Job[], maxPages: number) => void;
  readonly now: () => number;
  readonly setTimer: SetTimer;
  /** 0 to 1. */
  readonly random: () => number;
}

interface Scheduled<Job> {
  readonly job: Job;
  dueAt: number;
}

/** What happens at one moment. */
interface Moment<Job> {
  /** The jobs that are read together. */
  readonly together: readonly Scheduled<Job>[];
  /** The jobs that are due apart. */
  readonly apart: readonly Job[];
  /** When the next one of the others is due. */
  readonly nextAt: number;
}

/**
 * When jobs are read next. All jobs that lists show are read in one sweep, as they cost the same pages however many of them are
 * due. How often follows from what it costs, see {@link Rhythm}. When that is less often than the shortest interval, ends are
 * looked for meanwhile. A read by anybody puts the next read of a job off. One timer
 * serves all jobs. It runs only while there are jobs.
 */
export class Schedule<Job extends ScheduledJob> {
  readonly #options: ScheduleOptions<Job>;
  readonly #rhythm: Rhythm;
  readonly #jobs = new Map<string, Scheduled<Job>>();
  /** The jobs that take a GetPackageJob each. */
  readonly #got = new Set<string>();
  #jitter = 0;
  #sweptAt = Number.NEGATIVE_INFINITY;
  /** When ends were last looked for, by a sweep or between two. */
  #lookedAt = Number.NEGATIVE_INFINITY;
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;

  constructor(options: ScheduleOptions<Job>) {
    this.#options = options;
    this.#rhythm = new Rhythm(options);
  }

  /**
   * Is told how many pages a sweep by lists took.
   *
   * @param isWhole whether it was of all jobs that are read together
   */
  tookPages(pages: number, isWhole: boolean): void {
    if (!isWhole && pages <= this.#rhythm.pages) return;
    this.#rhythm.pages = pages;
    if (this.#hasLooks) this.#wakeAt(this.#lookedAt + this.#options.pollInterval.minMs);
  }

  /** Is told how many pages the last look for ends took. */
  looked(pages: number): void {
    this.#rhythm.looked = pages;
  }

  /** Schedules the next read of a job by its present state. */
  set(job: Job): void {
    const scheduled = { job, dueAt: Infinity };
    this.#jobs.set(job.id, scheduled);
    if (job.isGot) this.#got.add(job.id);
    else this.#got.delete(job.id);
    this.#count();
    const dueAt = this.#dueAt(job);
    scheduled.dueAt = dueAt;
    this.#wakeAt(dueAt);
  }

  delete(id: string): void {
    this.#jobs.delete(id);
    this.#got.delete(id);
    this.#count();
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

  #count(): void {
    this.#rhythm.jobs = this.#jobs.size;
    this.#rhythm.gets = this.#got.size;
  }

  /** Whether the job is read at times of its own, as that is less often than a sweep by lists. */
  #isApart({ isGot, failures }: Job): boolean {
    return failures > 0 || (isGot && this.#rhythm.getMs > this.#rhythm.sweepMs);
  }

  /** Milliseconds between two reads. It is infinite when the job is not to be read. */
  #intervalMs(job: Job): number {
    const { entry, failures, wantsDetail } = job;
    if (entry === undefined) return failures > 0 ? this.#options.pollInterval.minMs : Infinity;
    if (entry.job === null) return Infinity;
    if (isFinished(entry.job)) return wantsDetail ? this.#options.pollInterval.minMs : Infinity;
    return job.isGot ? Math.max(this.#rhythm.getMs, this.#rhythm.sweepMs) : this.#rhythm.sweepMs;
  }

  /** In milliseconds since 1970. It is infinite when the job is not to be read. */
  #dueAt(job: Job): number {
    const { pollInterval, now, validatedAt, random } = this.#options;
    const { id, entry, failures, swept } = job;
    const interval = this.#intervalMs(job);
    if (interval === Infinity) return Infinity;
    if (failures > 0) {
      const pauseMs = Math.min(MAX_PAUSE_MS, pollInterval.minMs * 2 ** Math.min(failures - 1, 10));
      return now() + Math.max(Math.min(interval, MAX_PAUSE_MS), pauseMs) * (1 - JITTER * random());
    }
    const readAt = Math.max(validatedAt(id), entry?.observedAt ?? 0);
    // The pages of a sweep are read one after the other. All of its jobs are due at once again.
    const isReadBySweep = swept !== undefined && readAt <= swept.end && !this.#isApart(job);
    // A clock that was set back must not put the next read off.
    const since = Math.min(now(), isReadBySweep ? swept.start : readAt);
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
    const { now, random, onDue, onLook, pollInterval } = this.#options;
    const startedAt = now();
    this.#timer = undefined;
    this.#sweptAt = startedAt;
    this.#jitter = random();
    const { together, apart, nextAt } = this.#momentOf(startedAt);
    const landed = together.filter(({ job }) => !job.isInFlight);
    const inFlight = together.length - landed.length;
    const waits = inFlight > MANY && landed.length < inFlight;
    const firstAt = landed.reduce((first, { dueAt }) => Math.min(first, dueAt), Infinity);
    const isSweep = !waits && firstAt <= startedAt;
    const due = isSweep ? [...apart, ...landed.map(({ job }) => job)] : apart;
    if (due.length > 0) onDue(due, isSweep && landed.length >= NEARLY_ALL * together.length);
    this.#wakeAt(Math.min(nextAt, isSweep ? Infinity : firstAt));
    if (isSweep) this.#lookedAt = startedAt;
    if (!this.#hasLooks || together.length === 0) return;
    const lookAt = this.#lookedAt + pollInterval.minMs * (1 - JITTER * this.#jitter);
    if (!isSweep && lookAt <= startedAt) {
      onLook(
        together.map(({ job }) => job),
        this.#rhythm.lookPages,
      );
      this.#lookedAt = startedAt;
    }
    this.#wakeAt(this.#lookedAt + pollInterval.minMs);
  }

  /** Whether ends are looked for between sweeps. */
  get #hasLooks(): boolean {
    const { sweepMs, lookPages } = this.#rhythm;
    return sweepMs > this.#options.pollInterval.minMs && lookPages > 0;
  }

  #momentOf(at: number): Moment<Job> {
    const together: Scheduled<Job>[] = [];
    const apart: Job[] = [];
    let nextAt = Infinity;
    for (const scheduled of this.#jobs.values()) {
      const { job } = scheduled;
      // Somebody else may have read it since.
      if (job.failures === 0) scheduled.dueAt = this.#dueAt(job);
      if (scheduled.dueAt === Infinity) continue;
      if (!this.#isApart(job)) together.push(scheduled);
      else if (job.isInFlight) continue;
      else if (scheduled.dueAt - SHARE * this.#intervalMs(job) <= at) apart.push(job);
      else nextAt = Math.min(nextAt, scheduled.dueAt);
    }
    return { together, apart, nextAt };
  }
}
