import { LRUCache } from 'lru-cache';
import type { CallContext } from '../ice/client.ts';
import type { Counters } from '../ice/counters.ts';
import { IceError } from '../ice/errors.ts';
import { Flight } from './flight.ts';
import {
  canStandIn,
  complete,
  isFresh,
  isSameState,
  isUnchanged,
  maxAgeMs,
  supersedes,
  type Freshness,
  type Known,
} from './freshness.ts';
import { isFinished, observed, type PackageJob } from './model.ts';
import type { Planner, Reading } from './planner.ts';

/** For whom a read is made: its calls, and how it was spared them. */
export interface ReadContext extends CallContext {
  /** Told how the read was answered without a call of its own. */
  readonly spared: (how: Spared) => void;
  /** Told what the read gave. */
  readonly shown?: (id: string, known: Known) => void;
  /** Told that a page of jobs was read, to which others may come at any time. */
  readonly listed?: () => void;
}

/** `hit`: from memory. `coalesced`: by a read that was under way. `stale`: from memory, as ICE failed. */
export type Spared = 'hit' | 'coalesced' | 'stale';

/** How much of a job is read: `whole` has `outputUrl`, which lists leave out. */
export type Part = 'listed' | 'whole';

/** A change of what is known of an id. */
export interface JobChange {
  readonly id: string;
  readonly known: Known;
}

/** That some states are the latest known, and fresh: it holds until anything is learnt or forgotten, and between these times. */
export interface Proof {
  readonly version: number;
  readonly since: number;
  readonly until: number;
}

