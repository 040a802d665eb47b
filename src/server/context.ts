import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import type { CallRecord } from '../ice/client.ts';
import { JobUpdates } from '../jobs/updates.ts';
import { readWait, type JobWaiter, type Wait } from '../jobs/wait.ts';
import type { Known } from '../jobs/freshness.ts';
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
  /** Whether the answer has data and no errors. */
  isClean: boolean;
  /** The seconds of `Prefer: wait` that a field waited by. */
  appliedWaitSeconds: number | undefined;
  /** The earliest useful next read of the unfinished jobs that it told, in milliseconds. */
  pollAfterMs: number | undefined;
  /** The states that the answer shows. */
  readonly shown: Map<string, Known>;
  /** The query that ran, if it was one. */
  query?: RunOperation;
  readonly nature: AnswerNature;
}

/** An operation that was parsed, validated and found to be within the limits. */
export interface RunOperation {
  readonly document: DocumentNode;
  readonly definition: OperationDefinitionNode;
}

/** What keeps an answer from being given again as long as the states it shows last. */
export interface AnswerNature {
  /** It was made for this request alone: a job was waited for, or submitted. */
  isForOne: boolean;
  /** It shows what can be outdated at any time: a page, a state that stands in, two states of one job. */
  isOpenEnded: boolean;
  /** It shows what goes by the clock: when a watched job is read next. */
  isTimed: boolean;
}

export interface GatewayContext extends OperationContext {
  readonly record: OperationRecord;
  /** Where a subscription is put to be started; without it, there can be none. */
  readonly subscription: SubscriptionSlot | undefined;
}

export interface ContextOptions {
  readonly jobs: JobReader;
  readonly submitter: JobSubmitter;
  readonly watcher: Pick<JobWatcher, 'watch' | 'isWatched' | 'pollAfterMs'>;
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
    isClean: false,
    appliedWaitSeconds: undefined,
    pollAfterMs: undefined,
    shown: new Map(),
    nature: { isForOne: false, isOpenEnded: false, isTimed: false },
  };
}

/** The context of one operation, or of one event of a subscription. */
export function createContext(
  { jobs, submitter, watcher, waiter }: ContextOptions,
  { record, deadline, preferredWaitSeconds, subscription }: OperationRequest,
): GatewayContext {
  const { nature, shown } = record;
  const readContext: ReadContext = {
    signal: deadline.signal,
    caller: record,
    record: (call) => record.calls.push(call),
    spared(how) {
      record.spared[how] += 1;
      if (how === 'stale') nature.isOpenEnded = true;
    },
    shown(id, known) {
      if ((shown.get(id) ?? known) !== known) nature.isOpenEnded = true;
      shown.set(id, known);
    },
    listed: () => (nature.isOpenEnded = true),
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
      nature.isForOne = true;
      const job = await withoutDeadline(() => waiter.wait(id, wait, readContext, deadline.gone));
      // What was read before the wait is not what is to be shown beside its result.
      loaders.wholePackageJob.clear(id);
      return job === undefined ? loaders.packageJob.load(id) : job;
    },
    watchJobs: (ids) => new JobUpdates(watcher, ids, readContext),
    submitPackageJob(input) {
      nature.isForOne = true;
      return submitter.submit(input, readContext);
    },
    pollAfterMs: notingPolls(watcher, record),
    record,
    subscription,
  };
}

/** The resolver's `pollAfterMs`, with a note of what it told. */
export function notingPolls(
  watcher: Pick<JobWatcher, 'isWatched' | 'pollAfterMs'>,
  record: OperationRecord,
): OperationContext['pollAfterMs'] {
  return (job) => {
    const ms = watcher.pollAfterMs(job);
    if (ms === null) return null;
    record.pollAfterMs = Math.min(ms, record.pollAfterMs ?? Infinity);
    if (watcher.isWatched(job.id)) record.nature.isTimed = true;
    return ms;
  };
}
