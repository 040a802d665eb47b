import type { Counters } from '../ice/counters.ts';
import { IceError } from '../ice/errors.ts';
import { isUnchangedAsListed, supersedes, type Known } from './freshness.ts';
import { pollAfterMs, type PackageJob, type PollInterval } from './model.ts';
import { OverloadedError } from './overloaded.ts';
import type { JobStore, ReadContext } from './store.ts';
import { setUnrefTimer, type SetTimer } from './timer.ts';

/** Who is told of a job. */
export interface JobListener {
  /** Told of each later state than the last; `null`: ICE does not know the id. */
  readonly onState: (job: PackageJob | null) => void;
  /**
   * Told instead of a first state when asking again would not help: ICE refuses to give one, or the gateway has a bug.
   * Ends the watch.
   */
  readonly onFailure: (error: unknown) => void;
}

/** A listener's hold on a job. */
export interface Watch {
  /** The job when the watch began, if that was known: `onState` tells of later ones only. */
  readonly known: Known | undefined;
  /** Lets the job go; the last to do so ends the polling. */
  readonly stop: () => void;
}

export interface JobWatcherOptions {
  readonly store: Pick<JobStore, 'fresh' | 'read' | 'refresh' | 'peek' | 'onChange'>;
  /** How often a job is asked for, by its age. */
  readonly pollInterval: PollInterval;
  /** Limit of one read of one job, in milliseconds. */
  readonly readTimeoutMs: number;
  /** Most jobs watched at once. */
  readonly maxJobs: number;
  readonly now: () => number;
  /** @default a timer that does not keep the process alive */
  readonly setTimer?: SetTimer;
  /** 0 to 1. @default Math.random */
  readonly random?: () => number;
  readonly counters: Pick<Counters, 'sweeps'>;
  /** Told of errors that are the gateway's own. */
  readonly onBug: (error: unknown) => void;
}

/** Most listeners at once, over all jobs. */
const MAX_LISTENERS = 500_000;

/** By how much an interval is shortened at most, so that gateways fall out of step with each other. */
const JITTER = 0.1;

/** A job joins a sweep when it would be due within this part of its interval: jobs due together cost fewer calls. */
const SHARE = 0.25;

/** The longest pause after reads that failed, in milliseconds; an open circuit breaker makes them cost nothing. */
const MAX_PAUSE_MS = 2000;

interface Entry {
  readonly id: string;
  readonly listeners: Set<JobListener>;
  /** The state last told. */
  known: Known | undefined;
  /** When it is to be read next, in milliseconds since 1970; infinite when never. */
  dueAt: number;
  /** How many reads have failed since one succeeded. */
  failures: number;
  /** Ends the read under way. */
  reading: AbortController | undefined;
}

/**
 * Watches jobs for everybody: one entry for each, however many listen. Those that are due are read together, which the
 * planner behind the store turns into one list for up to 100 of them. Every state the store learns, whoever read it,
 * is passed on, and puts the next read off. While ICE fails, listeners are kept and told nothing.
 */
export class JobWatcher {
  readonly #options: JobWatcherOptions;
  readonly #random: () => number;
  readonly #setTimer: SetTimer;
  readonly #entries = new Map<string, Entry>();
  /** Whose turn the reads of a sweep take in the call budget. */
  readonly #caller = {};
  #listeners = 0;
  #jitter = 0;
  #sweptAt = Number.NEGATIVE_INFINITY;
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;

  constructor(options: JobWatcherOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#setTimer = options.setTimer ?? setUnrefTimer;
    options.store.onChange(({ id, known }) => {
      const entry = this.#entries.get(id);
      if (entry !== undefined) this.#learn(entry, known);
    });
  }

