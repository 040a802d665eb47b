import { IceError } from '../../ice/errors.ts';
import { OverloadedError } from '../errors.ts';
import type { JobsEmitter } from '../events.ts';
import type { PackageJob, PollInterval } from '../model.ts';
import { isUnchangedSummary, supersedes, type JobEntry } from '../store/entry.ts';
import type { JobStore, ReadContext } from '../store/store.ts';
import { Schedule } from './schedule.ts';
import { setUnrefTimer, type SetTimer } from './timer.ts';

/** Who is told of a job. */
export interface JobListener {
  /** Is called with each later state than the last. `null`: ICE does not know the id. */
  readonly onState: (job: PackageJob | null) => void;
  /**
   * Is called in place of a first state when asking again would not help: ICE refuses to give one, or the gateway has a
   * fault. It ends the listening.
   */
  readonly onFailure: (error: unknown) => void;
}

/** One listener of one job. */
export interface Listening {
  /** The state when the listening began, if it was known. `onState` gets later states only. */
  readonly entry: JobEntry | undefined;
  /** Ends it. The last listener of a job ends its polling. */
  readonly stop: () => void;
}

export interface JobWatcherOptions {
  readonly store: Pick<JobStore, 'getFresh' | 'get' | 'refresh' | 'peek' | 'onChange'>;
  /** The bounds of the interval at which a job is read. */
  readonly pollInterval: PollInterval;
  /** Limit of one read of one job, in milliseconds. */
  readonly readTimeoutMs: number;
  /** The most jobs watched at once. */
  readonly maxJobs: number;
  readonly now: () => number;
  /** @default a timer that does not keep the process alive */
  readonly setTimer?: SetTimer;
  /** 0 to 1. @default Math.random */
  readonly random?: () => number;
  readonly events: JobsEmitter;
}

/** The most listeners at once, of all jobs. */
const MAX_LISTENERS = 500_000;

interface WatchedJob {
  readonly id: string;
  readonly listeners: Set<JobListener>;
  /** The state that was last passed on. */
  entry: JobEntry | undefined;
  /** How many reads have failed since one succeeded. */
  failures: number;
  /** Ends the read in flight. */
  reading: AbortController | undefined;
  readonly isInFlight: boolean;
}

/**
 * Watches jobs for everybody. There is one entry for each job, however many listen. Jobs that are due are read together, so
 * that one list can serve up to 100 of them. Every state that the store gets, whoever read it, is passed on. While ICE
 * fails, listeners stay and are told nothing.
 */
export class JobWatcher {
  readonly #options: JobWatcherOptions;
  readonly #setTimer: SetTimer;
  readonly #jobs = new Map<string, WatchedJob>();
  readonly #schedule: Schedule<WatchedJob>;
  /** The reads of all sweeps take turns as one in the call budget. */
  readonly #turnKey = {};
  #listeners = 0;

  constructor(options: JobWatcherOptions) {
    const { store, pollInterval, now, setTimer = setUnrefTimer, random = Math.random } = options;
    this.#options = options;
    this.#setTimer = setTimer;
    this.#schedule = new Schedule({
      pollInterval,
      validatedAt: (id) => store.peek(id)?.validatedAt ?? 0,
      onDue: (jobs) => this.#sweep(jobs),
      now,
      setTimer,
      random,
    });
    store.onChange(({ id, entry }) => {
      const job = this.#jobs.get(id);
      if (job !== undefined) this.#pass(job, entry);
    });
  }

  /** How many jobs are watched. */
  get size(): number {
    return this.#jobs.size;
  }

  /**
   * Begins to tell a listener of a job. `context` is for the first read of a job that nobody watched.
   *
   * @throws {OverloadedError} when too many jobs are watched, or there are too many listeners
   */
  listen(id: string, listener: JobListener, context: ReadContext): Listening {
    if (this.#listeners >= MAX_LISTENERS) throw new OverloadedError('The gateway has too many listeners');
    const job = this.#jobs.get(id) ?? this.#add(id, context);
    job.listeners.add(listener);
    this.#listeners += 1;
    if (job.entry === undefined && !job.isInFlight && job.failures === 0) {
      void this.#read(job, (signal) => this.#options.store.get(id, { ...context, signal }));
    }
    return { entry: job.entry, stop: () => this.#remove(job, listener) };
  }

  isWatched(id: string): boolean {
    return this.#jobs.has(id);
  }

  /** See {@link Schedule.pollAfterMs}. */
  pollAfterMs(job: PackageJob): number | null {
    return this.#schedule.pollAfterMs(job);
  }

  #add(id: string, context: ReadContext): WatchedJob {
    const { maxJobs, store } = this.#options;
    if (this.#jobs.size >= maxJobs) {
      throw new OverloadedError(`The gateway already watches ${String(maxJobs)} jobs`);
    }
    const job: WatchedJob = {
      id,
      entry: store.getFresh(id, context),
      listeners: new Set(),
      failures: 0,
      reading: undefined,
      get isInFlight() {
        return this.reading !== undefined;
      },
    };
    this.#jobs.set(id, job);
    this.#schedule.set(job);
    return job;
  }

  #remove(job: WatchedJob, listener: JobListener): void {
    if (!job.listeners.delete(listener)) return;
    this.#listeners -= 1;
    if (job.listeners.size > 0) return;
    this.#jobs.delete(job.id);
    this.#schedule.delete(job.id);
    job.reading?.abort();
  }

  /** Passes a state on, if it is later than the last one that was passed on. */
  #pass(job: WatchedJob, entry: JobEntry): void {
    const last = job.entry;
    // A state that the store had evicted may come back as an earlier one.
    if (last !== undefined && !supersedes(entry, last)) return;
    job.entry = entry;
    if (last !== undefined && isUnchangedSummary(last.job, entry.job)) return;
    for (const listener of job.listeners) listener.onState(entry.job);
  }

  async #read(job: WatchedJob, read: (signal: AbortSignal) => Promise<JobEntry>): Promise<void> {
    const controller = new AbortController();
    job.reading = controller;
    const cancelTimer = this.#setTimer(() => controller.abort(), this.#options.readTimeoutMs);
    try {
      const entry = await read(controller.signal);
      job.failures = 0;
      // The store has passed on any later state already.
      if (job.entry === undefined) this.#pass(job, entry);
    } catch (error) {
      job.failures += 1;
      this.#fail(job, error);
    } finally {
      cancelTimer();
      job.reading = undefined;
      if (this.#jobs.get(job.id) === job) this.#schedule.set(job);
    }
  }

  /** Tells only those that wait for a first state, when none will come. */
  #fail(job: WatchedJob, error: unknown): void {
    if (!(error instanceof IceError)) this.#options.events.emit('unexpectedError', error, 'watcher');
    else if (error.retryable) return;
    if (job.entry !== undefined) return;
    for (const listener of job.listeners) {
      this.#remove(job, listener);
      listener.onFailure(error);
    }
  }

  #sweep(jobs: readonly WatchedJob[]): void {
    const { store, events } = this.#options;
    const sweep = { jobs: jobs.length };
    events.emit('sweepStart', sweep);
    const context = {
      client: '',
      turnKey: this.#turnKey,
      onCall: () => undefined,
      onCacheStatus: () => undefined,
    };
    const reads = jobs.map((job) =>
      this.#read(job, (signal) => store.refresh(job.id, { ...context, signal })),
    );
    void Promise.all(reads).then(() => events.emit('sweepEnd', sweep));
  }
}
