import { BOUNDS } from '../bounds.ts';
import type { ActionState, IceAction } from './actions.ts';
import { createBreaker } from './breaker.ts';
import { createBudget, type Turn } from './budget.ts';
import { IceError } from './errors.ts';
import type { Attempt, AttemptEnd, IceEmitter } from './events.ts';
import { networkCodeOf } from './explain.ts';
import type { SharedRate } from './shared-rate.ts';

/** One attempt at a call of ICE, for the log and the receipt of an operation. */
export interface CallRecord {
  readonly action: string;
  /** From its turn to its end, in milliseconds. */
  readonly durationMs: number;
  /** How long it waited for its turn, in milliseconds. */
  readonly queuedMs: number;
  /** 1 is the first attempt. Retries count on. */
  readonly attempt: number;
  /** ICE's id of the request, where its response has one. */
  readonly requestId?: string;
  /** ICE's code for its refusal, the network's code for a failed connection, or ours. It is absent after a success. */
  readonly error?: string;
}

/** On whose behalf calls are made. */
export interface CallContext extends Turn {
  /** Ends the call. A call that still waits for its turn never begins. */
  readonly signal: AbortSignal;
  /** Is called for every attempt once it has ended, and not for one that never began. */
  readonly onCall: (call: CallRecord) => void;
}

/** The result of an attempt that succeeded. */
export interface Success<T> {
  readonly value: T;
  readonly requestId: string | undefined;
  /** The HTTP status of the response. */
  readonly status: number;
}

export interface GateOptions {
  readonly action: IceAction;
  readonly callsPerSecond: number;
  readonly maxConcurrency: number;
  readonly events: IceEmitter;
  /** What is shared with other replicas. @default nothing is */
  readonly shared?: SharedRate | undefined;
}

/** Every attempt at one action passes its gate: a circuit breaker, then a call budget. */
export interface Gate {
  readonly state: ActionState;
  /**
   * Makes one attempt when its turn has come.
   *
   * @param number 1 is the first attempt of its call
   * @throws {IceError} OVERLOADED, RATE_LIMITED or UPSTREAM_UNAVAILABLE when the attempt never began, see {@link createBudget} and
   *   {@link createBreaker}; else what `send` throws
   */
  attempt<T>(number: number, context: CallContext, send: () => Promise<Success<T>>): Promise<T>;
}

export function createGate({ events, ...limits }: GateOptions): Gate {
  const { action } = limits;
  const budget = createBudget({
    ...limits,
    maxQueued: BOUNDS.callsWaiting.max,
    maxQueuedOfClient: BOUNDS.callsWaitingOfClient.max,
  });
  const breaker = createBreaker({
    action,
    onOpen(refusal) {
      events.emit('breakerOpen', action);
      // The waiting calls passed the breaker when it was closed. None of them must be sent now.
      budget.refuseWaiting(refusal);
    },
  });

  async function sendAndTell<T>(
    attempt: Attempt,
    { onCall }: CallContext,
    send: () => Promise<Success<T>>,
  ): Promise<T> {
    const startedAt = performance.now();
    const end = (outcome: Omit<AttemptEnd, 'durationMs'>) => {
      const durationMs = Math.round(performance.now() - startedAt);
      const { number, queuedMs } = attempt;
      const { code: _, status: __, ...told } = outcome;
      onCall({ action, durationMs, queuedMs, attempt: number, ...told });
      events.emit('attemptEnd', attempt, { durationMs, ...outcome });
    };
    events.emit('attemptStart', attempt);
    try {
      const { value, requestId, status } = await send();
      end({ status, ...(requestId !== undefined && { requestId }) });
      return value;
    } catch (error) {
      end(describeFailure(error));
      throw error;
    }
  }

  return {
    get state() {
      return { breaker: breaker.state, callsPerSecond: budget.callsPerSecond, queued: budget.queued };
    },
    async attempt(number, context, send) {
      const queuedAt = performance.now();
      const progress = { isSent: false };
      try {
        return await breaker.run(context.signal, () =>
          budget.run(context, () => {
            progress.isSent = true;
            const queuedMs = Math.round(performance.now() - queuedAt);
            return sendAndTell({ action, number, queuedMs }, context, send);
          }),
        );
      } catch (error) {
        if (!progress.isSent && error instanceof IceError) events.emit('attemptRefused', action, error.code);
        throw error;
      }
    },
  };
}

function describeFailure(error: unknown): Omit<AttemptEnd, 'durationMs'> {
  if (!(error instanceof IceError)) return { error: 'INTERNAL_SERVER_ERROR' };
  const { requestId, status, upstreamCode } = error.details;
  return {
    ...(requestId !== undefined && { requestId }),
    ...(status !== undefined && { status }),
    code: error.code,
    error: upstreamCode ?? networkCodeOf(error) ?? error.code,
  };
}
