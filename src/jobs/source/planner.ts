import type { CallContext, IceClient } from '../../ice/client.ts';
import { IceError } from '../../ice/errors.ts';
import { NO_SCOPES, type Scopes } from '../../scopes.ts';
import { createSlices } from '../../slices.ts';
import type { JobsEmitter } from '../events.ts';
import { MAX_JOBS } from '../input.ts';
import { isFinished } from '../model.ts';
import type { JobEntry } from '../store/entry.ts';
import type { JobMemory, JobSource, Reading } from './job-source.ts';
import { ListTrust, type Checkable, type Distrust } from './list-trust.ts';
import { NewestLists, type Listed, type NewestList } from './newest-list.ts';
import { payerOf, sharedContext } from './shared-context.ts';
import { FEW, listUnfinished, type UnfinishedList, type Wanted } from './unfinished-list.ts';

export interface PlannerOptions {
  readonly ice: Pick<IceClient, 'getPackageJob' | 'listPackageJobs'>;
  readonly memory: JobMemory;
  /** Whether one list may replace many gets. */
  readonly isListBatchingOn: boolean;
  readonly now: () => number;
  readonly events: JobsEmitter;
  /** Until when no list is used because one was wrong. @default what this process has found */
  readonly distrust?: Distrust | undefined;
  /** @default {@link NO_SCOPES} */
  readonly scopes?: Scopes | undefined;
}

/** The most jobs in demand that one batch refreshes. More of them would make its readers wait for many pages. */
const MAX_REFRESHED = 400;

/** For this many jobs or more of which nothing is known, the newest jobs are listed first. */
const MANY = 10;

/** So many gets begin at once. Each takes about a tenth of a millisecond until it waits for its turn. */
const AT_ONCE = 16;

interface Read {
  readonly id: string;
  readonly detail: 'summary' | 'detail';
  readonly context: CallContext;
  /** Runs something on behalf of whoever asked. */
  readonly inScope: <T>(run: () => T) => T;
  readonly resolve: (reading: Reading | Promise<Reading>) => void;
  readonly reject: (error: unknown) => void;
}

/** A job that a list of unfinished ones can show. */
interface Listable extends Checkable {
  /** How the list finds it. */
  readonly wanted: Wanted;
  /** The read that waits for it. It is `undefined` when the job is only in demand. */
  readonly read: Read | undefined;
}

/**
 * Reads jobs in as few calls as it can. Jobs that are asked for in the same turn of the event loop, for whichever
 * operations, are planned together.
 *
 * ICE has no multi-get, but a page of its list of jobs holds 100.
 *
 * - A list of unfinished jobs is read when more than a few jobs are wanted or in demand whose last state is unfinished. A job on
 *   the list is still unfinished. A job that is missing from it has changed, and is read by GetPackageJob when somebody waits
 *   for it.
 * - The newest jobs are listed when many jobs are wanted of which nothing is known. A job on the list that has finished stays so.
 *   One that is not on it is read by GetPackageJob. Where the newest jobs are none of those wanted, they are listed less and
 *   less often.
 *
 * What lists say of unfinished jobs counts while they are trusted, see {@link ListTrust}.
 */
export function createPlanner(options: PlannerOptions): JobSource<Reading> {
  const planner = new Planner(options);
  return { read: (id, detail, context) => planner.read(id, detail, context) };
}

class Planner {
  readonly #options: PlannerOptions;
  readonly #trust: ListTrust;
  readonly #newest: NewestLists;
  readonly #slices = createSlices();
  #pending: Read[] = [];

  constructor(options: PlannerOptions) {
    const { ice, now, events, distrust } = options;
    this.#options = options;
    const get = (id: string, context: CallContext) => this.#get({ id, context });
    this.#trust = new ListTrust({ ice, get, now, events, distrust });
    this.#newest = new NewestLists({ ice, maxAgeMs: options.memory.unfinishedMs, now });
  }

