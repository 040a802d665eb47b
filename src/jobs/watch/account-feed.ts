import { abort, onAbort } from '../../abort.ts';
import { BOUNDS } from '../../bounds.ts';
import type { CallContext, IceClient } from '../../ice/client.ts';
import { IceError } from '../../ice/errors.ts';
import { OverloadedError } from '../errors.ts';
import type { JobsEmitter, ListLook } from '../events.ts';
import type { PollInterval } from '../model.ts';
import { NO_SCOPES, type Scopes } from '../../scopes.ts';
import type { JobStore } from '../store/store.ts';
import { AccountJobs } from './account-jobs.ts';
import { ChangeLog, type ChangeReader } from './change-log.ts';
import { readNewest, readUnfinished } from './newest-jobs.ts';
import { setUnrefTimer, type SetTimer } from './timer.ts';
import type { JobWatcher } from './watcher.ts';

export interface AccountFeedOptions {
  readonly ice: Pick<IceClient, 'listPackageJobs'>;
  readonly store: Pick<JobStore, 'ingest' | 'peek' | 'onChange'>;
  readonly watcher: Pick<JobWatcher, 'follow' | 'countAll'>;
  /** The newest jobs are read once in `minMs`. */
  readonly pollInterval: PollInterval;
  /** The most jobs remembered. At most half as many are followed. */
  readonly maxJobs: number;
  /** Limit of one look at the newest jobs, in milliseconds. */
  readonly readTimeoutMs: number;
  readonly now: () => number;
  /** @default a timer that does not keep the process alive */
  readonly setTimer?: SetTimer;
  readonly events: JobsEmitter;
  readonly scopes?: Scopes | undefined;
}

/**
 * How far lists may lag, and show jobs out of order, in milliseconds. Looks at the newest jobs overlap by it. Who begins to
 * follow is told what has changed in so long before.
 */
export const OVERLAP_MS = 10_000;

/** The longest pause after failed looks, in milliseconds. An open circuit breaker makes them cost nothing. */
const MAX_PAUSE_MS = 2000;

/**
 * The changes of all jobs of the account, read once for all who follow them. New jobs come from the list of the newest jobs.
 * Unfinished ones are followed by the watcher, at most {@link BOUNDS.followedJobs} of them, the newest. Whatever else is read
 * of a job counts too.
 *
 * What is known outlasts a short pause in which nobody follows. So clients that come and go cost no more calls.
 */
export class AccountFeed {
  readonly #options: AccountFeedOptions;
  readonly #setTimer: SetTimer;
  readonly #log = new ChangeLog(BOUNDS.accountChanges.max);
  readonly #jobs: AccountJobs;
  /** Its calls take turns as one in the call budget. */
  readonly #turnKey = {};
  #isRunning = false;
  #pausedAt = Number.NEGATIVE_INFINITY;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #looking: AbortController | undefined;
  /** Resolves when the look that goes on has ended. */
  /** Resolves when the unfinished jobs are known, or nobody follows any more. */
  #begun = Promise.withResolvers<void>();
  #cancelTimer = () => undefined as unknown;
  #stopListening = () => undefined as unknown;

