import type { CallContext, IceClient } from '../ice/client.ts';
import type { Counters } from '../ice/counters.ts';
import type { IceJob } from '../ice/decode.ts';
import type { Known } from './freshness.ts';
import { FEW, listUnfinished, type Wanted } from './listing.ts';
import { isFinished } from './model.ts';

/** What ICE said about an id, and when. */
export interface Reading {
  readonly job: IceJob | null;
  /** When the call that told it began, in milliseconds since 1970. */
  readonly observedAt: number;
  /** Whether GetPackageJob told it, the only authority for finished and missing jobs and for `outputUrl`. */
  readonly isConfirmed: boolean;
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
  readonly counters: Pick<Counters, 'listBatches' | 'listContradictions'>;
  /** Told that a list still showed a job as unfinished that had finished before the list was asked for. */
  readonly onContradiction: (id: string) => void;
}

/** How long lists are left alone after one was wrong, in milliseconds. */
export const DISTRUST_MS = 60_000;

interface Read {
  readonly id: string;
  /** How a list finds the job, under the id it has there; `undefined` when none can. */
  readonly wanted: Wanted | undefined;
  /** When GetPackageJob last told of it. */
  readonly confirmedAt: number;
  readonly context: CallContext;
  readonly resolve: (reading: Reading | Promise<Reading>) => void;
  readonly reject: (error: unknown) => void;
}

type ListableRead = Read & { readonly wanted: Wanted };

/**
 * ICE has no multi-get, but a page of its list of unfinished jobs holds 100. When more than a few jobs are wanted whose
 * last state is unfinished, such a list is read instead: a job on it is unfinished still, one missing from it has
 * changed and gets its own GetPackageJob.
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
    const reads = pending;
    pending = [];
    const listable = isListBatchingOn && now() >= distrustedUntil ? reads.filter(isListable) : [];
    const byList = new Set<Read>(listable.length > FEW ? listable : []);
    for (const read of reads) if (!byList.has(read)) read.resolve(get(read));
    if (byList.size > 0)
      readByList(listable).catch((bug: unknown) => listable.forEach((read) => read.reject(bug)));
  }

  async function get({ id, context }: Pick<Read, 'id' | 'context'>): Promise<Reading> {
    const { value: job, observedAt } = await ice.getPackageJob(id, context);
    // It speaks for `outputUrl` even by leaving it out.
    return { job: job && { ...job, outputUrl: job.outputUrl ?? null }, observedAt, isConfirmed: true };
  }

  async function readByList(reads: readonly ListableRead[]): Promise<void> {
    const [spot] = reads.toSorted((a, b) => a.confirmedAt - b.confirmedAt);
    const context = sharedContext(reads);
    const spotCheck = spot && get({ ...spot, context }).catch(() => undefined);
    const listing = await listUnfinished(
      reads.map(({ wanted }) => wanted),
      ice,
      context,
    ).catch(() => undefined);
    counters.listBatches += 1;
    const checked = await spotCheck;
    const isTrusted = listing !== undefined && !(await isContradicted(spot, checked, listing, context));
    const unread = new Set(listing?.unread.map(({ id }) => id));
    for (const read of reads) {
      const listed = listing?.unfinished.get(read.wanted.id);
      if (read === spot && checked !== undefined) read.resolve(checked);
      else if (isTrusted && listed && !unread.has(read.wanted.id))
        read.resolve({ ...listed, isConfirmed: false });
      else read.resolve(get(read));
    }
  }

  /** Whether ICE lists the job although it had finished before. A list and a get at the same time prove nothing. */
  async function isContradicted(
    spot: ListableRead | undefined,
    checked: Reading | undefined,
    listing: { readonly unfinished: ReadonlyMap<string, unknown> },
    context: CallContext,
  ): Promise<boolean> {
    if (spot === undefined || checked === undefined || !listing.unfinished.has(spot.wanted.id)) return false;
    if (checked.job !== null && !isFinished(checked.job)) return false;
    const again = await listUnfinished([spot.wanted], ice, context).catch(() => undefined);
    if (again?.unfinished.has(spot.wanted.id) !== true) return false;
    distrustedUntil = now() + DISTRUST_MS;
    counters.listContradictions += 1;
    options.onContradiction(spot.id);
    return true;
  }

  return {
    read(id, known, context) {
      const { promise, resolve, reject } = Promise.withResolvers<Reading>();
      if (pending.length === 0) setImmediate(plan);
      const confirmedAt = known?.confirmedAt ?? 0;
      pending.push({ id, wanted: wantedOf(known), confirmedAt, context, resolve, reject });
      return promise;
    },
  };
}

function isListable(read: Read): read is ListableRead {
  return read.wanted !== undefined;
}

function wantedOf(known: Known | undefined): Wanted | undefined {
  const { id, status, createTime } = known?.job ?? {};
  return id !== undefined && status === 'INIT' && typeof createTime === 'string'
    ? { id, createTime }
    : undefined;
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
