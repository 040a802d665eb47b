import { abort } from '../../abort.ts';
import { NO_SCOPES, type Scopes } from '../../scopes.ts';
import { ClientShares } from '../../client-shares.ts';
import { IceError } from '../../ice/errors.ts';
import { OverloadedError, RateLimitedError } from '../errors.ts';
import type { CacheStatus, JobsEmitter, ListLook } from '../events.ts';
import type { CallRecord } from '../../ice/client.ts';
import { isFinished, pollAfterMs, type PackageJob, type PollInterval } from '../model.ts';
import { hasDetail, type Detail, type JobEntry } from '../store/entry.ts';
import type { JobStore, ReadContext } from '../store/store.ts';
import { windowOf, type LookForEnds } from './ends.ts';
import { countOne, ListenerCounts, maxJobsOfClient } from './listener-counts.ts';
import type { CallRate } from './rhythm.ts';
import { Schedule } from './schedule.ts';
import { setUnrefTimer, type SetTimer } from './timer.ts';
import { isTemporary } from './temporary.ts';
import { WatchedJob, type FirstRead, type JobListener, type SweepCost } from './watched-job.ts';

export type { JobListener } from './watched-job.ts';

/** One listener of one job. */
export interface Listening {
  /** The state when the listening began, if a fresh one was known. `onState` gets later states only. */
  readonly entry: JobEntry | undefined;
  /** Ends it. The last listener of a job ends its polling. */
  readonly stop: () => void;
}

export interface JobWatcherOptions {
  readonly store: Pick<JobStore, 'getFresh' | 'get' | 'refresh' | 'peek' | 'freshForMs' | 'onChange'>;
  /** The bounds of the interval at which a job is read. */
  readonly pollInterval: PollInterval;
  /** The most of the rate that sweeps take before they are made less often. 0 to 1. */
  readonly share: number;
  /** The rate that ICE grants at this moment. */
  readonly callsPerSecond: () => CallRate;
  readonly lookForEnds: LookForEnds;
  /** The longest that an unfinished job is served without asking ICE, in milliseconds. */
  readonly maxAgeMs: number;
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
  /** @default {@link NO_SCOPES} */
  readonly scopes?: Scopes | undefined;
}

/** How much later than it was due a sweep usually has read a job, in milliseconds. */
const SWEEP_MS = 500;

/**
 * Watches jobs for everybody. There is one entry for each job, however many listen. Jobs that are due are read together, so
 * that one list can serve up to 100 of them. Every state that the store gets, whoever read it, is passed on. While ICE
 * fails, listeners stay and are told nothing.
 *
 * The first state that a listener is told is as fresh as the store would serve it at that time. What the watcher remembers
 * is never a first state by itself. It only keeps listeners from going back to an earlier state.
 */
export class JobWatcher {
  readonly #options: JobWatcherOptions;
  readonly #setTimer: SetTimer;
  readonly #scopes: Scopes;
  readonly #jobs = new Map<string, WatchedJob>();
  readonly #schedule: Schedule<WatchedJob>;
  /** The reads of all sweeps take turns as one in the call budget. */
  readonly #turnKey = {};
  #isLooking = false;
  readonly #listeners = new ListenerCounts();
  /** The jobs that each client listens to. */
  readonly #jobsOf: ClientShares;