  constructor(options: AccountFeedOptions) {
    const { store, watcher, maxJobs, now } = options;
    this.#options = options;
    this.#setTimer = options.setTimer ?? setUnrefTimer;
    this.#jobs = new AccountJobs({
      store,
      watcher,
      maxFollowed: Math.min(BOUNDS.followedJobs.max, Math.floor(maxJobs / 2)),
      overlapMs: OVERLAP_MS,
      now,
      onChange: (change) => this.#log.append(change, now()),
    });
  }

  /** How many jobs are known. */
  get size(): number {
    return this.#jobs.size;
  }

  /** Whether anybody follows all jobs. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /**
   * Begins to follow all jobs.
   *
   * @throws {RateLimitedError} when the client listens to too much
   * @throws {OverloadedError} when all clients together do
   */
  follow(onChange: () => void, client: string): ChangeReader {
    const release = this.#options.watcher.countAll(client);
    this.#start();
    const reader = this.#log.open(this.#options.now() - OVERLAP_MS, onChange);
    let isOpen = true;
    return {
      poll: () => reader.poll(),
      stop: () => {
        if (!isOpen) return;
        isOpen = false;
        reader.stop();
        release();
        if (this.#log.readers === 0) this.#pause();
      },
    };
  }

  /** Is told of an unfinished job that a list has shown to somebody. Who saw it is told when it ends. */
  listed(...[id, entry]: Parameters<AccountJobs['learn']>): void {
    if (this.#isRunning && !this.#jobs.has(id)) this.#jobs.learn(id, entry);
  }

  /**
   * Resolves when it is known what there is, for who begins to follow and then reads a list. It is only needed for lists of jobs
   * that have ended. On others, a job that ends meanwhile is shown as unfinished, so that {@link listed} is told of it.
   */
  async begun(signal: AbortSignal): Promise<void> {
    if (!this.#isRunning || this.#jobs.hasUnfinished) return;
    const left = Promise.withResolvers<void>();
    const forget = onAbort(signal, left.resolve);
    await Promise.race([this.#begun.promise, left.promise]);
    forget();
  }

  #start(): void {
    if (this.#isRunning) return;
    const { now, pollInterval, store } = this.#options;
    const pausedMs = now() - this.#pausedAt;
    if (!(pausedMs >= 0 && pausedMs <= OVERLAP_MS)) {
      this.#log.clear();
      this.#jobs.begin(now());
    }
    this.#isRunning = true;
    this.#begun = Promise.withResolvers();
    this.#stopListening = store.onChange(({ id, entry, before }) => this.#jobs.learn(id, entry, before));
    this.#jobs.resume();
    this.#lookIn(Math.min(pollInterval.minMs, this.#lookedAt + pollInterval.minMs - now()));
  }

  #pause(): void {
    this.#isRunning = false;
    this.#pausedAt = this.#options.now();
    this.#cancelTimer();
    this.#stopListening();
    if (this.#looking !== undefined) abort(this.#looking);
    this.#looking = undefined;
    this.#begun.resolve();
    this.#jobs.pause();
  }

  #lookIn(ms: number): void {
    // It is nobody's own, whoever was the first to follow.
    const look = () => (this.#options.scopes ?? NO_SCOPES).own(() => void this.#look());
    if (ms <= 0) look();
    else this.#cancelTimer = this.#setTimer(look, ms);
  }

  async #look(): Promise<void> {
    const { now, pollInterval, readTimeoutMs, events } = this.#options;
    const look: ListLook = { for: 'new jobs' };
    events.emit('lookStart', look);
    const controller = new AbortController();
    this.#looking = controller;
    this.#lookedAt = now();
    const cancelTimeout = this.#setTimer(() => abort(controller), readTimeoutMs);
    try {
      await this.#readAll(controller.signal);
      this.#failures = 0;
    } catch (error) {
      if (this.#looking === controller) this.#failed(error);
    } finally {
      cancelTimeout();
      events.emit('lookEnd', look);
    }
    // Nobody follows any more, or others have begun since.
    if (this.#looking !== controller) return;
    this.#looking = undefined;
    const pauseMs = Math.min(MAX_PAUSE_MS, pollInterval.minMs * 2 ** Math.min(this.#failures, 10));
    const inMs = Math.max(pollInterval.minMs, this.#failures > 0 ? pauseMs : 0);
    // A clock that was set back must not put the next look off.
    this.#lookIn(Math.max(1, Math.min(inMs, this.#lookedAt + inMs - now())));
  }

  async #readAll(signal: AbortSignal): Promise<void> {
    const { ice, store } = this.#options;
    const context: CallContext = { client: '', turnKey: this.#turnKey, signal, onCall: () => undefined };
    const jobs = this.#jobs;
    const isOver = () => signal.aborted;
    const onJob =
      (show: AccountJobs['shown']) =>
      (...[job, observedAt]: Parameters<Parameters<typeof readNewest>[3]>) => {
        if (!isOver()) show(job.id, store.ingest(job.id, { job, observedAt, source: 'list' }));
      };
    const look = await readNewest(
      ice,
      context,
      jobs.reach(),
      onJob((id, entry) => jobs.shown(id, entry)),
    );
    if (isOver()) return;
    jobs.looked(look);
    if (!jobs.wantsUnfinished) return;
    const isAll = await readUnfinished(
      ice,
      context,
      () => jobs.isFull,
      onJob((id, entry) => jobs.shownUnfinished(id, entry)),
    );
    if (isOver()) return;
    jobs.haveUnfinished(isAll);
    this.#begun.resolve();
  }

  #failed(error: unknown): void {
    this.#failures += 1;
    const isExpected = error instanceof IceError || error instanceof OverloadedError;
    if (!isExpected) this.#options.events.emit('unexpectedError', error, 'account feed');
    const isHopeless = !this.#jobs.hasLooked && !(error instanceof IceError && error.retryable);
    // Who may never be told anything learns why. Later failures pass, or the list says the same.
    if (!isHopeless && !(error instanceof OverloadedError)) return;
    this.#log.fail(
      error instanceof Error ? error : new Error('thrown value is not an Error', { cause: error }),
    );
    this.#log.clear();
    this.#jobs.pause();
    this.#jobs.begin(this.#options.now());
  }
}