  read(id: string, detail: Read['detail'], context: CallContext): Promise<Reading> {
    const { promise, resolve, reject } = Promise.withResolvers<Reading>();
    if (this.#pending.length === 0) setImmediate(() => this.#plan());
    const inScope = (this.#options.scopes ?? NO_SCOPES).capture();
    this.#pending.push({ id, detail, context, inScope, resolve, reject });
    return promise;
  }

  #plan(): void {
    const reads = this.#pending.filter(({ context }) => !context.signal.aborted);
    // Their abort events have passed already.
    for (const { context, reject } of this.#pending) if (context.signal.aborted) reject(timeout());
    this.#pending = [];
    const { memory, isListBatchingOn } = this.#options;
    const isOn = isListBatchingOn && this.#trust.isOn;
    const summaries = isOn ? reads.filter(({ detail }) => detail === 'summary') : [];
    const due = summaries.flatMap((read) => listable(read.id, memory.peek(read.id), read));
    const batch = due.length === 0 ? [] : [...due, ...this.#refreshable(due)];
    const unknown = summaries.filter(({ id }) => memory.peek(id) === undefined);
    const byNewest = unknown.length >= MANY && this.#newest.isWorthATry ? unknown : [];
    const byUnfinished = batch.length > FEW ? due.flatMap(({ read }) => read ?? []) : [];
    const byList = new Set([...byNewest, ...byUnfinished]);
    this.#beginGets(reads.filter((read) => !byList.has(read)));
    if (byUnfinished.length > 0) rejectOnFailure(this.#readUnfinished(batch), byUnfinished);
    if (byNewest.length > 0) rejectOnFailure(this.#readNewest(byNewest), byNewest);
  }

  /** Jobs in demand expire one by one. Once they are refreshed together, they expire together from then on. */
  #refreshable(due: readonly Listable[]): readonly Listable[] {
    const isDue = new Set(due.map(({ id }) => id));
    const others = this.#options.memory.inDemand().filter(([id]) => !isDue.has(id));
    const oldestFirst = others.toSorted(([, a], [, b]) => a.validatedAt - b.validatedAt);
    return oldestFirst.slice(0, MAX_REFRESHED).flatMap(([id, known]) => listable(id, known, undefined));
  }

  async #get({ id, context }: Pick<Read, 'id' | 'context'>): Promise<Reading> {
    const { value: job, observedAt } = await this.#options.ice.getPackageJob(id, context);
    // A response without `outputUrl` says that there is none.
    return { job: job && { ...job, outputUrl: job.outputUrl ?? null }, observedAt, source: 'get' };
  }

  /** Begins gets. Many of them begin in slices, so that others are served in between. */
  #beginGets(reads: readonly Read[]): void {
    for (const read of reads) {
      if (reads.length <= AT_ONCE) this.#beginGet(read);
      else void this.#slices.next(read.context.client).then(() => this.#beginGet(read));
    }
  }

  /** Nobody waits for a read that was given up. */
  #beginGet(read: Read): void {
    if (read.context.signal.aborted) return read.reject(timeout());
    const reading = read.inScope(() => this.#get(read));
    // Whoever reads sees the failure. It must not be unhandled when the read has ended before.
    reading.catch(() => undefined);
    read.resolve(reading);
  }

  /** Ends reads by what a list said. The others are begun as gets. */
  #settle(settled: readonly (readonly [read: Read, reading: Reading | undefined])[]): void {
    for (const [read, reading] of settled) if (reading !== undefined) read.resolve(reading);
    this.#beginGets(settled.flatMap(([read, reading]) => (reading === undefined ? [read] : [])));
  }

  async #readUnfinished(batch: readonly Listable[]): Promise<void> {
    const { memory } = this.#options;
    const reads = batch.flatMap(({ read }) => read ?? []);
    rejectOnAbort(reads);
    const spot = this.#trust.spotOf(batch);
    const context = sharedContext(reads);
    const check = spot && this.#trust.check(spot.id, context);
    // A job may be read more than once at a time, when some cannot wait for what others have begun.
    const byListedId = Map.groupBy(batch, (job) => job.wanted.id);
    const got = new Set<Listable>();
    const listing = await this.#listUnfinished(batch, context, (missing) => {
      // They have changed, whatever else comes of the list.
      const changed = [...new Set(missing.map(({ id }) => id))].flatMap((id) => byListedId.get(id) ?? []);
      const reads = changed.flatMap((job) => {
        if (job === spot || job.read === undefined) return [];
        got.add(job);
        return [job.read];
      });
      this.#beginGets(reads);
    });
    const checked = await check;
    const isSpotListed = spot !== undefined && listing?.unfinished.has(spot.wanted.id) === true;
    const isTrusted =
      listing !== undefined &&
      !(isSpotListed && (await this.#trust.isContradicted(checked, spot.wanted.id, context)));
    const missed = new Set((listing?.missed ?? batch.map(({ wanted }) => wanted)).map(({ id }) => id));
    const unread = new Set([...(listing?.unread.map(({ id }) => id) ?? []), ...missed]);
    const turnKey = payerOf(reads)?.context.turnKey;
    const settled: [Read, Reading | undefined][] = [];
    for (const job of batch) {
      const { id, wanted, read } = job;
      if (got.has(job)) continue;
      // A sweep comes again soon. Gets of all that it has missed would take the whole call budget.
      if (read?.context.client === '' && missed.size > MAX_JOBS && missed.has(wanted.id)) {
        read.reject(timeout());
        continue;
      }
      const listed = isTrusted && !unread.has(wanted.id) && listing.unfinished.get(wanted.id);
      const isShared = read?.context.turnKey !== turnKey;
      const byList = listed ? ({ ...listed, source: 'checked list', isShared } as const) : undefined;
      const reading: Reading | undefined = (job === spot ? checked : undefined) ?? byList;
      if (read !== undefined) settled.push([read, reading]);
      else if (reading !== undefined) memory.ingest(id, reading);
    }
    this.#settle(settled);
    if (isTrusted) this.#ingestOthers(listing, byListedId);
  }

  /** A list also shows jobs that it was not read for. */
  #ingestOthers({ unfinished }: UnfinishedList, batch: ReadonlyMap<string, unknown>): void {
    const { memory } = this.#options;
    for (const [id, listed] of unfinished) {
      if (!batch.has(id) && memory.peek(id)?.job?.status === 'INIT')
        memory.ingest(id, { ...listed, source: 'checked list' });
    }
  }

  /** Gives `undefined` when the list fails. */
  async #listUnfinished(
    batch: readonly Listable[],
    context: CallContext,
    onMissing: (missing: readonly Wanted[]) => void,
  ): Promise<UnfinishedList | undefined> {
    const { ice, events } = this.#options;
    try {
      const wanted = batch.map((job) => job.wanted);
      const listing = await listUnfinished(wanted, ice, context, onMissing);
      events.emit('listBatch', batch.length);
      return listing;
    } catch (error) {
      this.#trust.failed(error);
      return undefined;
    }
  }

  /** Reads jobs of which nothing is known. */
  async #readNewest(reads: readonly Read[]): Promise<void> {
    const { memory } = this.#options;
    rejectOnAbort(reads);
    const listing = await this.#listNewest(reads);
    const settled: [Read, Reading | undefined][] = [];
    const unfinished: Read[] = [];
    const wanted = new Set<string>();
    for (const read of reads) {
      const listed = listing?.jobs.get(read.id);
      wanted.add(read.id);
      if (listed === undefined) settled.push([read, undefined]);
      else if (isFinished(listed.job)) settled.push([read, readingOf(listed, read, 'list')]);
      else unfinished.push(read);
    }
    this.#settle(settled);
    const isTrusted = await this.#settleUnfinished(unfinished, listing);
    const source = isTrusted ? 'checked list' : 'list';
    for (const [id, { job, observedAt }] of listing?.all ?? []) {
      // What nobody has asked for must not take the place of what somebody has.
      if (!wanted.has(id) && memory.peek(id) !== undefined) memory.ingest(id, { job, observedAt, source });
    }
  }

  /** What the list says of unfinished jobs counts once it was checked on one of them. */
  async #settleUnfinished(reads: readonly Read[], listing: NewestList | undefined): Promise<boolean> {
    const spot = this.#trust.spotOf(reads.map(({ id }) => ({ id, lastGetAt: 0 })));
    if (spot === undefined) return false;
    const context = sharedContext(reads);
    const checked = await this.#trust.check(spot.id, context);
    const isTrusted = !(await this.#trust.isContradicted(checked, spot.id, context));
    const settled: [Read, Reading | undefined][] = [];
    for (const read of reads) {
      const listed = isTrusted ? listing?.jobs.get(read.id) : undefined;
      const byList = listed && readingOf(listed, read, 'checked list');
      settled.push([read, (read.id === spot.id ? checked : undefined) ?? byList]);
    }
    this.#settle(settled);
    return isTrusted && checked !== undefined;
  }

  /** Gives `undefined` when the list fails. */
  async #listNewest(reads: readonly Read[]): Promise<NewestList | undefined> {
    try {
      const listing = await this.#newest.list(reads);
      if (listing.jobs.size > 0) this.#options.events.emit('listBatch', listing.jobs.size);
      return listing;
    } catch (error) {
      this.#trust.failed(error);
      return undefined;
    }
  }
}

/** What a list says of a job, for one who reads it. */
function readingOf({ job, observedAt, payer }: Listed, read: Read, source: Reading['source']): Reading {
  return { job, observedAt, source, isShared: read.context.turnKey !== payer };
}

/** Others may wait longer than a read whose time is up. */
function rejectOnAbort(reads: readonly Read[]): void {
  for (const { context, reject } of reads)
    context.signal.addEventListener('abort', () => reject(timeout()), { once: true });
}

function rejectOnFailure(work: Promise<void>, reads: readonly Read[]): void {
  work.catch((error: unknown) => {
    for (const { reject } of reads) reject(error);
  });
}

function timeout(): IceError {
  return new IceError('UPSTREAM_TIMEOUT', { action: 'ListPackageJobs' });
}

/** The job, if a list of unfinished ones can show it. */
function listable(id: string, known: JobEntry | undefined, read: Read | undefined): readonly Listable[] {
  const job = known?.job;
  if (!known || job?.status !== 'INIT' || job.createTime === null) return [];
  return [{ id, wanted: { id: job.id, createTime: job.createTime }, lastGetAt: known.lastGetAt, read }];
}
