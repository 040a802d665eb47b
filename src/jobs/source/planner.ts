import type { Admit, Asker } from '../../ice/askers.ts';
import { isUnsent } from '../../ice/breaker.ts';
import type { CallContext, IceClient } from '../../ice/client.ts';
import { IceError } from '../../ice/errors.ts';
import type { JobsEmitter } from '../events.ts';
import { isFinished } from '../model.ts';
import type { JobEntry } from '../store/entry.ts';
import type { JobMemory, JobSource, Reading } from './job-source.ts';
import { FEW, listUnfinished, type UnfinishedList, type Wanted } from './unfinished-list.ts';

export interface PlannerOptions {
  readonly ice: Pick<IceClient, 'getPackageJob' | 'listPackageJobs'>;
  readonly memory: JobMemory;
  /** Whether one list may replace many gets. */
  readonly isListBatchingOn: boolean;
  readonly now: () => number;
  readonly events: JobsEmitter;
}

/** For how long no list is used after one was wrong, in milliseconds. */
export const DISTRUST_MS = 60_000;

/** For how long no list is used after one failed, in milliseconds. */
const PAUSE_MS = 5000;

/** How long the check of a list may take, in milliseconds. All jobs of the list wait for it. */
const CHECK_TIMEOUT_MS = 1000;

/** The most jobs that are remembered for having had no response. */
const MAX_UNANSWERED = 100;

/** The most jobs in demand that one batch refreshes. More of them would make its readers wait for many pages. */
const MAX_REFRESHED = 400;

interface Read {
  readonly id: string;
  /** What is known of the job, where a list can do; `undefined` asks for GetPackageJob. */
  readonly known: JobEntry | undefined;
  readonly context: CallContext;
  readonly resolve: (reading: Reading | Promise<Reading>) => void;
  readonly reject: (error: unknown) => void;
}

/** A job that a list can show. */
interface Listable {
  readonly id: string;
  /** How the list finds it. */
  readonly wanted: Wanted;
  /** When GetPackageJob last read it. */
  readonly lastGetAt: number;
  /** The read that waits for it. It is `undefined` when the job is only in demand. */
  readonly read: Read | undefined;
}

/**
 * Reads jobs in as few calls as it can. Jobs that are asked for in the same turn of the event loop, for whichever
 * operations, are planned together.
 *
 * ICE has no multi-get, but a page of its list of unfinished jobs holds 100. Such a list is read when more than a few jobs
 * are wanted or in demand whose last state is unfinished. A job on the list is still unfinished. A job that is missing from
 * it has changed, and is read by GetPackageJob when somebody waits for it.
 *
 * ICE does not say how far a list lags. So every list is checked on one job: the one whose last GetPackageJob is longest
 * ago. When that job has finished and a list asked for after that still shows it, no list is trusted for
 * {@link DISTRUST_MS}, and nothing of this list is used. So a wrong list is found within as many reads as it has jobs. A check
 * without a response says nothing of the list, and the next one is on another job.
 */
