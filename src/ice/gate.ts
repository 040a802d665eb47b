import { createBreaker } from './breaker.ts';
import { createBudget } from './budget.ts';
import type { Counters, IceAction } from './counters.ts';
import { IceError } from './errors.ts';

/** One attempt at a call of ICE, for the log. */
export interface CallRecord {
  readonly action: string;
  /** From its turn to its end, in milliseconds. */
  readonly durationMs: number;
  /** How long it waited for its turn, in milliseconds. */
  readonly queuedMs: number;
  /** 1 is the first; retries count on. */
  readonly attempt: number;
  /** ICE's id of the request, where its answer told one. */
  readonly requestId?: string;
  /** ICE's code for its refusal, the network's for a failed connection, or ours; absent when the attempt succeeded. */
  readonly error?: string;
}

/** For whom calls are made: how long they may take, and where they are written down. */
export interface CallContext {
  /** Ends the call; a call still waiting for its turn never begins. */
  readonly signal: AbortSignal;
  /** Whose call it is: callers take turns in the queue, however many calls each has in it. Compared by identity. */
  readonly caller: object;
  /** Told of every attempt once it has ended; not of one that never began. */
  readonly record: (call: CallRecord) => void;
}

/** What an attempt that succeeded gave. */
export interface Success<T> {
  readonly value: T;
  readonly requestId: string | undefined;
}

export interface GateOptions {
  readonly action: IceAction;
  readonly callsPerSecond: number;
  readonly maxConcurrency: number;
  readonly counters: Counters;
}

/** What every attempt at one action passes: its circuit breaker, its budget, the counters and the caller's record. */
export interface Gate {
  /**
   * Makes one attempt when its turn has come.
   *
   * @param number 1 is the first attempt of its call
   * @throws {IceError} OVERLOADED or UPSTREAM_UNAVAILABLE when the attempt never began, see {@link createBudget} and
   *   {@link createBreaker}; else what `send` throws
   */
  attempt<T>(number: number, context: CallContext, send: () => Promise<Success<T>>): Promise<T>;
}

export function createGate({ action, callsPerSecond, maxConcurrency, counters }: GateOptions): Gate {
  const budget = createBudget({ action, callsPerSecond, maxConcurrency });
  const breaker = createBreaker({
    action,
    onOpen(refusal) {
      counters.breakerOpens += 1;
      // Those that wait passed the breaker when it was closed; none of them is to be sent now.
      budget.refuseWaiting(refusal);
    },
  });
  counters.actions[action] = {
    get breaker() {
      return breaker.state;
    },
    get callsPerSecond() {
      return budget.callsPerSecond;
    },
    get queued() {
      return budget.queued;
    },
  };

  function countStart(number: number, queuedMs: number): void {
    counters.calls[action] += 1;
    counters.budgetWaitMs += queuedMs;
    if (number > 1) counters.retries += 1;
  }

  function countFailure(error: unknown): void {
    if (!(error instanceof IceError)) return;
    if (error.code === 'OVERLOADED') counters.overloaded += 1;
    if (error.code === 'UPSTREAM_THROTTLED') counters.throttled += 1;
  }

  return {
    async attempt(number, context, send) {
      const queuedAt = performance.now();
      const sendAndRecord = async () => {
        const startedAt = performance.now();
        const queuedMs = Math.round(startedAt - queuedAt);
        const record = (end: Pick<CallRecord, 'requestId' | 'error'>) => {
          const durationMs = Math.round(performance.now() - startedAt);
          context.record({ action, durationMs, queuedMs, attempt: number, ...end });
        };
        countStart(number, queuedMs);
        const { value, requestId } = await send().catch((error: unknown) => {
          record(describeFailure(error));
          throw error;
        });
        record(requestId === undefined ? {} : { requestId });
        return value;
      };
      try {
        return await breaker.run(context.signal, () => budget.run(context, sendAndRecord));
      } catch (error) {
        countFailure(error);
        throw error;
      }
    },
  };
}

function describeFailure(error: unknown): Pick<CallRecord, 'requestId' | 'error'> {
  if (!(error instanceof IceError)) return { error: 'INTERNAL_SERVER_ERROR' };
  const { requestId, upstreamCode } = error.details;
  const networkCode =
    error.code === 'UPSTREAM_UNAVAILABLE' && error.cause instanceof Error && error.cause.message;
  return {
    ...(requestId === undefined ? {} : { requestId }),
    error: upstreamCode ?? (networkCode || error.code),
  };
}
