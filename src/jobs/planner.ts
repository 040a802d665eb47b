import type { CallContext, IceClient } from '../ice/client.ts';
import type { Counters } from '../ice/counters.ts';
import type { IceJob } from '../ice/decode.ts';
import type { Known } from './freshness.ts';
import { IceError } from '../ice/errors.ts';
import { FEW, listUnfinished, type Listing, type Wanted } from './listing.ts';
import { isFinished } from './model.ts';

/** What ICE said about an id, and when. */
export interface Reading {
  readonly job: IceJob | null;
  /** When the call that told it began, in milliseconds since 1970. */
  readonly observedAt: number;
  /**
   * Who told it. `get`: GetPackageJob, the only authority for finished and missing jobs and for `outputUrl`.
   * `checked list`: a list that was checked on one job. `list`: one that was not, and may lag. `submission`: what
   * SubmitPackageJob has accepted, which reads may not show yet.
   */
  readonly source: 'get' | 'checked list' | 'list' | 'submission';
  /** Whether the call was made for another operation's reads as well, and is written down there. */
  readonly isShared?: boolean;
}

/** Reads jobs in as few calls as it can. */
export interface Planner {
  /**
   * Reads one job. Jobs asked for in the same turn of the event loop, for whichever operations, are planned together.
   *
   * @param known what is known of the job so far; `undefined` asks for GetPackageJob
   * @throws {IceError}
   */
  read(id: string, known: Known | undefined, context: CallContext): Promise<Reading>;
}

export interface PlannerOptions {
  readonly ice: Pick<IceClient, 'getPackageJob' | 'listPackageJobs'>;
  /** Whether one list may replace many gets. */
  readonly isListBatchingOn: boolean;
  readonly now: () => number;
  /** Unfinished jobs that are read more often than they expire, so that a list may as well refresh them. */
  readonly inDemand: () => readonly (readonly [id: string, known: Known])[];
  /** Whether the job is remembered as unfinished. */
  readonly isUnfinished: (id: string) => boolean;
  /** Takes in what was told of remembered jobs that nobody waits for. */
  readonly learn: (id: string, reading: Reading) => void;
  readonly counters: Pick<Counters, 'listBatches' | 'listContradictions'>;
  /** Told that a list still showed a job as unfinished that had finished before the list was asked for. */
  readonly onContradiction: () => void;
}

/** How long lists are left alone after one was wrong, in milliseconds. */
export const DISTRUST_MS = 60_000;

/** How long lists are left alone after one failed, in milliseconds. */
const PAUSE_MS = 5000;

/** The most jobs in demand that one batch refreshes, so that its readers do not wait for many pages. */
const MAX_REFRESHED = 400;

interface Read {
  readonly id: string;
  readonly known: Known | undefined;
  readonly context: CallContext;
  readonly resolve: (reading: Reading | Promise<Reading>) => void;
  readonly reject: (error: unknown) => void;
}

/** A job that a list is to tell of. */
interface Listable {
  readonly id: string;
  /** How a list finds it, under the id it has there. */
  readonly wanted: Wanted;
  /** When GetPackageJob last told of it. */
  readonly confirmedAt: number;
  /** Who waits for it; `undefined` when it is only in demand. */
  readonly read: Read | undefined;
}

/**
 * ICE has no multi-get, but a page of its list of unfinished jobs holds 100. When more than a few jobs are wanted or in
 * demand whose last state is unfinished, such a list is read instead: a job on it is unfinished still, one missing from
 * it has changed and gets its own GetPackageJob when somebody waits for it.
 *
 * ICE says nothing of how far a list lags. So every list is checked on the job whose last GetPackageJob is longest ago:
 * when that has finished and a list asked for after that still shows it, lists are not trusted for {@link DISTRUST_MS},
 * and none of what this one said is used. Thus a wrong list is found within as many reads as it has jobs.
 */
