import type { CallRecord } from '../ice/client.ts';
import { JobUpdates } from '../jobs/updates.ts';
import { readWait, type JobWaiter, type Wait } from '../jobs/wait.ts';
import type { JobReader } from '../jobs/reader.ts';
import type { ReadContext, Spared } from '../jobs/store.ts';
import type { JobSubmitter } from '../jobs/submitter.ts';
import type { JobWatcher } from '../jobs/watcher.ts';
import { createLoaders } from '../loaders/loaders.ts';
import type { OperationContext } from '../resolvers/context.ts';
import type { Deadline } from './deadline.ts';
import type { SubscriptionSlot } from './subscription.ts';

/** What is known of an operation once it has ended, for the log, the answer's status and its headers. */
export interface OperationRecord {
  operationName: string | null;
  readonly calls: CallRecord[];
  /** How many reads were answered without a call of their own, and how. */
  readonly spared: Record<Spared, number>;
  /** Whether the operation was refused before it was executed. */
  refused: boolean;
  /** The seconds of `Prefer: wait` that a field waited by. */
  appliedWaitSeconds: number | undefined;
  /** The earliest useful next read of the unfinished jobs that it told, in milliseconds. */
  pollAfterMs: number | undefined;
}

export interface GatewayContext extends OperationContext {
  readonly record: OperationRecord;
  /** Where a subscription is put to be started; without it, there can be none. */
  readonly subscription: SubscriptionSlot | undefined;
}

export interface ContextOptions {
  readonly jobs: JobReader;
  readonly submitter: JobSubmitter;
  readonly watcher: Pick<JobWatcher, 'watch' | 'pollAfterMs'>;
  readonly waiter: JobWaiter;
}

/** What the request of an operation says about it. */
export interface OperationRequest {
  readonly record: OperationRecord;
  /** Ends its reads, and its submissions as long as they have not been sent. */
  readonly deadline: Deadline;
  /** How long a job is waited for where the operation does not say. */
  readonly preferredWaitSeconds?: number | undefined;
  readonly subscription?: SubscriptionSlot | undefined;
}

export function createRecord(): OperationRecord {
  return {
    operationName: null,
    calls: [],
    spared: { hit: 0, coalesced: 0, stale: 0 },
    refused: false,
    appliedWaitSeconds: undefined,
    pollAfterMs: undefined,
  };
}

/** The context of one operation, or of one event of a subscription. */
export function createContext(
  { jobs, submitter, watcher, waiter }: ContextOptions,
  { record, deadline, preferredWaitSeconds, subscription }: OperationRequest,
): GatewayContext {
  const readContext: ReadContext = {
    signal: deadline.signal,
    caller: record,
    record: (call) => record.calls.push(call),
    spared: (how) => (record.spared[how] += 1),
  };
  const loaders = createLoaders(jobs, readContext);

  function waitOf(argument: Parameters<typeof readWait>[0] | null | undefined): Wait | undefined {
    if (argument) return readWait(argument);
    if (preferredWaitSeconds === undefined) return undefined;
    record.appliedWaitSeconds = preferredWaitSeconds;
    return readWait({ until: 'FINISHED', timeoutSeconds: preferredWaitSeconds });
  }

  async function withoutDeadline<T>(run: () => Promise<T>): Promise<T> {
    const release = deadline.hold();
    try {
      return await run();
    } finally {
      release();
    }
  }

  return {
    loaders,
    async packageJob(id, waitArgument) {
      const wait = waitOf(waitArgument);
      if (wait === undefined) return loaders.packageJob.load(id);
      const job = await withoutDeadline(() => waiter.wait(id, wait, readContext, deadline.gone));
      // What was read before the wait is not what is to be shown beside its result.
      loaders.wholePackageJob.clear(id);
      return job === undefined ? loaders.packageJob.load(id) : job;
    },
    watchJobs: (ids) => new JobUpdates(watcher, ids, readContext),
    submitPackageJob: (input) => submitter.submit(input, readContext),
    pollAfterMs(job) {
      const ms = watcher.pollAfterMs(job);
      if (ms !== null) record.pollAfterMs = Math.min(ms, record.pollAfterMs ?? Infinity);
      return ms;
    },
    record,
    subscription,
  };
}