  /** How many jobs are watched. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Begins to tell of a job. The first read of a job that nobody watched takes its turn as `context`'s caller.
   *
   * @throws {OverloadedError} when too many are watched
   */
  watch(id: string, listener: JobListener, context: ReadContext): Watch {
    if (this.#listeners >= MAX_LISTENERS) throw new OverloadedError('The gateway has too many listeners');
    const entry = this.#entries.get(id) ?? this.#enter(id, context);
    entry.listeners.add(listener);
    this.#listeners += 1;
    if (entry.known === undefined && entry.reading === undefined && entry.failures === 0) {
      void this.#read(entry, (signal) => this.#options.store.read(id, { ...context, signal }));
    }
    return { known: entry.known, stop: () => this.#leave(entry, listener) };
  }

  isWatched(id: string): boolean {
    return this.#entries.has(id);
  }

  /** Milliseconds until another read of the job can be worth its cost: the next sweep's, when it is watched. */
  pollAfterMs(job: PackageJob): number | null {
    const { pollInterval, now } = this.#options;
    const interval = pollAfterMs(job, pollInterval);
    const dueAt = this.#entries.get(job.id)?.dueAt;
    if (interval === null || dueAt === undefined || dueAt === Infinity) return interval;
    return Math.min(pollInterval.maxMs, Math.max(pollInterval.minMs, Math.ceil(dueAt - now())));
  }

  #enter(id: string, context: ReadContext): Entry {
    const { maxJobs, store } = this.#options;
    if (this.#entries.size >= maxJobs) {
      throw new OverloadedError(`The gateway already watches ${String(maxJobs)} jobs`);
    }
    const known = store.fresh(id, context);
    const entry: Entry = {
      id,
      known,
      listeners: new Set(),
      dueAt: Infinity,
      failures: 0,
      reading: undefined,
    };
    this.#entries.set(id, entry);
    this.#schedule(entry);
    return entry;
  }

  #leave(entry: Entry, listener: JobListener): void {
    if (!entry.listeners.delete(listener)) return;
    this.#listeners -= 1;
    if (entry.listeners.size > 0) return;
    this.#entries.delete(entry.id);
    entry.reading?.abort();
    if (this.#entries.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Takes in what the store has learnt, and passes on what is later than the last told. */
  #learn(entry: Entry, known: Known): void {
    const told = entry.known;
    // What the store had forgotten may come back as an earlier state.
    if (told !== undefined && !supersedes(known, told)) return;
    entry.known = known;
    if (told !== undefined && isUnchangedAsListed(told.job, known.job)) return;
    for (const listener of entry.listeners) listener.onState(known.job);
  }

  async #read(entry: Entry, read: (signal: AbortSignal) => Promise<Known>): Promise<void> {
    const controller = new AbortController();
    entry.reading = controller;
    const takeBack = this.#setTimer(() => controller.abort(), this.#options.readTimeoutMs);
    try {
      const known = await read(controller.signal);
      entry.failures = 0;
      // Of anything later the store has told already.
      if (entry.known === undefined) this.#learn(entry, known);
    } catch (error) {
      entry.failures += 1;
      this.#fail(entry, error);
    } finally {
      takeBack();
      entry.reading = undefined;
      if (this.#entries.get(entry.id) === entry) this.#schedule(entry);
    }
  }

  /** Only who waits for a first state that will not come is told. */
  #fail(entry: Entry, error: unknown): void {
    if (!(error instanceof IceError)) this.#options.onBug(error);
    else if (error.retryable) return;
    if (entry.known !== undefined) return;
    for (const listener of entry.listeners) {
      this.#leave(entry, listener);
      listener.onFailure(error);
    }
  }

  #schedule(entry: Entry): void {
    entry.dueAt = this.#dueAt(entry);
    this.#wakeAt(entry.dueAt);
  }

  #dueAt({ id, known, failures }: Entry): number {
    const { pollInterval, now, store } = this.#options;
    const interval = known?.job ? pollAfterMs(known.job, pollInterval) : pollInterval.minMs;
    if (known === undefined && failures === 0) return Infinity;
    if (known?.job === null || interval === null) return Infinity;
    if (failures > 0) {
      const pauseMs = Math.min(MAX_PAUSE_MS, pollInterval.minMs * 2 ** Math.min(failures - 1, 10));
      return now() + Math.max(Math.min(interval, MAX_PAUSE_MS), pauseMs) * (1 - JITTER * this.#random());
    }
    const vouchedAt = store.peek(id)?.vouchedAt ?? 0;
    // A clock that was set back must not put the next read off.
    const since = Math.min(now(), Math.max(vouchedAt, known?.observedAt ?? 0));
    return since + interval * (1 - JITTER * this.#jitter);
  }

  #wakeAt(dueAt: number): void {
    if (dueAt === Infinity || this.#entries.size === 0) return;
    // Never back to back, so that what is due at about the same time is read together.
    const at = Math.max(dueAt, this.#sweptAt + this.#options.pollInterval.minMs * SHARE);
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    this.#timer?.cancel();
    const afterMs = Math.max(0, Math.ceil(at - this.#options.now()));
    this.#timer = { at, cancel: this.#setTimer(() => this.#sweep(), afterMs) };
  }

  /** Reads all jobs that are due, in one turn of the event loop, so that they are planned together. */
  #sweep(): void {
    const { now, store, pollInterval, counters } = this.#options;
    const startedAt = now();
    this.#timer = undefined;
    this.#sweptAt = startedAt;
    this.#jitter = this.#random();
    let nextAt = Infinity;
    let reads = 0;
    for (const entry of this.#entries.values()) {
      if (entry.reading !== undefined) continue;
      // Somebody else may have read it since.
      if (entry.failures === 0) entry.dueAt = this.#dueAt(entry);
      const slackMs = SHARE * (entry.known?.job ? (pollAfterMs(entry.known.job, pollInterval) ?? 0) : 0);
      if (entry.dueAt - slackMs > startedAt) {
        nextAt = Math.min(nextAt, entry.dueAt);
        continue;
      }
      reads += 1;
      const context = { caller: this.#caller, record: () => undefined, spared: () => undefined };
      void this.#read(entry, (signal) => store.refresh(entry.id, { ...context, signal }));
    }
    if (reads > 0) counters.sweeps += 1;
    this.#wakeAt(nextAt);
  }
}
