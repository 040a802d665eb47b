import type { CallContext } from '../../ice/client.ts';
import { IceError } from '../../ice/errors.ts';
import type { CacheStatus, JobsEmitter } from '../events.ts';
import { isFinished } from '../model.ts';
import { ownText } from '../text.ts';
import { jobBytes } from '../weight.ts';
import { BOUNDS } from '../../bounds.ts';
import { NO_SCOPES, type Scopes } from '../../scopes.ts';
import { MeasuredCache, type Caches } from '../../measured-cache.ts';
import type { CreateJobSource, SharedMemory, JobSource, Reading, SharedState } from '../source/job-source.ts';
import {
  canServeStale,
  hasDetail,
  isFresh,
  isSettling,
  isUnchanged,
  maxAgeMs,
  merged,
  supersedes,
  type Detail,
  type Freshness,
  type JobEntry,
} from './entry.ts';
import type { Flight } from './flight.ts';
import { Flights } from './flights.ts';
import { completed, entryOf, isNoNews, isSame, isSameKnowledge } from './reading.ts';
import { ClientReads } from './reads.ts';

/** On whose behalf a job is read. */
export interface ReadContext extends CallContext {
  /** Is called when the read was answered without a call of its own. */
  readonly onCacheStatus: (status: CacheStatus) => void;
}

/** A change of what is known of an id. */
export interface JobChange {
  readonly id: string;
  readonly entry: JobEntry;
  /** What was known before, where the store still had it. */
  readonly before: JobEntry | undefined;
}

/**
 * Says that some states are the latest known and fresh. It holds between `since` and `until`, in milliseconds since 1970,
 * for as long as nothing is stored or evicted.
 */
export interface StatesCheck {
  readonly version: number;
  readonly since: number;
  readonly until: number;
  /** How many states it is of. */
  readonly states: number;
  /** When the oldest unfinished one of them was validated. Without any it is infinite. */
  readonly oldest: number;
}

/** The states that a response shows, by id. They are weak, so that none stays in memory once a later one replaces it. */
export type Dependencies = ReadonlyMap<string, WeakRef<JobEntry>>;

export interface JobStoreOptions {
  readonly source: CreateJobSource;
  readonly freshness: Freshness;
  /** The most ids remembered. Large states count as several. The least recently used are evicted first. */
  readonly maxJobs: number;
  /** The most that their states take, in bytes, but 8 MiB at least. @default as much as so many usual jobs */
  readonly maxBytes?: number | undefined;
  readonly now: () => number;
  readonly events: JobsEmitter;
  readonly caches?: Caches | undefined;
  /** @default {@link NO_SCOPES} */
  readonly scopes?: Scopes | undefined;
}

/** What an entry takes besides its job, in bytes, as measured on 64 bits. */
const ENTRY_BYTES = 230;

/** What the states may take in all where few are remembered, in bytes. */
const LEAST_BYTES = 8 * 1024 * 1024;

/** The most entries of {@link JobStore.absence}. */
const MAX_ABSENCES = 10_000;

/**
 * What is known of jobs. All operations share it.
 *
 * A state is served for as long as {@link Freshness} allows. Only a later state replaces it. It is never a mixture of two
 * states. One read serves all who ask meanwhile. What a client may see is decided above the store, never in it.
 */
