import { countEvents, type Counters } from '../../src/telemetry/counters.ts';
import type { PackageJob, PollInterval } from '../../src/jobs/model.ts';
import type { WaitedJobs } from '../../src/jobs/watch/wait.ts';
import { JobWatcher, type JobListener, type JobWatcherOptions } from '../../src/jobs/watch/watcher.ts';
import { createEvents } from './events.ts';
import { FRESHNESS } from './jobs.ts';

export const POLL_INTERVAL: PollInterval = { minMs: 1000, maxMs: 15_000 };

/** Timers that run when the test's clock passes them. */
export class Timers {
  readonly #clock: { now: number };
  readonly #set = new Set<{ readonly at: number; readonly run: () => void }>();

  constructor(clock: { now: number }) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#set.size;
  }

  readonly set = (run: () => void, afterMs: number): (() => void) => {
    const timer = { at: this.#clock.now + afterMs, run };
    this.#set.add(timer);
    return () => this.#set.delete(timer);
  };

  /** Runs what is due next by `until`, at its time; `false` when there is nothing. */
  runNext(until: number): boolean {
    const [next] = [...this.#set].toSorted((a, b) => a.at - b.at);
    if (next === undefined || next.at > until) return false;
    this.#clock.now = Math.max(this.#clock.now, next.at);
    this.#set.delete(next);
    next.run();
    return true;
  }
}

/** A watcher on a clock that only the test moves. */
export interface Watching {
  readonly watcher: JobWatcher;
  /** What waits use. */
  readonly jobs: WaitedJobs;
  readonly timers: Timers;
  readonly counters: Counters;
  /** What the watcher reported. */
  readonly errors: readonly unknown[];
  /** Resolves when no read is in flight. */
  readonly settled: () => Promise<void>;
  /** Lets time pass, with all that happens in it. */
  readonly advance: (ms: number) => Promise<void>;
}

/** What the watcher needs of a store. */
export type WatchedStore = JobWatcherOptions['store'];

/** `random` is 0 unless told: intervals are not shortened. */
export function startWatching(
  clock: { now: number },
  store: WatchedStore,
  options: Partial<JobWatcherOptions> = {},
): Watching {
  const reads = new Set<Promise<unknown>>();
  const track = <T>(read: Promise<T>): Promise<T> => {
    reads.add(read);
    const end = () => reads.delete(read);
    read.then(end, end);
    return read;
  };
  const tracked: WatchedStore = {
    getFresh: (...args) => store.getFresh(...args),
    peek: (id) => store.peek(id),
    freshForMs: (entry) => store.freshForMs(entry),
    onChange: (listener) => store.onChange(listener),
    get: (...args) => track(store.get(...args)),
    refresh: (...args) => track(store.refresh(...args)),
  };
  const errors: unknown[] = [];
  const timers = new Timers(clock);
  const events = createEvents().jobs;
  const counters = countEvents({ jobs: events });
  events.on('unexpectedError', (error) => errors.push(error));
  const watcher = new JobWatcher({
    store: tracked,
    pollInterval: POLL_INTERVAL,
    share: 0.25,
    callsPerSecond: () => ({ lists: 50, gets: 50 }),
    maxAgeMs: FRESHNESS.unfinishedMs,
    readTimeoutMs: 10_000,
    maxJobs: 10_000,
    now: () => clock.now,
    setTimer: timers.set,
    random: () => 0,
    events,
    ...options,
    lookForEnds: (...args) => track(options.lookForEnds?.(...args) ?? Promise.resolve(2)),
  });
  async function settled(): Promise<void> {
    while (reads.size > 0) {
      await Promise.allSettled(reads);
      await new Promise(setImmediate);
    }
  }
  return {
    watcher,
    jobs: {
      maxAgeMs: FRESHNESS.unfinishedMs,
      get: (...args) => tracked.get(...args),
      listen: (...args) => watcher.listen(...args),
      renew(id, inMs, context) {
        const entry = store.peek(id);
        if (entry === undefined || store.freshForMs(entry) <= inMs)
          tracked.refresh(id, context).catch(() => undefined);
      },
    },
    timers,
    counters,
    errors,
    settled,
    async advance(ms) {
      const until = clock.now + ms;
      await settled();
      while (timers.runNext(until)) await settled();
      clock.now = until;
    },
  };
}

/** A listener that writes down what it is told. */
export function recorder(): {
  readonly listener: JobListener;
  readonly told: (PackageJob | null)[];
  readonly failures: unknown[];
} {
  const told: (PackageJob | null)[] = [];
  const failures: unknown[] = [];
  return {
    told,
    failures,
    listener: { onState: (job) => told.push(job), onFailure: (error) => failures.push(error) },
  };
}