// oxlint-disable-next-line max-lines-per-function -- its short functions share what is pending and the trust in lists
export function createPlanner(options: PlannerOptions): JobSource {
  const { ice, memory, now, isListBatchingOn, events } = options;
  let pending: Read[] = [];
  let distrustedUntil = Number.NEGATIVE_INFINITY;
  /** The jobs whose last check had no response. */
  const unanswered = new Set<string>();

  function plan(): void {
    const reads = pending.filter(({ context }) => !context.signal.aborted);
    // Their abort events have passed already.
    for (const { context, reject } of pending) if (context.signal.aborted) reject(timeout());
    pending = [];
    const isOn = isListBatchingOn && now() >= distrustedUntil;
    const due = isOn ? reads.flatMap((read) => listable(read.id, read.known, read)) : [];
    const batch = due.length === 0 ? [] : [...due, ...refreshable(due)];
    const byList = new Set(batch.length > FEW ? due.map(({ read }) => read) : []);
    for (const read of reads) if (!byList.has(read)) read.resolve(get(read));
    if (byList.size > 0)
      readByList(batch).catch((error: unknown) => reads.forEach((read) => read.reject(error)));
  }

  /** Jobs in demand expire one by one. Once they are refreshed together, they expire together from then on. */
  function refreshable(due: readonly Listable[]): readonly Listable[] {
    const isDue = new Set(due.map(({ id }) => id));
    const others = memory.inDemand().filter(([id]) => !isDue.has(id));
    const oldestFirst = others.toSorted(([, a], [, b]) => a.validatedAt - b.validatedAt);
    return oldestFirst.slice(0, MAX_REFRESHED).flatMap(([id, known]) => listable(id, known, undefined));
  }

  async function get({ id, context }: Pick<Read, 'id' | 'context'>): Promise<Reading> {
    const { value: job, observedAt } = await ice.getPackageJob(id, context);
    // A response without `outputUrl` says that there is none.
    return { job: job && { ...job, outputUrl: job.outputUrl ?? null }, observedAt, source: 'get' };
  }

  async function readByList(batch: readonly Listable[]): Promise<void> {
    const reads = batch.flatMap(({ read }) => read ?? []);
    for (const { context, reject } of reads) {
      // Other reads may wait longer than this one.
      context.signal.addEventListener('abort', () => reject(timeout()), { once: true });
    }
    const spot = spotOf(batch);
    const context = sharedContext(reads);
    const spotCheck = spot && check(spot, context);
    const listing = await list(batch, context);
    const checked = await spotCheck;
    const isTrusted = listing !== undefined && !(await isContradicted(spot, checked, listing, context));
    const unread = new Set(listing?.unread.map(({ id }) => id));
    for (const { id, wanted, read } of batch) {
      const listed = isTrusted && !unread.has(wanted.id) && listing.unfinished.get(wanted.id);
      const isShared = read?.context.turnKey !== reads[0]?.context.turnKey;
      const reading: Reading | undefined =
        id === spot?.id && checked !== undefined
          ? checked
          : listed
            ? { ...listed, source: 'checked list', isShared }
            : undefined;
      if (read === undefined) {
        if (reading !== undefined) memory.ingest(id, reading);
      } else if (!read.context.signal.aborted) read.resolve(reading ?? get(read));
    }
    if (isTrusted) ingestOthers(listing, new Set(batch.map(({ wanted }) => wanted.id)));
  }

  /** The job whose last GetPackageJob is longest ago, but for those whose last check had no response. */
  function spotOf(batch: readonly Listable[]): Listable | undefined {
    const oldestFirst = batch.toSorted((a, b) => a.lastGetAt - b.lastGetAt);
    const spot = oldestFirst.find(({ id }) => !unanswered.has(id));
    if (spot === undefined || unanswered.size > MAX_UNANSWERED) unanswered.clear();
    return spot ?? oldestFirst[0];
  }

  /** Reads one job of a batch. The others do not wait long for it. It is `undefined` when there is no response. */
  async function check({ id }: Listable, context: CallContext): Promise<Reading | undefined> {
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(CHECK_TIMEOUT_MS)]);
    try {
      const reading = await get({ id, context: { ...context, signal } });
      unanswered.delete(id);
      return reading;
    } catch {
      unanswered.add(id);
      return undefined;
    }
  }

  /** A list also shows jobs that it was not read for. */
  function ingestOthers({ unfinished }: UnfinishedList, batch: ReadonlySet<string>): void {
    for (const [id, listed] of unfinished) {
      if (!batch.has(id) && memory.peek(id)?.job?.status === 'INIT')
        memory.ingest(id, { ...listed, source: 'checked list' });
    }
  }

  /** Gives `undefined` when the list fails. Then no list is used for a while, as gets may work all the same. */
  async function list(batch: readonly Listable[], context: CallContext): Promise<UnfinishedList | undefined> {
    try {
      const listing = await listUnfinished(
        batch.map(({ wanted }) => wanted),
        ice,
        context,
      );
      events.emit('listBatch', batch.length);
      return listing;
    } catch (error) {
      // A list that never had its turn says nothing of ICE. Those who asked for it had too much waiting.
      if (!isUnsent(error)) distrust(PAUSE_MS);
      return undefined;
    }
  }

  function distrust(forMs: number): void {
    distrustedUntil = Math.max(distrustedUntil, now() + forMs);
  }

  /** Whether ICE lists a job that had finished before the list was asked for. A list and a get at one time prove nothing. */
  async function isContradicted(
    spot: Listable | undefined,
    checked: Reading | undefined,
    { unfinished }: UnfinishedList,
    context: CallContext,
  ): Promise<boolean> {
    if (spot === undefined || checked === undefined || !unfinished.has(spot.wanted.id)) return false;
    if (checked.job !== null && !isFinished(checked.job)) return false;
    const query = { jobId: spot.wanted.id, status: 'Init', orderBy: 'CreateTimeAsc', pageSize: 1 } as const;
    const again = await ice.listPackageJobs(query, context).catch(() => undefined);
    if (again?.value.jobs.some(({ id }) => id === spot.wanted.id) !== true) return false;
    distrust(DISTRUST_MS);
    events.emit('listContradiction', spot.id);
    return true;
  }

  return {
    read(id, detail, context) {
      const known = detail === 'detail' ? undefined : memory.peek(id);
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

/** The job, if a list can show it. */
function listable(id: string, known: JobEntry | undefined, read: Read | undefined): readonly Listable[] {
  const job = known?.job;
  if (!known || job?.status !== 'INIT' || job.createTime === null) return [];
  return [{ id, wanted: { id: job.id, createTime: job.createTime }, lastGetAt: known.lastGetAt, read }];
}

/**
 * A context for calls that serve all of these reads. It ends with the last of them. Its calls take the turns of all clients
 * that ask for one of them, as an operation of their own.
 */
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
  return {
    signal: controller.signal,
    client: reads[0]?.context.client ?? '',
    turnKey: controller,
    askers: { each: (admit) => admitClients(reads, controller, admit) },
    onCall: (call) => reads[0]?.context.onCall(call),
  };
}

/** Gives one place to each client that asks for one of these reads, for as long as one of its reads waits. */
function admitClients(reads: readonly Read[], turnKey: object, admit: Admit): () => void {
  const places = new Map<string, { count: number; readonly giveUp: () => void }>();
  const admitOnce = ({ client }: Asker) => {
    const place = places.get(client) ?? { count: 0, giveUp: admit({ client, turnKey }) };
    places.set(client, place);
    place.count += 1;
    return () => {
      place.count -= 1;
      if (place.count > 0) return;
      places.delete(client);
      place.giveUp();
    };
  };
  const ends = reads.map(({ context }) => context.askers?.each(admitOnce) ?? admitOnce(context));
  return () => {
    for (const end of ends) end();
  };
}
