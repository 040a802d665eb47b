import type { CallRecord } from '../ice/client.ts';
import type { PollInterval } from '../jobs/model.ts';
import type { JobReader } from '../jobs/reader.ts';
import { createLoaders } from '../loaders/loaders.ts';
import type { OperationContext } from '../resolvers/context.ts';

/** What is known of an operation once it has ended, for the log and the answer's status. */
export interface OperationRecord {
  operationName: string | null;
  readonly calls: CallRecord[];
  /** Whether the operation was refused before it was executed. */
  refused: boolean;
}

export interface GatewayContext extends OperationContext {
  readonly record: OperationRecord;
}

export interface ContextOptions {
  readonly jobs: JobReader;
  readonly pollInterval: PollInterval;
}

export function createRecord(): OperationRecord {
  return { operationName: null, calls: [], refused: false };
}

/** The context of one operation; `signal` ends its reads. */
export function createContext(
  { jobs, pollInterval }: ContextOptions,
  record: OperationRecord,
  signal: AbortSignal,
): GatewayContext {
  return {
    loaders: createLoaders(jobs, { signal, record: (call) => record.calls.push(call) }),
    pollInterval,
    record,
  };
}
