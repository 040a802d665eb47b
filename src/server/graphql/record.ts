import { OperationTypeNode } from 'graphql';
import type { CallRecord } from '../../ice/client.ts';
import type { JobEntry } from '../../jobs/jobs.ts';
import type { CacheStatus } from '../../jobs/events.ts';
import type { CheckedOperation } from './checked-operation.ts';

/** What is known of an operation once it has ended: for the log, the status of its response, and its headers. */
export interface OperationRecord {
  operationName: string | null;
  /** The trace that it belongs to. */
  traceId: string | undefined;
  /** The fields of its response, each list counted at the length that was asked for. 0: it was refused before that. */
  cost: number;
  /** The most that it can come to of `RATE_LIMIT`: its cost, or the calls of ICE that it can take if these are more. */
  mostSpent: number;
  readonly calls: CallRecord[];
  /** How many reads were answered without a call of their own, by how. */
  readonly cached: Record<CacheStatus, number>;
  /** Whether the operation was refused before it was executed. */
  isRefused: boolean;
  /** Whether the response has data and no errors. */
  isClean: boolean;
  /** The seconds of `Prefer: wait` that a field waited by. */
  appliedWaitSeconds: number | undefined;
  /** The earliest useful next read of the unfinished jobs whose `pollAfterMs` it shows, in milliseconds. */
  pollAfterMs: number | undefined;
  /** The states that the response shows, by id. */
  readonly dependencies: Map<string, JobEntry>;
  /** The operation, once it has passed all checks. */
  operation: CheckedOperation | undefined;
  readonly cacheability: Cacheability;
}

/** Whether the operation is a subscription that passed all checks. */
export function isSubscription({ operation }: OperationRecord): boolean {
  return operation?.definition.operation === OperationTypeNode.SUBSCRIPTION;
}

/** What limits the time for which a response can be served again. Without these it lasts as long as its dependencies. */
export interface Cacheability {
  /** It was made for this request alone: a job was waited for, or submitted. */
  noStore: boolean;
  /** It shows what can be outdated at any time: a page, a stale state, two states of one job. */
  mustRevalidate: boolean;
  /** It shows what goes by the clock: when a watched job is read next. */
  timeDependent: boolean;
}

export function createRecord(): OperationRecord {
  return {
    operationName: null,
    traceId: undefined,
    cost: 0,
    mostSpent: 0,
    calls: [],
    cached: { hit: 0, collapsed: 0, stale: 0 },
    isRefused: false,
    isClean: false,
    appliedWaitSeconds: undefined,
    pollAfterMs: undefined,
    dependencies: new Map(),
    operation: undefined,
    cacheability: { noStore: false, mustRevalidate: false, timeDependent: false },
  };
}

/** The longest name of an operation in the log, in characters. */
const MAX_NAME_LENGTH = 100;

/** The beginning of a name, as a text of its own. A part of a text keeps all of it alive. */
export function loggedName(name: string | null | undefined): string | null {
  return name === null || name === undefined ? null : Buffer.from(name.slice(0, MAX_NAME_LENGTH)).toString();
}
