import { LRUCache } from 'lru-cache';
import type { CallContext } from '../ice/client.ts';
import { isFinished } from '../jobs/model.ts';
import type { JobMemory, JobSource, Reading } from '../jobs/source/job-source.ts';
import type { Freshness, JobEntry } from '../jobs/store/entry.ts';
import { entryOf } from '../jobs/store/reading.ts';
import { CLAIM_MS, type Claims } from './claims.ts';
import type { Interest } from './interest.ts';
import { isListable } from './shared-state.ts';
import type { SharedStates } from './states.ts';

export interface TakenAlongOptions {
  readonly states: Pick<SharedStates, 'read'>;
  readonly claims: Claims;
  readonly interest: Pick<Interest, 'others'>;
  readonly memory: JobMemory;
  readonly freshness: Freshness;
  /** Tells the other replicas. */
  readonly share: (id: string, entry: JobEntry) => void;
  /** Limit of one read, in milliseconds. */
  readonly readTimeoutMs: number;
}

/** A read of this replica that others' jobs are read with. */
export interface LeadingRead {
  readonly id: string;
  readonly context: CallContext;
}

/** For this many jobs or fewer, gets cost no more calls than a list. */
const FEW = 3;

/**
 * Which part of its greatest age a state has to have reached: where a list is read for this replica's own jobs, and where gets would
 * do, so that what is read with them has to be due itself.
 */
const PART = 0.25;
const PART_OF_FEW = 0.8;

/** The most jobs that a client waits for besides its own. Sweeps take more, but not far more than there are jobs of their own. */
const MAX_OF_CLIENT = 400;
const TIMES_OWN = 16;

/** After so many GetPackageJob calls in a row a job is left to the replica that wants it. No list shows it with others. */
const MAX_GETS = 2;

/**
 * Reads what other replicas want to be read, whenever this one reads a list of its own. The pages of a list show the jobs of all of
 * them. What comes of it is for Redis alone, where this replica knows nothing of the job.
 */
export class TakenAlong {
  readonly #options: TakenAlongOptions;
  /** What Redis has of the jobs that are read now. */
  readonly #known = new Map<string, JobEntry>();
  /** By how many GetPackageJob calls in a row jobs were read. */
  readonly #gets = new LRUCache<string, number>({ max: 10_000, ttl: 30_000 });

  constructor(options: TakenAlongOptions) {
    this.#options = options;
  }

  /** What the planner may know: memory, and what is read along. */
  get memory(): JobMemory {
    const { memory } = this.#options;
    return {
      unfinishedMs: memory.unfinishedMs,
      peek: (id) => memory.peek(id) ?? this.#known.get(id),
      inDemand: () => memory.inDemand(),
      ingest: (id, reading) => this.#ingest(id, reading),
    };
  }

  /**
   * Claims what others want to be read by now. The function that it gives has it read. It is to be called in the same turn of the
   * event loop as the reads that lead.
   */
  async claim(leading: readonly LeadingRead[], ice: JobSource<Reading>): Promise<() => void> {
    const { states, freshness } = this.#options;
    const wanted = this.#wanted(leading);
    const part = leading.length > FEW ? PART : PART_OF_FEW;
    const found = await states
      .read(
        wanted.map((id) => ({ id, newerThan: undefined, purpose: 'along' })),
        {
          freshness: { ...freshness, unfinishedMs: Math.ceil(part * freshness.unfinishedMs) },
          claimMs: CLAIM_MS,
        },
      )
      .catch(() => []);
    const claimed = wanted.flatMap((id, index) => {
      const { standing, entry } = found[index] ?? {};
      return standing === 'claimed' && entry !== undefined && isListable(entry) ? [[id, entry] as const] : [];
    });
    return () => void this.#readAll(claimed, leading, ice);
  }

  #wanted(leading: readonly LeadingRead[]): string[] {
    const own = new Set(leading.map(({ id }) => id));
    const isSweep = leading.some(({ context }) => context.client === '');
    const max = isSweep ? Math.max(MAX_OF_CLIENT, TIMES_OWN * leading.length) : MAX_OF_CLIENT;
    const wanted: string[] = [];
    for (const id of this.#options.interest.others) {
      if (wanted.length >= max) break;
      if (!own.has(id) && (this.#gets.get(id) ?? 0) < MAX_GETS) wanted.push(id);
    }
    return wanted;
  }

  async #readAll(
    claimed: readonly (readonly [id: string, entry: JobEntry])[],
    leading: readonly LeadingRead[],
    ice: JobSource<Reading>,
  ): Promise<void> {
    const reads = claimed.map(([id, entry]) => this.#read(id, entry, leading, ice));
    const sources = await Promise.all(reads);
    // Without a list all of them are got, and that says nothing of any.
    if (!sources.includes('checked list')) return;
    for (const [index, [id]] of claimed.entries()) {
      if (sources[index] === 'get') this.#gets.set(id, (this.#gets.get(id) ?? 0) + 1);
      else this.#gets.delete(id);
    }
  }

  /** @returns by which call it was read, if it goes on */
  async #read(
    id: string,
    entry: JobEntry,
    leading: readonly LeadingRead[],
    ice: JobSource<Reading>,
  ): Promise<Reading['source'] | undefined> {
    const { claims, readTimeoutMs } = this.#options;
    // The sweep that leads counts the pages, as they are its own.
    const leader = leading.find(({ context }) => context.client === '') ?? leading[0];
    const context: CallContext = {
      client: '',
      turnKey: leader?.context.turnKey ?? this,
      signal: AbortSignal.timeout(readTimeoutMs),
      onCall: (call) => leader?.context.onCall(call),
    };
    this.#known.set(id, entry);
    try {
      const reading = await claims.during(id, ice.read(id, 'summary', context));
      this.#ingest(id, reading);
      return reading.job !== null && !isFinished(reading.job) ? reading.source : undefined;
    } catch {
      // Who wants it reads it.
      return undefined;
    } finally {
      this.#known.delete(id);
    }
  }

  #ingest(id: string, reading: Reading): void {
    const { memory, share } = this.#options;
    const known = this.#known.get(id);
    if (known === undefined || memory.peek(id) !== undefined) memory.ingest(id, reading);
    else share(id, entryOf(reading, known));
  }
}
