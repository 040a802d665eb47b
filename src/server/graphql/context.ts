import { setImmediate } from 'node:timers/promises';
import { abort } from '../../abort.ts';
import { BOUNDS } from '../../bounds.ts';
import type { ClientShares } from '../../client-shares.ts';
import { InputError, RateLimitedError } from '../../jobs/errors.ts';
import { readWait, type JobEntry, type Jobs, type ReadContext, type Wait } from '../../jobs/jobs.ts';
import type { PackageJob } from '../../jobs/model.ts';
import { createLoaders } from '../../loaders/loaders.ts';
import { entryOf } from '../../loaders/one-state.ts';
import type { OperationContext, UpstreamKind, Viewer, WaitArgument } from '../../resolvers/context.ts';
import { onTokenEnd } from '../auth/token-end.ts';
import type { Client } from '../client.ts';
import type { Charge } from '../rate-limit/rate-limit.ts';
import type { Deadline } from './deadline.ts';
import { selects } from './selects.ts';
import type { OperationRecord } from './record.ts';

export interface GatewayContext extends OperationContext {
  readonly client: Client;
  readonly record: OperationRecord;
  /**
   * Checks that the client may begin so many reads now.
   *
   * @throws {IceError} RATE_LIMITED when it may not
   */
  checkReads(reads: number): void;
  /**
   * Checks that the client may begin so many waits now.
   *
   * @throws {RateLimitedError} when it may not
   */
  checkWaits(waits: number): void;
  /** What its results are written to, if those of other operations are written to it too. */
  readonly connection: object | undefined;
  /** Aborts when the client has disconnected. */
  readonly disconnected: AbortSignal;
  /** Whether whoever asked can take the results of a subscription. */
  readonly acceptsSubscriptions: boolean;
  /** Whether each job that can be waited for is, where the operation says nothing. */
  readonly isWaitPreferred: boolean;
  /** What the client is charged for the operation. `undefined`: nothing. */
  readonly charge: Charge | undefined;
}

export interface ContextOptions {
  readonly client: Client;
  readonly connection?: object | undefined;
  /** The jobs that the client may see. */
  readonly jobs: Jobs;
  readonly upstream: UpstreamKind;
  readonly record: OperationRecord;
  /** Ends the reads of the operation, and its submissions that were not sent yet. */
  readonly deadline: Deadline;
  /** Ends its waits. It aborts when the gateway begins to stop. */
  readonly stopping: AbortSignal;
  /** The waits of all clients. */
  readonly waits: ClientShares;
  /** How long a job is waited for where the operation does not say. */
  readonly preferredWaitSeconds?: number | undefined;
  readonly acceptsSubscriptions: boolean;
  /** What the client is charged for the operation. @default nothing */
  readonly charge?: Charge | undefined;
  /** Is told of the job that was submitted, or of why there is none. */
  readonly onSubmission?: (jobId: string | null, error?: unknown) => void;
}

/** The context of one operation, or of one event of a subscription. */
export function createContext(options: ContextOptions): GatewayContext {
  const { client, jobs, record, deadline, preferredWaitSeconds, acceptsSubscriptions } = options;
  const readContext: ReadContext = {
    signal: deadline.signal,
    client: client.key,
    turnKey: record,
    onCall: (call) => record.calls.push(call),
    onCacheStatus(status) {
      record.cached[status] += 1;
      if (status === 'stale') record.cacheability.mustRevalidate = true;
    },
  };
  const detailOf = () => detailFor(record);
  const loaders = createLoaders(jobs, readContext, {
    detailOfUnknown: detailOf,
    onEntry: (id, entry) => addDependency(record, id, entry),
    onPage: () => (record.cacheability.mustRevalidate = true),
  });

  function waitOf(argument: WaitArgument | null | undefined): Wait | undefined {
    if (argument) return readWait(argument);
    if (preferredWaitSeconds === undefined) return undefined;
    record.appliedWaitSeconds = preferredWaitSeconds;
    return readWait({ until: 'FINISHED', timeoutSeconds: preferredWaitSeconds });
  }

  const waitFor = createWaits(options, (id, wait, ended) =>
    jobs.wait(id, wait, readContext, ended, detailOf()),
  );

  return {
    client,
    connection: options.connection,
    loaders,
    checkReads: (reads) => jobs.checkReads(client.key, reads),
    checkWaits: (count) => checkWaits(options.waits, client.key, count),
    async packageJob(id, argument) {
      const wait = waitOf(argument);
      if (wait === undefined) return loaders.packageJob.load(id);
      record.cacheability.noStore = true;
      // The other reads of the operation have begun by then, even if the job had finished already.
      await loaders.oneState.hold(async () => {
        const waited = await waitFor(id, wait);
        if (waited !== null) loaders.oneState.saw(id, entryOf(waited));
        await setImmediate();
      });
      // A detail that was read before the wait must not be shown beside its result.
      loaders.packageJobDetail.clear(id);
      return loaders.oneState.latest(id);
    },
    watchJobs: (ids) => jobs.watch(ids, readContext, detailOf()),
    watchAllJobs: (filter) => jobs.watchAll(filter, readContext, detailOf()),
    submitPackageJob(input) {
      record.cacheability.noStore = true;
      return told(jobs.submit(input, readContext), options.onSubmission);
    },
    pollAfterMs: recordingPollAfterMs(jobs, record),
    viewer: () => viewerOf(options),
    record,
    disconnected: deadline.disconnected,
    acceptsSubscriptions,
    isWaitPreferred: preferredWaitSeconds !== undefined,
    charge: options.charge,
  };
}