  constructor(options: JobWatcherOptions) {
    const {
      store,
      pollInterval,
      share,
      callsPerSecond,
      maxJobs,
      now,
      setTimer = setUnrefTimer,
      random = Math.random,
    } = options;
    this.#jobsOf = new ClientShares(maxJobsOfClient(maxJobs));
    this.#options = options;
    this.#setTimer = setTimer;
    this.#scopes = options.scopes ?? NO_SCOPES;
    this.#schedule = new Schedule({
      pollInterval,
      share,
      callsPerSecond,
      validatedAt: (id) => store.peek(id)?.validatedAt ?? 0,
      onDue: (jobs, isWhole) => this.#scopes.own(() => this.#sweep(jobs, isWhole)),
      onLook: (jobs, maxPages) => this.#scopes.own(() => void this.#look(jobs, maxPages)),
      now,
      setTimer,
      random,
    });
    store.onChange(({ id, entry }) => {
      const job = this.#jobs.get(id);
      if (job !== undefined) this.#follow(job, () => job.pass(entry));
    });
  }

  /** How many listeners there are, one for each job that somebody listens to. */
  get listeners(): number {
    return this.#listeners.total;
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
  listen(id: string, listener: JobListener, context: ReadContext, detail: Detail = 'summary'): Listening {
    const { client } = context;
    this.#admit(this.#jobs.get(id), client);
    const job = this.#jobs.get(id) ?? this.#add(id);
    const entry = this.#latestFresh(job, context, detail);
    this.#count(job, client, 1);
    const firstRead = entry === undefined ? this.#firstRead(job, context, detail) : undefined;
    job.add(listener, client, detail, firstRead);
    return { entry, stop: () => this.#remove(job, listener) };
  }

  /**
   * Has a job read like one that somebody listens to, from this state of it on. The store tells what comes of it. The returned
   * function ends it.
   *
   * @throws {OverloadedError} when too many jobs are watched
   */
  follow(id: string, entry: JobEntry): () => void {
    this.#admit(this.#jobs.get(id), '');
    const job = this.#jobs.get(id) ?? this.#add(id);
    this.#follow(job, () => job.adopt(entry));
    this.#count(job, '', 1);
    const listener: JobListener = { onState: () => undefined, onFailure: () => undefined };
    job.add(listener, '', 'summary', undefined);
    return () => this.#remove(job, listener);
  }

  /** The jobs that are watched and, as far as is known, unfinished. */
  *unfinished(): Generator<string> {
    for (const { id, entry } of this.#jobs.values())
      if (entry === undefined || (entry.job !== null && !isFinished(entry.job))) yield id;
  }

  isWatched(id: string): boolean {
    return this.#jobs.has(id);
  }

  /** See {@link ListenerCounts.countAll}. */
  countAll(client: string): () => void {
    return this.#listeners.countAll(client);
  }

  /** See `JobAccess.countListener`. */
  countListener(client: string): () => void {
    this.#admit(undefined, client);
    return countOne(client, [this.#listeners, this.#jobsOf]);
  }

  /**
   * Milliseconds until another read of the job can be worth its cost: until its next read by the watcher or, where nobody
   * watches it, its interval; and no less than until the store would not serve the same state again. It is `null` once the job
   * has finished.
   */
  pollAfterMs(job: PackageJob): number | null {
    const { store, maxAgeMs } = this.#options;
    const ms = this.#schedule.pollAfterMs(job);
    if (ms === null || ms >= maxAgeMs) return ms;
    const known = store.peek(job.id);
    const freshForMs = known === undefined ? 0 : Math.ceil(store.freshForMs(known));
    // A sweep can be late. It brings a newer state before this one expires.
    return Math.max(ms, Math.min(freshForMs, this.#jobs.has(job.id) ? ms + SWEEP_MS : Infinity));
  }

  /** Whether {@link pollAfterMs} of the job goes by the clock. */
  isTimed(job: PackageJob): boolean {
    const { maxAgeMs, pollInterval } = this.#options;
    if (this.#jobs.has(job.id)) return true;
    return pollInterval.minMs < maxAgeMs && (pollAfterMs(job, pollInterval) ?? maxAgeMs) < maxAgeMs;
  }

  /** Throws unless the client may have one more listener of this job. `undefined` is a job that nobody watches. */
  #admit(job: WatchedJob | undefined, client: string): void {
    const { maxJobs } = this.#options;
    this.#listeners.admit(client, 1);
    if (job?.listenersOf.has(client) !== true && !this.#jobsOf.allows(client))
      throw new RateLimitedError('watchedJobs', `A client may watch ${String(this.#jobsOf.max)} jobs`);
    if (job === undefined && this.#jobs.size >= maxJobs)
      throw new OverloadedError(`The gateway already watches ${String(maxJobs)} jobs`);
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

  #add(id: string): WatchedJob {
    const { store } = this.#options;
    const isFresh = (entry: JobEntry) => store.freshForMs(entry) > 0;
    const job: WatchedJob = new WatchedJob(id, isFresh, () => this.#completeIfWanted(job));
    this.#jobs.set(id, job);
    this.#schedule.set(job);
    return job;
  }

  #remove(job: WatchedJob, listener: JobListener): void {
    const client = job.remove(listener);
    if (client === undefined) return;
    this.#count(job, client, -1);
    if (job.hasListeners) return;
    this.#jobs.delete(job.id);
    this.#schedule.delete(job.id);
    if (job.reading !== undefined) abort(job.reading);
  }

  /** The latest state, if the store serves a state of the job without asking ICE. */
  #latestFresh(job: WatchedJob, context: ReadContext, detail: Detail): JobEntry | undefined {
    const fresh = this.#options.store.getFresh(job.id, context, detail);
    if (fresh === undefined) return undefined;
    this.#follow(job, () => job.adopt(fresh));
    return detail === 'summary' || (job.entry && hasDetail(job.entry)) ? job.entry : undefined;
  }

  /** Lets a job have a state. Its reads are scheduled from its first one on. */
  #follow(job: WatchedJob, take: () => void): void {
    const isFirst = job.entry === undefined;
    take();
    if (isFirst && !job.isInFlight && this.#isWatching(job)) this.#schedule.set(job);
  }

  /** Whether anybody still listens to it. */
  #isWatching(job: WatchedJob): boolean {
    return this.#jobs.get(job.id) === job;
  }

  /** Reads the latest state in detail when some wait for that. A read that failed is made again when the job is due. */
  #completeIfWanted(job: WatchedJob): void {
    const isDue = job.wantsDetail && !job.isInFlight && job.failures === 0;
    if (isDue && this.#isWatching(job)) this.#scopes.own(() => this.#sweep([job], false));
  }

  /** Reads a first state as any read of this client would be served, or joins such a read. */
  #firstRead(job: WatchedJob, context: ReadContext, detail: Detail): FirstRead {
    const { now, maxAgeMs } = this.#options;
    const key = `${detail} ${context.client}`;
    const current = job.firstReads.get(key);
    const isJoinable = current?.controller.signal.aborted === false && now() - current.startedAt < maxAgeMs;
    if (isJoinable) return current;
    const read = { startedAt: now(), controller: new AbortController(), listeners: 0, hasState: false };
    job.firstReads.set(key, read);
    void this.#readFirst(job, read, context, detail).finally(() => {
      if (job.firstReads.get(key) === read) job.firstReads.delete(key);
    });
    return read;
  }

  async #readFirst(job: WatchedJob, read: FirstRead, context: ReadContext, detail: Detail): Promise<void> {
    const { store, readTimeoutMs } = this.#options;
    const { signal } = read.controller;
    const cancelTimer = this.#setTimer(() => read.controller.abort(), readTimeoutMs);
    try {
      const entry = await store.get(job.id, { ...context, signal }, detail);
      if (read.listeners === 0) return;
      read.hasState = true;
      this.#follow(job, () => job.adopt(entry));
      job.tell();
    } catch (error) {
      this.#report(error);
      if (read.listeners === 0) return;
      if (!isTemporary(error)) this.#failAll(job, job.untold(read), error);
      else if (job.failures === 0) {
        // It is due soon, for all who wait for a first state.
        job.failures = 1;
        if (!job.isInFlight) this.#schedule.set(job);
      }
    } finally {
      cancelTimer();
    }
  }

  async #read(
    job: WatchedJob,
    sweep: SweepCost,
    read: (signal: AbortSignal) => Promise<JobEntry>,
  ): Promise<void> {
    const controller = new AbortController();
    const { version, wantsDetail } = job;
    job.reading = controller;
    const cancelTimer = this.#setTimer(() => abort(controller), this.#options.readTimeoutMs);
    try {
      const entry = await read(controller.signal);
      job.adopt(entry);
      job.failures = 0;
      this.#note(job, entry, sweep);
      if (wantsDetail) job.giveUpDetail(version);
    } catch (error) {
      job.failures += 1;
      this.#fail(job, error);
    } finally {
      cancelTimer();
      job.reading = undefined;
      if (job.failures === 0 && job.isAwaited) job.tellJustRead();
      // Its listeners may all have left when they were told.
      if (this.#isWatching(job) && !job.isInFlight) this.#schedule.set(job);
    }
  }

  /** Learns what the read of a job has cost. */
  #note(job: WatchedJob, { job: state, lastGetAt }: JobEntry, sweep: SweepCost): void {
    job.wasSwept(sweep, lastGetAt, this.#options.now());
    if (state === null || isFinished(state) || (sweep.pages === 0 && sweep.isShared)) return;
    this.#schedule.tookPages(sweep.pages, sweep.isWhole);
  }

  /** Tells those that wait for a first state, or for the detail of one, when it will not come. */
  #fail(job: WatchedJob, error: unknown): void {
    this.#report(error);
    if (isTemporary(error)) return;
    if (job.wantsDetail) {
      job.giveUpDetail(job.version, error instanceof Error ? error : undefined);
      job.tell();
    }
    this.#failAll(job, job.untold(), error);
  }

  #failAll(job: WatchedJob, listeners: readonly JobListener[], error: unknown): void {
    for (const listener of listeners) {
      if (!job.has(listener)) continue;
      this.#remove(job, listener);
      listener.onFailure(error);
    }
  }

  #report(error: unknown): void {
    if (!(error instanceof IceError)) this.#options.events.emit('unexpectedError', error, 'watcher');
  }

  /** Looks for ends of jobs. The store passes on what is found. */
  async #look(jobs: readonly WatchedJob[], maxPages: number): Promise<void> {
    const window = windowOf(jobs.flatMap(({ entry }) => entry?.job?.createTime ?? []));
    if (this.#isLooking || window === undefined) return;
    this.#isLooking = true;
    const { lookForEnds, events } = this.#options;
    // The store may have forgotten a watched job.
    const isUnfinished = (id: string) => this.#jobs.get(id)?.entry?.job?.status === 'INIT';
    const look: ListLook = { for: 'ends' };
    events.emit('lookStart', look);
    this.#schedule.looked(await lookForEnds({ ...window, maxPages, isUnfinished, turnKey: this.#turnKey }));
    events.emit('lookEnd', look);
    this.#isLooking = false;
  }

  /** @param isWhole whether nearly all jobs that are read together are among them */
  #sweep(jobs: readonly WatchedJob[], isWhole: boolean): void {
    const { store, events } = this.#options;
    const sweep = { jobs: jobs.length };
    const cost = { startedAt: this.#options.now(), isWhole, pages: 0, isShared: false };
    events.emit('sweepStart', sweep);
    const context = {
      client: '',
      turnKey: this.#turnKey,
      onCall: ({ action }: CallRecord) => void (cost.pages += action === 'ListPackageJobs' ? 1 : 0),
      onCacheStatus: (status: CacheStatus) => void (cost.isShared ||= status === 'hit'),
    };
    const reads = jobs.map((job) =>
      this.#read(job, cost, (signal) => {
        const given = { ...context, signal };
        return job.wantsDetail ? store.get(job.id, given, 'detail') : store.refresh(job.id, given);
      }),
    );
    void Promise.all(reads).then(() => events.emit('sweepEnd', sweep));
  }
}
