import { LRUCache } from 'lru-cache';
import type { CallContext } from '../ice/client.ts';
import { isFinished } from '../jobs/model.ts';
import type { JobMemory, JobSource, Reading } from '../jobs/source/job-source.ts';
import type { Freshness, JobEntry } from '../jobs/store/entry.ts';
import { entryOf } from '../jobs/store/reading.ts';
import type { Claims } from './claims.ts';
import type { Connection } from './connection.ts';
import type { Interest } from './interest.ts';
import { isListable } from './shared-state.ts';
import type { FoundState } from './states.ts';

export interface TakenAlongOptions {
  readonly connection: Pick<Connection, 'mode'>;
  readonly claims: Claims;
  readonly interest: Pick<Interest, 'others'>;
  readonly memory: JobMemory;
  readonly freshness: Pick<Freshness, 'unfinishedMs'>;
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
 * Reads what is wanted besides, whenever this replica reads a list: what other replicas want, and what is in demand here. The pages
 * of a list show the jobs of all of them. What comes of it is for Redis alone, where this replica knows nothing of the job.
 */
export class TakenAlong {
  readonly #options: TakenAlongOptions;
  /** What Redis has of the jobs that are read now. */
  readonly #known = new Map<string, JobEntry>();
  /** The reads of now. Each ends with nothing where it failed. */
  readonly #reads = new Map<string, Promise<Reading | undefined>>();
  /** By how many GetPackageJob calls in a row jobs were read. */
  readonly #gets = new LRUCache<string, number>({ max: 10_000, ttl: 30_000 });

  constructor(options: TakenAlongOptions) {
    this.#options = options;
  }

  /** What the planner may know: memory, and what is read along. What is in demand is read along, unless this replica is alone. */
  get memory(): JobMemory {
    const { memory, connection } = this.#options;
    return {
      unfinishedMs: memory.unfinishedMs,
      peek: (id) => memory.peek(id) ?? this.#known.get(id),
      inDemand: () => (connection.mode === 'alone' ? memory.inDemand() : []),
      ingest: (id, reading) => this.#ingest(id, reading),
    };
  }

  /** The read of a job that is under way. */
  reading(id: string): Promise<Reading | undefined> | undefined {
    return this.#reads.get(id);
  }

  /** The jobs that may be read with these. */
  candidates(leading: readonly LeadingRead[]): string[] {
    const { interest, memory } = this.#options;
    const own = new Set(leading.map(({ id }) => id));
    const isSweep = leading.some(({ context }) => context.client === '');
    const max = isSweep ? Math.max(MAX_OF_CLIENT, TIMES_OWN * leading.length) : MAX_OF_CLIENT;
    const candidates = new Set<string>();
    for (const ids of [memory.inDemand().map(([id]) => id), interest.others]) {
      for (const id of ids) {
        if (candidates.size >= max) break;
        if (!own.has(id) && (this.#gets.get(id) ?? 0) < MAX_GETS) candidates.add(id);
      }
    }
    return [...candidates];
  }

  /** How old the state of a job has to be that is read with so many, in milliseconds. */
  leastAgeMs(leading: number): number {
    const part = leading > FEW ? PART : PART_OF_FEW;
    return Math.ceil(part * this.#options.freshness.unfinishedMs);
  }

  /**
   * Reads those that were claimed. It is to be called in the same turn of the event loop as the reads that lead, so that all are
   * planned together.
   */
  read(
    leading: readonly LeadingRead[],
    found: readonly (readonly [id: string, found: FoundState | undefined])[],
    ice: JobSource<Reading>,
  ): void {
    const claimed = found.flatMap(([id, state]) =>
      state?.standing === 'claimed' ? [[id, state.entry] as const] : [],
    );
    // Nothing leads where what was due is read by a batch before this one.
    const listed = claimed.flatMap(([id, entry]) =>
      leading.length > 0 && entry !== undefined && isListable(entry) ? [[id, entry] as const] : [],
    );
    if (listed.length < claimed.length) {
      const kept = new Set(listed.map(([id]) => id));
      this.#options.claims.giveUp(claimed.flatMap(([id]) => (kept.has(id) ? [] : [id])));
    }
    if (listed.length > 0) void this.#readAll(listed, leading, ice);
  }

  async #readAll(
    claimed: readonly (readonly [id: string, entry: JobEntry])[],
    leading: readonly LeadingRead[],
    ice: JobSource<Reading>,
  ): Promise<void> {
    const reads = claimed.map(([id, entry]) => {
      const read = this.#read(id, entry, leading, ice);
      this.#reads.set(id, read);
      return read;
    });
    const readings = await Promise.all(reads);
    for (const [index, [id]] of claimed.entries())
      if (this.#reads.get(id) === reads[index]) this.#reads.delete(id);
    const sources = readings.map((reading) =>
      reading && reading.job !== null && !isFinished(reading.job) ? reading.source : undefined,
    );
    // Without a list all of them are got, and that says nothing of any.
    if (!sources.includes('checked list')) return;
    for (const [index, [id]] of claimed.entries()) {
      if (sources[index] === 'get') this.#gets.set(id, (this.#gets.get(id) ?? 0) + 1);
      else this.#gets.delete(id);
    }
  }

  async #read(
    id: string,
    entry: JobEntry,
    leading: readonly LeadingRead[],
    ice: JobSource<Reading>,
  ): Promise<Reading | undefined> {
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
      return reading;
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