/** What a client may do. */
function viewerOf({ jobs: { canSubmit }, upstream, record }: ContextOptions): Viewer {
  // The gateway can come back with other settings.
  record.cacheability.mustRevalidate = true;
  return { canSubmit, upstream };
}

/** What an operation needs of the jobs that it reads. */
function detailFor({ operation }: OperationRecord): 'detail' | 'summary' {
  return operation && selects(operation.document, 'outputUrl') ? 'detail' : 'summary';
}

/** The job that a submission came to. */
async function told(
  submission: Promise<PackageJob>,
  onSubmission: ContextOptions['onSubmission'],
): Promise<PackageJob> {
  try {
    const job = await submission;
    onSubmission?.(job.id);
    return job;
  } catch (error) {
    onSubmission?.(null, error);
    throw error;
  }
}

/** Waits for jobs, within the bounds of the client and the operation. The deadline of the operation is put off. */
function createWaits(
  { client, deadline, stopping, waits }: ContextOptions,
  waitFor: (id: string, wait: Wait, ended: readonly AbortSignal[]) => Promise<PackageJob | null>,
): (id: string, wait: Wait) => Promise<PackageJob | null> {
  let ownWaits = 0;
  return async (id, wait) => {
    const { max } = BOUNDS.operationWaits;
    if (ownWaits >= max) {
      throw new InputError('wait', `is for at most ${String(max)} fields of an operation`);
    }
    checkWaits(waits, client.key, 1);
    ownWaits += 1;
    waits.add(client.key, 1);
    const tokenEnd = new AbortController();
    const forgetToken = onTokenEnd(client, () => abort(tokenEnd));
    try {
      const ended = [deadline.disconnected, stopping, tokenEnd.signal];
      return await deadline.pauseDuring(() => waitFor(id, wait, ended), wait.timeoutMs);
    } finally {
      forgetToken();
      ownWaits -= 1;
      waits.add(client.key, -1);
    }
  };
}

/** @throws unless the client may have so many more waits */
function checkWaits(waits: ClientShares, client: string, count: number): void {
  if (!waits.allows(client, count)) {
    throw new RateLimitedError('waits', `A client may have ${String(waits.max)} waits at once`);
  }
}

/** Two states of one job in one response can be outdated at any time. */
function addDependency({ dependencies, cacheability }: OperationRecord, id: string, entry: JobEntry): void {
  if ((dependencies.get(id) ?? entry) !== entry) cacheability.mustRevalidate = true;
  dependencies.set(id, entry);
}

/** The resolver's `pollAfterMs`. It records what it returns. */
export function recordingPollAfterMs(
  jobs: Pick<Jobs, 'isTimed' | 'pollAfterMs'>,
  record: OperationRecord,
): OperationContext['pollAfterMs'] {
  return (job) => {
    const ms = jobs.pollAfterMs(job);
    if (ms === null) return null;
    record.pollAfterMs = Math.min(ms, record.pollAfterMs ?? Infinity);
    if (jobs.isTimed(job)) record.cacheability.timeDependent = true;
    return ms;
  };
}
