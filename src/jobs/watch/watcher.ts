import { abort } from '../../abort.ts';
import { BOUNDS } from '../../bounds.ts';
import { ClientShares } from '../../client-shares.ts';
import { IceError } from '../../ice/errors.ts';
import { OverloadedError, RateLimitedError } from '../errors.ts';
import type { JobsEmitter } from '../events.ts';
import { MAX_JOBS } from '../input.ts';
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

/** The most listeners that are told in one turn of the event loop. What follows from it takes some milliseconds. */
const MAX_TOLD_AT_ONCE = 100;

interface Listener {
  readonly client: string;
  /** The state that it was last told, or that it began with. */
  told: JobEntry | undefined;
}

interface WatchedJob {
  readonly id: string;
  readonly listeners: Map<JobListener, Listener>;
  /** How many of the listeners each client has. */
  readonly listenersOf: Map<string, number>;
  /** The latest state. */
  entry: JobEntry | undefined;
  /** The latest state that listeners are told. It says the same as `entry`. */
  toTell: JobEntry | undefined;
  /** Whether some listeners are still to be told, in later turns of the event loop. */
  isTelling: boolean;
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
  readonly #listeners = new ClientShares(BOUNDS.listeners.max);
  /** The jobs that each client listens to. */
  readonly #jobsOf: ClientShares;

  constructor(options: JobWatcherOptions) {
    const { store, pollInterval, maxJobs, now, setTimer = setUnrefTimer, random = Math.random } = options;
    this.#jobsOf = new ClientShares(maxJobsOfClient(maxJobs));
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
   * Begins to tell a listener of a job. `context` says for which client, and is for the first read of a job that nobody
   * watched.
   *
   * @throws {RateLimitedError} when the client has too many listeners, or listens to too many jobs
   * @throws {OverloadedError} when all clients together have
   */
  listen(id: string, listener: JobListener, context: ReadContext): Listening {
    const { client } = context;
    this.#admit(this.#jobs.get(id), client);
    const job = this.#jobs.get(id) ?? this.#add(id, context);
    this.#count(job, client, 1);
    job.listeners.set(listener, { client, told: job.toTell });
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

  /** Throws unless the client may have one more listener of this job. `undefined` is a job that nobody watches. */
  #admit(job: WatchedJob | undefined, client: string): void {
    const { maxJobs } = this.#options;
    if (!this.#listeners.allows(client)) {
      throw new RateLimitedError('listeners', `A client may have ${String(this.#listeners.max)} listeners`);
    }
    if (job?.listenersOf.has(client) !== true && !this.#jobsOf.allows(client)) {
      throw new RateLimitedError('watchedJobs', `A client may watch ${String(this.#jobsOf.max)} jobs`);
    }
    if (this.#listeners.total >= BOUNDS.allListeners.max) {
      throw new OverloadedError('The gateway has too many listeners');
    }
    if (job === undefined && this.#jobs.size >= maxJobs) {
      throw new OverloadedError(`The gateway already watches ${String(maxJobs)} jobs`);
    }
  }

  /** Counts a listener in or out. */
  #count({ listenersOf }: WatchedJob, client: string, change: 1 | -1): void {
    this.#listeners.add(client, change);
    const before = listenersOf.get(client) ?? 0;
    const after = before + change;
    if (after === 0) listenersOf.delete(client);
    else listenersOf.set(client, after);
    if (before === 0 || after === 0) this.#jobsOf.add(client, change);
  }

  #add(id: string, context: ReadContext): WatchedJob {
    const { store } = this.#options;
    const entry = store.getFresh(id, context);
    const job: WatchedJob = {
      id,
      entry,
      toTell: entry,
      isTelling: false,
      listeners: new Map(),
      listenersOf: new Map(),
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
    const known = job.listeners.get(listener);
    if (known === undefined) return;
    job.listeners.delete(listener);
    this.#count(job, known.client, -1);
    if (job.listeners.size > 0) return;
    this.#jobs.delete(job.id);
    this.#schedule.delete(job.id);
    if (job.reading !== undefined) abort(job.reading);
  }

  /** Passes a state on, if it is later than the last one that was passed on. */
  #pass(job: WatchedJob, entry: JobEntry): void {
    const last = job.entry;
    // A state that the store had evicted may come back as an earlier one.
    if (last !== undefined && !supersedes(entry, last)) return;
    job.entry = entry;
    if (last !== undefined && isUnchangedSummary(last.job, entry.job)) return;
    job.toTell = entry;
    if (!job.isTelling) this.#tell(job);
  }

  /**
   * Tells all listeners the latest state, some in each turn of the event loop. A listener that is told later than others is
   * told of no state in between.
   */
  #tell(job: WatchedJob, left: Iterator<[JobListener, Listener]> = job.listeners.entries()): void {
    const { toTell } = job;
    if (toTell === undefined) return;
    for (let told = 0; told < MAX_TOLD_AT_ONCE; told += 1) {
      const next = left.next();
      if (next.done === true) {
        job.isTelling = false;
        return;
      }
      const [listener, known] = next.value;
      if (known.told === toTell) continue;
      known.told = toTell;
      listener.onState(toTell.job);
    }
    job.isTelling = true;
    // Those that were told before are told again when there is a later state by now.
    setImmediate(() => (job.toTell === toTell ? this.#tell(job, left) : this.#tell(job)));
  }

  async #read(job: WatchedJob, read: (signal: AbortSignal) => Promise<JobEntry>): Promise<void> {
    const controller = new AbortController();
    job.reading = controller;
    const cancelTimer = this.#setTimer(() => abort(controller), this.#options.readTimeoutMs);
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
    for (const listener of job.listeners.keys()) {
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

/** The bound, and no more than a tenth of all. But a client may always listen to the jobs of one operation. */
function maxJobsOfClient(maxJobs: number): number {
  return Math.min(BOUNDS.watchedJobs.max, Math.max(MAX_JOBS, Math.floor(maxJobs / 10)));
}