/** States that something shows, by id; weak, so that it keeps none in memory that a later one has replaced. */
export type ShownStates = ReadonlyMap<string, WeakRef<Known>>;

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
  readonly #flights = new Map<string, { readonly flight: Flight<Known>; readonly part: Part }>();
  /** Unfinished jobs that were served from memory since they were last told of. */
  readonly #inDemand = new Set<string>();
  readonly #listeners = new Set<(change: JobChange) => void>();
  /** Grows when anything is learnt or forgotten. */
  #version = 0;

  constructor({ planner, freshness, maxJobs, now, counters }: JobStoreOptions) {
    this.#planner = planner;
    this.#freshness = freshness;
    this.#now = now;
    this.#counters = counters;
    this.#known = new LRUCache({
      max: maxJobs,
      dispose: (_known, id) => {
        this.#inDemand.delete(id);
        this.#version += 1;
      },
    });
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
  async get(id: string, context: ReadContext, part: Part = 'listed'): Promise<PackageJob | null> {
    return (await this.read(id, context, part)).job;
  }

  /** As {@link get}, with what else is known of it. */
  async read(id: string, context: ReadContext, part: Part = 'listed'): Promise<Known> {
    const known = await this.#read(id, context, part);
    context.shown?.(id, known);
    return known;
  }

  async #read(id: string, context: ReadContext, part: Part): Promise<Known> {
    const fresh = this.fresh(id, context, part);
    if (fresh !== undefined) return fresh;
    try {
      const latest = await this.#flightFor(id, part, context).join(context.signal);
      if (part === 'listed' || isWhole(latest) || latest.isAccepted === true) return latest;
      // A list overtook the read with a later state, so that state is read.
      return await this.#flightFor(id, part, context).join(context.signal);
    } catch (error) {
      const standIn = this.#known.get(id);
      const canServe = standIn !== undefined && (part === 'listed' || isWhole(standIn));
      if (!(error instanceof IceError) || !canServe || !canStandIn(standIn, this.#freshness, this.#now()))
        throw error;
      this.#spare(context, 'stale');
      return standIn;
    }
  }

  /** What is known of the id, if that can be served without asking ICE. */
  fresh(id: string, context: ReadContext, part: Part = 'listed'): Known | undefined {
    const known = this.#known.get(id);
    if (known === undefined || (part === 'whole' && !isWhole(known))) return undefined;
    if (!isFresh(known, this.#freshness, this.#now())) return undefined;
    this.#spare(context, 'hit');
    this.#demand(id, known);
    return known;
  }

  /** What is known of all of these ids, if none of them needs a call of ICE; counts as a hit each. */
  recall(ids: Iterable<string>): Map<string, Known> | undefined {
    const now = this.#now();
    const recalled = new Map<string, Known>();
    for (const id of ids) {
      const known = this.#known.get(id);
      if (known === undefined || !isFresh(known, this.#freshness, now)) return undefined;
      recalled.set(id, known);
    }
    for (const [id, known] of recalled) this.#demand(id, known);
    this.#counters.hits += recalled.size;
    return recalled;
  }

  /**
   * Whether the shown states are still the latest known and fresh; if so, it counts as a hit each. The proof is what the
   * last such call gave, and spares looking at each of them when nothing was learnt since.
   */
  prove(shown: ShownStates, proof?: Proof): Proof | undefined {
    const now = this.#now();
    const isProven = proof?.version === this.#version && now >= proof.since && now < proof.until;
    const proven = isProven ? proof : this.#proofOf(shown, now);
    if (proven !== undefined) this.#counters.hits += shown.size;
    return proven;
  }

  #proofOf(shown: ShownStates, now: number): Proof | undefined {
    let until = Infinity;
    const latest: [string, Known][] = [];
    for (const [id, state] of shown) {
      const known = this.#known.get(id);
      if (known === undefined || known !== state.deref() || !isFresh(known, this.#freshness, now))
        return undefined;
      until = Math.min(until, now + this.freshForMs(known));
      latest.push([id, known]);
    }
    for (const [id, known] of latest) this.#demand(id, known);
    return { version: this.#version, since: now, until };
  }

  /**
   * Asks ICE, however fresh the known state is, or joins who does.
   *
   * @throws {IceError} when ICE fails
   */
  refresh(id: string, context: ReadContext): Promise<Known> {
    return this.#flightFor(id, 'listed', context).join(context.signal);
  }

  /** What is known of the id, however old, without a call. */
  peek(id: string): Known | undefined {
    return this.#known.peek(id);
  }

  /** Milliseconds for which a state may still be served without asking ICE. */
  freshForMs(known: Known): number {
    return known.vouchedAt + maxAgeMs(known, this.#freshness) - this.#now();
  }

  /** Unfinished jobs that are read more often than their states expire. */
  inDemand(): readonly (readonly [id: string, known: Known])[] {
    return [...this.#inDemand].flatMap((id) => {
      const known = this.#known.peek(id);
      return known === undefined ? [] : [[id, known] as const];
    });
  }

  /** Takes in a state from wherever it was read, and gives back the latest known, which may be another. */
  learn(id: string, { job, observedAt, source }: Reading): Known {
    const known = this.#known.peek(id);
    const state = job === null ? null : observed(job, observedAt);
    const next: Known = {
      job: state && complete(state, known?.job),
      observedAt,
      vouchedAt:
        source !== 'list' || (state !== null && isFinished(state)) ? observedAt : (known?.vouchedAt ?? 0),
      confirmedAt: Math.max(source === 'get' ? observedAt : 0, known?.confirmedAt ?? 0),
      ...(source === 'submission' && { isAccepted: true }),
    };
    const latest = known === undefined || supersedes(next, known) ? next : filledUp(known, state, next);
    this.#known.set(id, latest);
    this.#version += 1;
    this.#inDemand.delete(id);
    if (known === undefined || !isUnchanged(known.job, latest.job)) this.#tell(id, latest);
    return latest;
  }

  /** Calls `listener` at once on every change, and until the function given back is called. */
  onChange(listener: (change: JobChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #flightFor(id: string, part: Part, context: ReadContext): Flight<Known> {
    const now = this.#now();
    const current = this.#flights.get(id);
    const isEnough = current !== undefined && (current.part === 'whole' || part === 'listed');
    // One that began too long ago may bring a state older than promised to those who ask now.
    if (
      isEnough &&
      !current.flight.isAbandoned &&
      now - current.flight.beganAt < this.#freshness.unfinishedMs
    ) {
      this.#spare(context, 'coalesced');
      return current.flight;
    }
    const known = part === 'whole' ? undefined : this.#known.peek(id);
    const flight = new Flight(now, async (signal) => {
      const reading = await this.#planner.read(id, known, { ...context, signal });
      if (reading.isShared === true) this.#spare(context, 'coalesced');
      return this.learn(id, reading);
    });
    // Of an id that nothing is known of, the whole job is read.
    const entry = { flight, part: known === undefined ? 'whole' : part } as const;
    this.#flights.set(id, entry);
    const land = () => {
      if (this.#flights.get(id) === entry) this.#flights.delete(id);
    };
    flight.ended.then(land, land);
    return flight;
  }

  #demand(id: string, { job }: Known): void {
    if (job !== null && !isFinished(job)) this.#inDemand.add(id);
  }

  #spare(context: ReadContext, how: Spared): void {
    this.#counters[COUNTER_OF[how]] += 1;
    context.spared(how);
  }

  #tell(id: string, known: Known): void {
    for (const listener of this.#listeners) listener({ id, known });
  }
}

function isWhole({ job }: Known): boolean {
  return job === null || job.outputUrl !== undefined;
}

/** What stays known, with what an earlier reading can add to it: `outputUrl` of the same state, and its own times. */
function filledUp(known: Known, earlier: PackageJob | null, { vouchedAt, confirmedAt }: Known): Known {
  const isSame = known.job !== null && earlier !== null && isSameState(known.job, earlier);
  return {
    ...known,
    job: known.job && complete(known.job, earlier),
    vouchedAt: isSame ? Math.max(known.vouchedAt, vouchedAt) : known.vouchedAt,
    confirmedAt,
  };
}

const COUNTER_OF = { hit: 'hits', coalesced: 'coalesced', stale: 'stale' } as const;
