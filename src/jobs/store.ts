import { isDeepStrictEqual } from 'node:util';
import { LRUCache } from 'lru-cache';
import type { CallContext } from '../ice/client.ts';
import type { Counters } from '../ice/counters.ts';
import { IceError } from '../ice/errors.ts';
import { Flight } from './flight.ts';
import { canStandIn, complete, isFresh, supersedes, type Freshness, type Known } from './freshness.ts';
import { observed, type PackageJob } from './model.ts';
import type { Planner, Reading } from './planner.ts';

/** For whom a read is made: its calls, and how it was spared them. */
export interface ReadContext extends CallContext {
  /** Told how the read was answered without a call of its own. */
  readonly spared: (how: Spared) => void;
}

/** `hit`: from memory. `coalesced`: by a read that was under way. `stale`: from memory, as ICE failed. */
export type Spared = 'hit' | 'coalesced' | 'stale';

/** A change of what is known of an id. */
export interface JobChange {
  readonly id: string;
  /** Grows with every change, over all jobs. */
  readonly version: number;
  readonly job: PackageJob | null;
}

export interface JobStoreOptions {
  readonly planner: Planner;
  readonly freshness: Freshness;
  /** Most ids remembered; the least recently used are forgotten first. */
  readonly maxJobs: number;
  readonly now: () => number;
  readonly counters: Pick<Counters, 'hits' | 'coalesced' | 'stale'>;
}

/**
 * What is known of jobs, shared by all operations.
 *
 * A state is served for as long as {@link Freshness} allows for it, is replaced only by a later one, and is never a
 * mixture of two. One read serves all who ask meanwhile. What a caller may see is decided after this, never in it.
 */
export class JobStore {
  readonly #planner: Planner;
  readonly #freshness: Freshness;
  readonly #now: () => number;
  readonly #counters: JobStoreOptions['counters'];
  readonly #known: LRUCache<string, Known>;
  readonly #flights = new Map<string, Flight<Known>>();
  readonly #listeners = new Set<(change: JobChange) => void>();
  #version = 0;

  constructor({ planner, freshness, maxJobs, now, counters }: JobStoreOptions) {
    this.#planner = planner;
    this.#freshness = freshness;
    this.#now = now;
    this.#counters = counters;
    this.#known = new LRUCache({ max: maxJobs });
  }

  /** How many ids are remembered. */
  get size(): number {
    return this.#known.size;
  }

  /**
   * The job, or `null` when ICE does not know it, no older than promised.
   *
   * @param part `whole` has `outputUrl`, which lists leave out
   * @throws {IceError} when ICE fails and what is known is too old to stand in
   */
  async get(
    id: string,
    context: ReadContext,
    part: 'listed' | 'whole' = 'listed',
  ): Promise<PackageJob | null> {
    const known = this.#known.get(id);
    const isEnough = known !== undefined && (part === 'listed' || isWhole(known));
    if (isEnough && isFresh(known, this.#freshness, this.#now())) {
      this.#counters.hits += 1;
      context.spared('hit');
      return known.job;
    }
    try {
      return (await this.#flightFor(id, part, context).join(context.signal)).job;
    } catch (error) {
      const standIn = this.#known.get(id);
      const canServe = standIn !== undefined && (part === 'listed' || isWhole(standIn));
      if (!(error instanceof IceError) || !canServe || !canStandIn(standIn, this.#freshness, this.#now()))
        throw error;
      this.#counters.stale += 1;
      context.spared('stale');
      return standIn.job;
    }
  }

  /** What is known of the id, however old, without a call. */
  peek(id: string): Known | undefined {
    return this.#known.peek(id);
  }

  /** Takes in a state from wherever it was read, and gives back the latest known, which may be another. */
  learn(id: string, { job, observedAt, isConfirmed }: Reading): Known {
    const known = this.#known.peek(id);
    const state = job === null ? null : observed(job, observedAt);
    const next: Known = {
      job: state && complete(state, known?.job),
      observedAt,
      confirmedAt: isConfirmed ? observedAt : (known?.confirmedAt ?? 0),
    };
    const latest = known === undefined || supersedes(next, known) ? next : filledUp(known, state);
    if (latest === known) return known;
    this.#known.set(id, latest);
    if (known === undefined || !isSameState(known.job, latest.job)) this.#tell(id, latest.job);
    return latest;
  }

  /** Calls `listener` at once on every change, and until the function given back is called. */
  onChange(listener: (change: JobChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #flightFor(id: string, part: 'listed' | 'whole', context: ReadContext): Flight<Known> {
    const key = `${part} ${id}`;
    const now = this.#now();
    const current = this.#flights.get(key);
    // One that began too long ago may bring a state older than promised to those who ask now.
    if (current && !current.isAbandoned && now - current.beganAt < this.#freshness.unfinishedMs) {
      this.#counters.coalesced += 1;
      context.spared('coalesced');
      return current;
    }
    const flight = new Flight(now, async (signal) => {
      const known = part === 'whole' ? undefined : this.#known.peek(id);
      return this.learn(id, await this.#planner.read(id, known, { ...context, signal }));
    });
    this.#flights.set(key, flight);
    const land = () => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    flight.ended.then(land, land);
    return flight;
  }

  #tell(id: string, job: PackageJob | null): void {
    this.#version += 1;
    const change = { id, version: this.#version, job };
    for (const listener of this.#listeners) listener(change);
  }
}

function isWhole({ job }: Known): boolean {
  return job === null || job.outputUrl !== undefined;
}

/** What stays known, with what an earlier reading of the same state can add to it. */
function filledUp(known: Known, earlier: PackageJob | null): Known {
  const job = known.job && complete(known.job, earlier);
  return job === known.job ? known : { ...known, job };
}

function isSameState(a: PackageJob | null, b: PackageJob | null): boolean {
  return a === null || b === null
    ? a === b
    : isDeepStrictEqual({ ...a, observedAt: '' }, { ...b, observedAt: '' });
}