export function createPlanner(options: PlannerOptions): Planner {
  const { ice, now, isListBatchingOn, counters } = options;
  let pending: Read[] = [];
  let distrustedUntil = Number.NEGATIVE_INFINITY;

  function plan(): void {
    const reads = pending.filter(({ context }) => !context.signal.aborted);
    // Nothing would tell of these any more.
    for (const { context, reject } of pending) if (context.signal.aborted) reject(timeout());
    pending = [];
    const isOn = isListBatchingOn && now() >= distrustedUntil;
    const due = isOn ? reads.flatMap((read) => listable(read.id, read.known, read)) : [];
    const batch = due.length === 0 ? [] : [...due, ...refreshable(due)];
    const byList = new Set(batch.length > FEW ? due.map(({ read }) => read) : []);
    for (const read of reads) if (!byList.has(read)) read.resolve(get(read));
    if (byList.size > 0) readByList(batch).catch((bug: unknown) => reads.forEach((read) => read.reject(bug)));
  }

  /** Jobs in demand expire one by one; refreshed together they expire together, and are due together from then on. */
  function refreshable(due: readonly Listable[]): readonly Listable[] {
    const isDue = new Set(due.map(({ id }) => id));
    const others = options.inDemand().filter(([id]) => !isDue.has(id));
    const oldestFirst = others.toSorted(([, a], [, b]) => a.vouchedAt - b.vouchedAt);
    return oldestFirst.slice(0, MAX_REFRESHED).flatMap(([id, known]) => listable(id, known, undefined));
  }

  async function get({ id, context }: Pick<Read, 'id' | 'context'>): Promise<Reading> {
    const { value: job, observedAt } = await ice.getPackageJob(id, context);
    // It speaks for `outputUrl` even by leaving it out.
    return { job: job && { ...job, outputUrl: job.outputUrl ?? null }, observedAt, source: 'get' };
  }

  async function readByList(batch: readonly Listable[]): Promise<void> {
    const reads = batch.flatMap(({ read }) => read ?? []);
    for (const { context, reject } of reads) {
      // Others may wait longer than this one.
      context.signal.addEventListener('abort', () => reject(timeout()), { once: true });
    }
    const [spot] = batch.toSorted((a, b) => a.confirmedAt - b.confirmedAt);
    const context = sharedContext(reads);
    const spotCheck = spot && get({ id: spot.id, context }).catch(() => undefined);
    const listing = await list(batch, context);
    const checked = await spotCheck;
    const isTrusted = listing !== undefined && !(await isContradicted(spot, checked, listing, context));
    const unread = new Set(listing?.unread.map(({ id }) => id));
    for (const { id, wanted, read } of batch) {
      const listed = isTrusted && !unread.has(wanted.id) && listing.unfinished.get(wanted.id);
      const isShared = read?.context.caller !== reads[0]?.context.caller;
      const reading: Reading | undefined =
        id === spot?.id && checked !== undefined
          ? checked
          : listed
            ? { ...listed, source: 'checked list', isShared }
            : undefined;
      if (read === undefined) {
        if (reading !== undefined) options.learn(id, reading);
      } else if (!read.context.signal.aborted) read.resolve(reading ?? get(read));
    }
    if (isTrusted) learnOthers(listing, new Set(batch.map(({ wanted }) => wanted.id)));
  }

  /** A list tells of all jobs on it for the price of those it was read for. */
  function learnOthers({ unfinished }: Listing, batch: ReadonlySet<string>): void {
    for (const [id, listed] of unfinished) {
      if (!batch.has(id) && options.isUnfinished(id))
        options.learn(id, { ...listed, source: 'checked list' });
    }
  }

  /** `undefined` when ICE fails to list, which is then left alone for a while: gets may work all the same. */
  async function list(batch: readonly Listable[], context: CallContext): Promise<Listing | undefined> {
    try {
      const listing = await listUnfinished(
        batch.map(({ wanted }) => wanted),
        ice,
        context,
      );
      counters.listBatches += 1;
      return listing;
    } catch {
      distrust(PAUSE_MS);
      return undefined;
    }
  }

  function distrust(forMs: number): void {
    distrustedUntil = Math.max(distrustedUntil, now() + forMs);
  }

  /** Whether ICE lists the job although it had finished before. A list and a get at the same time prove nothing. */
  async function isContradicted(
    spot: Listable | undefined,
    checked: Reading | undefined,
    { unfinished }: Listing,
    context: CallContext,
  ): Promise<boolean> {
    if (spot === undefined || checked === undefined || !unfinished.has(spot.wanted.id)) return false;
    if (checked.job !== null && !isFinished(checked.job)) return false;
    const query = { jobId: spot.wanted.id, status: 'Init', orderBy: 'CreateTimeAsc', pageSize: 1 } as const;
    const again = await ice.listPackageJobs(query, context).catch(() => undefined);
    if (again?.value.jobs.some(({ id }) => id === spot.wanted.id) !== true) return false;
    distrust(DISTRUST_MS);
    counters.listContradictions += 1;
    options.onContradiction();
    return true;
  }

  return {
    read(id, known, context) {
      const { promise, resolve, reject } = Promise.withResolvers<Reading>();
      if (pending.length === 0) setImmediate(plan);
      pending.push({ id, known, context, resolve, reject });
      return promise;
    },
  };
}

function timeout(): IceError {
  return new IceError('UPSTREAM_TIMEOUT', { action: 'ListPackageJobs' });
}

/** The job as one that a list can tell of, or nothing. */
function listable(id: string, known: Known | undefined, read: Read | undefined): readonly Listable[] {
  const job = known?.job;
  if (!known || job?.status !== 'INIT' || job.createTime === null) return [];
  return [{ id, wanted: { id: job.id, createTime: job.createTime }, confirmedAt: known.confirmedAt, read }];
}

/** A context for calls made for all of these reads: it ends with the last of them, and has a turn of its own. */
function sharedContext(reads: readonly Read[]): CallContext {
  const controller = new AbortController();
  let left = reads.length;
  for (const { context } of reads) {
    const leave = () => {
      left -= 1;
      if (left === 0) controller.abort();
    };
    if (context.signal.aborted) leave();
    else context.signal.addEventListener('abort', leave, { once: true });
  }
  return { signal: controller.signal, caller: controller, record: (call) => reads[0]?.context.record(call) };
}