export class JobStore implements SharedMemory {
  readonly #source: JobSource;
  readonly #freshness: Freshness;
  readonly #now: () => number;
  readonly #events: JobsEmitter;
  readonly #scopes: Scopes;
  readonly #entries: MeasuredCache<string, JobEntry>;
  /**
   * States that a later reading could take back, of jobs that {@link #entries} does not have any more: finished jobs, which a
   * list that lags shows as unfinished, and accepted ones, which a read may not find. Nothing is served from here.
   */
  readonly #lasting = new MeasuredCache<string, JobEntry>({
    maxSize: BOUNDS.lastingStates.max,
    sizeCalculation: bytesOf,
  });
  /** See {@link absence}. Early eviction only makes an age younger. */
  readonly #absences = new MeasuredCache<string, JobEntry>({ max: MAX_ABSENCES });
  /** The reads in flight, of jobs here and of pages elsewhere. */
  readonly reads = new ClientReads();
  readonly #flights: Flights<JobEntry>;
  /** Unfinished jobs that were served from memory since they were last read. */
  readonly #inDemand = new Set<string>();
  readonly #listeners = new Set<(change: JobChange) => void>();
  readonly #onIngest = new Set<(id: string, entry: JobEntry) => void>();
  /** Grows when anything is stored or evicted. */
  #version = 0;

  constructor(options: JobStoreOptions) {
    const { source, freshness, maxJobs, now, events, caches, scopes = NO_SCOPES } = options;
    const maxBytes = options.maxBytes ?? maxJobs * BOUNDS.cachedJob.max;
    this.#freshness = freshness;
    this.#source = source(this);
    this.#flights = new Flights(now, freshness.unfinishedMs, this.reads);
    this.#now = now;
    this.#events = events;
    this.#scopes = scopes;
    this.#entries = new MeasuredCache({
      max: maxJobs,
      maxSize: Math.max(maxBytes, LEAST_BYTES),
      sizeCalculation: bytesOf,
      dispose: (entry, id, reason) => {
        this.#inDemand.delete(id);
        this.#version += 1;
        if (reason === 'evict') this.#remember(id, entry);
      },
    });
    caches?.set('jobs', this.#entries);
    caches?.set('lasting_jobs', this.#lasting);
  }

  /** How many ids are remembered. */
  get size(): number {
    return this.#entries.size;
  }

  get unfinishedMs(): number {
    return this.#freshness.unfinishedMs;
  }

  /** What the states take in memory, in bytes. */
  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  /**
   * The job, no older than promised. Its `job` is `null` when ICE does not know the id.
   *
   * @throws {IceError} when ICE fails and what is known is too old to be served stale. UPSTREAM_UNAVAILABLE when a list has
   *   shown that the job has finished, but GetPackageJob does not know it yet, so that the detail cannot be had
   */
  async get(id: string, context: ReadContext, detail: Detail = 'summary'): Promise<JobEntry> {
    const fresh = this.getFresh(id, context, detail);
    if (fresh !== undefined) return fresh;
    try {
      const latest = await this.#readShared(id, detail, context);
      if (detail === 'summary' || hasDetail(latest) || isUnread(latest)) return latest;
      // A list overtook the read with a later state, so that state is read in detail.
      const again = await this.#readShared(id, detail, context);
      if (hasDetail(again) || (again.job !== null && !isFinished(again.job))) return again;
      throw new IceError('UPSTREAM_UNAVAILABLE', { action: 'GetPackageJob' });
    } catch (error) {
      const stale = this.#entries.get(id);
      const canServe = stale !== undefined && (detail === 'summary' || hasDetail(stale));
      if (!(error instanceof IceError) || !canServe || !canServeStale(stale, this.#freshness, this.#now()))
        throw error;
      this.#tellServed('stale', 1, oldestOf([stale]));
      context.onCacheStatus('stale');
      return stale;
    }
  }

  /** What is known of the id, if it can be served without asking ICE. */
  getFresh(id: string, context: ReadContext, detail: Detail = 'summary'): JobEntry | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined || (detail === 'detail' && !hasDetail(entry))) return undefined;
    if (!isFresh(entry, this.#freshness, this.#now())) return undefined;
    this.#tellServed('hit', 1, oldestOf([entry]));
    context.onCacheStatus('hit');
    this.#demand(id, entry);
    return entry;
  }

  /**
   * What is known of all of these ids, if none of them needs a call of ICE. Nothing counts it as served, see {@link served}.
   */
  peekFresh(ids: Iterable<string>): Map<string, JobEntry> | undefined {
    const now = this.#now();
    const entries = new Map<string, JobEntry>();
    for (const id of ids) {
      const entry = this.#entries.get(id);
      if (entry === undefined || !isFresh(entry, this.#freshness, now)) return undefined;
      entries.set(id, entry);
    }
    return entries;
  }

  /** Is told that these entries were served from memory. It counts a hit for each. */
  served(entries: ReadonlyMap<string, JobEntry>): void {
    for (const [id, entry] of entries) this.#demand(id, entry);
    this.#tellServed('hit', entries.size, oldestOf(entries.values()));
  }

  /** Says of entries that {@link peekFresh} gave just now for how long they are the latest known and fresh. */
  check(entries: ReadonlyMap<string, JobEntry>): StatesCheck {
    let until = Infinity;
    const now = this.#now();
    for (const entry of entries.values()) until = Math.min(until, now + this.freshForMs(entry));
    const oldest = oldestOf(entries.values());
    return { version: this.#version, since: now, until, states: entries.size, oldest };
  }

  /** Whether a check still holds. If so, its states are served, and it counts a hit for each. */
  holds({ version, since, until, states, oldest }: StatesCheck): boolean {
    const now = this.#now();
    const holds = version === this.#version && now >= since && now < until;
    if (holds) this.#events.emit('cached', 'hit', states, now - oldest);
    return holds;
  }

  /**
   * What would be known of the id if ICE did not know it. It ages as an entry of such an id does, and is another once it has
   * expired.
   *
   * @param observedAt when the read began that found the job, in milliseconds since 1970
   */
  absence(id: string, observedAt: number): JobEntry {
    const known = this.freshAbsence(id);
    if (known !== undefined) return known;
    const entry = { job: null, observedAt, validatedAt: observedAt, lastGetAt: observedAt };
    this.#absences.set(ownText(id), entry);
    return entry;
  }

  /** What {@link absence} gave lately, if it is fresh. With a context it counts as served from memory. */
  freshAbsence(id: string, context?: ReadContext): JobEntry | undefined {
    const known = this.#absences.get(id);
    if (known === undefined || !isFresh(known, this.#freshness, this.#now())) return undefined;
    if (context !== undefined) {
      this.#tellServed('hit', 1, oldestOf([known]));
      context.onCacheStatus('hit');
    }
    return known;
  }

  /**
   * Asks ICE, however fresh the known state is, or joins a read in flight.
   *
   * @throws {IceError} when ICE fails
   */
  refresh(id: string, context: ReadContext): Promise<JobEntry> {
    return this.#readShared(id, 'summary', context);
  }

  /** Asks ICE, if what is known of the id is not fresh any more in so many milliseconds. A failure is nothing. */
  renew(id: string, inMs: number, context: ReadContext): void {
    const entry = this.#entries.peek(id);
    if (entry === undefined || this.freshForMs(entry) <= inMs)
      this.refresh(id, context).catch(() => undefined);
  }

  /** What is known of the id, however old, without a call. */
  peek(id: string): JobEntry | undefined {
    return this.#entries.peek(id);
  }

  /** Milliseconds for which a state may still be served without asking ICE. */
  freshForMs(entry: JobEntry): number {
    return entry.validatedAt + maxAgeMs(entry, this.#freshness) - this.#now();
  }

  /** Unfinished jobs that are read more often than their states expire. */
  inDemand(): readonly (readonly [id: string, entry: JobEntry])[] {
    return [...this.#inDemand].flatMap((id) => {
      const entry = this.#entries.peek(id);
      return entry === undefined ? [] : [[id, entry] as const];
    });
  }

  /** Stores a state, wherever it was read, and returns the latest known state, which may be another. */
  ingest(id: string, reading: Reading): JobEntry {
    const known = this.#entries.peek(id);
    if (known !== undefined && isNoNews(reading, known)) return known;
    const lasting = known?.job ? undefined : this.#lasting.peek(id);
    const next = entryOf(reading, known, lasting);
    let latest = known === undefined || supersedes(next, known) ? next : completed(known, next);
    if (lasting !== undefined && !supersedes(latest, lasting)) latest = completed(lasting, next);
    this.#keep(id, known, latest);
    for (const listener of this.#onIngest) listener(id, latest);
    return latest;
  }

  /** See {@link SharedMemory.adopt}. It returns the latest known state. */
  adopt(id: string, entry: JobEntry): JobEntry {
    const known = this.#entries.peek(id);
    const lasting = known?.job ? undefined : this.#lasting.peek(id);
    let latest = known === undefined ? entry : merged(entry, known);
    if (lasting !== undefined) latest = merged(latest, lasting);
    if (known !== undefined && isSameKnowledge(latest, known)) return known;
    this.#keep(id, known, latest);
    return latest;
  }

  /** See {@link SharedMemory.onIngest}. */
  onIngest(listener: (id: string, entry: JobEntry) => void): void {
    this.#onIngest.add(listener);
  }

  #keep(id: string, known: JobEntry | undefined, latest: JobEntry): void {
    if (known?.job !== undefined && known.job !== null && latest.job === null) this.#remember(id, known);
    // The cache keeps the text that an id came as at first, which may be cut out of a document.
    this.#entries.set(known === undefined ? ownText(id) : id, latest);
    this.#version += 1;
    this.#inDemand.delete(id);
    // A read that began before this state became known may be of an earlier one.
    if (!hasDetail(latest) && !isSame(known?.job ?? null, latest.job)) this.#flights.overtake(id);
    if (known !== undefined && isUnchanged(known.job, latest.job)) return;
    if (latest.job !== null) this.#events.emit('stateFound', latest.job);
    for (const listener of this.#listeners) listener({ id, entry: latest, before: known });
  }

  /** Calls `listener` at once on every change, until the returned function is called. */
  onChange(listener: (change: JobChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Joins a read in flight, or begins one. */
  async #readShared(id: string, detail: Detail, context: ReadContext): Promise<JobEntry> {
    const current = this.#flights.toJoin(id, detail);
    if (current === undefined) return this.#begin(id, detail, context).join(context);
    this.#tellCollapsed(context);
    try {
      return await current.join(context);
    } catch (error) {
      // It was refused before this client joined, because of a bound of those who had begun it.
      if (!(error instanceof IceError) || error.code !== 'RATE_LIMITED') throw error;
      return (this.#flights.toJoin(id, detail) ?? this.#begin(id, detail, context)).join(context);
    }
  }

  #begin(id: string, detail: Detail, context: ReadContext): Flight<JobEntry> {
    // A job of which nothing is known is mostly read in detail, so that who wants that may join.
    const joinedFor = this.#entries.peek(id) === undefined ? 'detail' : detail;
    return this.#flights.begin(id, joinedFor, context, (signal, askers) =>
      this.#scopes.own(() => this.#read(id, detail, { ...context, signal, askers })),
    );
  }

  async #read(id: string, detail: Detail, context: ReadContext): Promise<JobEntry> {
    const read = { id };
    let answer: Reading | SharedState | undefined;
    this.#events.emit('sourceReadStart', read);
    try {
      answer = await this.#source.read(id, detail, context);
      if (answer.source === 'replica') {
        this.#tellServed('hit', 1, oldestOf([answer.entry]));
        context.onCacheStatus('hit');
        return this.adopt(id, answer.entry);
      }
      if (answer.isShared === true) this.#tellCollapsed(context);
      return this.ingest(id, answer);
    } finally {
      const isShared = answer?.source === 'replica' || answer?.isShared === true;
      this.#events.emit('sourceReadEnd', read, answer?.source, isShared);
    }
  }

  /** Keeps a state that is evicted or superseded by its absence, if a later reading could take it back. */
  #remember(id: string, entry: JobEntry): void {
    const isLasting = entry.job !== null && (isFinished(entry.job) || isSettling(entry, this.#now()));
    if (isLasting) this.#lasting.set(id, entry);
  }

  #demand(id: string, { job }: JobEntry): void {
    if (job !== null && !isFinished(job) && !this.#inDemand.has(id)) this.#inDemand.add(ownText(id));
  }

  #tellCollapsed({ onCacheStatus }: ReadContext): void {
    this.#events.emit('cached', 'collapsed', 1, -Infinity);
    onCacheStatus('collapsed');
  }

  #tellServed(status: CacheStatus, states: number, oldest: number): void {
    this.#events.emit('cached', status, states, this.#now() - oldest);
  }
}

/** When the oldest unfinished state was validated. Without any it is infinite. */
function oldestOf(entries: Iterable<JobEntry>): number {
  let oldest = Infinity;
  for (const { job, validatedAt } of entries)
    if (job !== null && !isFinished(job)) oldest = Math.min(oldest, validatedAt);
  return oldest;
}

function bytesOf({ job }: JobEntry): number {
  return ENTRY_BYTES + (job === null ? 0 : jobBytes(job));
}

/** Whether the job is as SubmitPackageJob accepted it, or as a list has shown it since, so that it may have no detail yet. */
function isUnread({ job, acceptedAt }: JobEntry): boolean {
  return acceptedAt !== undefined && (job === null || !isFinished(job));
}
