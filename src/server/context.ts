import type { CallRecord } from '../ice/client.ts';
import type { PollInterval } from '../jobs/model.ts';
import type { JobReader } from '../jobs/reader.ts';
import type { ReadContext, Spared } from '../jobs/store.ts';
import type { JobSubmitter } from '../jobs/submitter.ts';
import { createLoaders } from '../loaders/loaders.ts';
import type { OperationContext } from '../resolvers/context.ts';

/** What is known of an operation once it has ended, for the log and the answer's status. */
export interface OperationRecord {
  operationName: string | null;
  readonly calls: CallRecord[];
  /** How many reads were answered without a call of their own, and how. */
  readonly spared: Record<Spared, number>;
  /** Whether the operation was refused before it was executed. */
  refused: boolean;
}

export interface GatewayContext extends OperationContext {
  readonly record: OperationRecord;
}

export interface ContextOptions {
  readonly jobs: JobReader;
  readonly submitter: JobSubmitter;
  readonly pollInterval: PollInterval;
}

export function createRecord(): OperationRecord {
  return { operationName: null, calls: [], spared: { hit: 0, coalesced: 0, stale: 0 }, refused: false };
}

/** The context of one operation; `signal` ends its reads, and its submissions as long as they have not been sent. */
export function createContext(
  { jobs, submitter, pollInterval }: ContextOptions,
  record: OperationRecord,
  signal: AbortSignal,
): GatewayContext {
  const readContext: ReadContext = {
    signal,
    caller: record,
    record: (call) => record.calls.push(call),
    spared: (how) => (record.spared[how] += 1),
  };
  return {
    loaders: createLoaders(jobs, readContext),
    submitPackageJob: (input) => submitter.submit(input, readContext),
    pollInterval,
    record,
  };
}
