import { IceError } from './errors.ts';
import { createFairQueue } from './fair-queue.ts';
import { createRate } from './rate.ts';

/** The part of the account's quota that one action may use. */
export interface BudgetOptions {
  readonly action: string;
  /** Most calls started in any second. After ICE throttled some there are fewer, see {@link createRate}. */
  readonly callsPerSecond: number;
  /** Most calls in flight at once. */
  readonly maxConcurrency: number;
  /** Most calls waiting. One more is refused at once. @default 10000 */
  readonly maxQueued?: number;
}

/** On whose turn a call runs. */
export interface Turn {
  /** Takes the call out of the queue. It does not end a call that has begun. */
  readonly signal: AbortSignal;
  /** Keys take turns. The calls of one key are first come, first served. Keys are compared by identity. */
  readonly turnKey: object;
}

/** Runs the calls of one action within its budget. */
export interface Budget {
  /** Most calls started in a second, at this moment. */
  readonly callsPerSecond: number;
  /** Calls waiting for their turn. */
  readonly queued: number;
  /**
   * Runs `task` as soon as the budget allows.
   *
   * @throws {IceError} OVERLOADED when the queue is full, or `signal` aborts before the call could start. Its
   *   `retryAfterMs` is the time that the queue takes at the present rate: what is left of a pause, plus
   *   1000 * calls waiting / calls per second. It is 1000 to 60 000.
   */
  run<T>(turn: Turn, task: () => Promise<T>): Promise<T>;
  /** Ends every waiting call with this error. */
  refuseWaiting(error: IceError): void;
}

interface WaitingCall {
  readonly start: () => void;
  readonly refuse: (error: IceError) => void;
}

// oxlint-disable-next-line max-lines-per-function -- its short functions share the queue and the timer
export function createBudget(options: BudgetOptions): Budget {
  const { action, callsPerSecond, maxConcurrency, maxQueued = 10_000 } = options;
  const rate = createRate(callsPerSecond, () => performance.now());
  const queue = createFairQueue<WaitingCall>();
  let inFlight = 0;
  /** Is set while calls wait for nothing but time. */
  let timer: NodeJS.Timeout | undefined;

  function startNext(): void {
    clearTimeout(timer);
    while (queue.size > 0 && inFlight < maxConcurrency) {
      const waitMs = rate.waitMs();
      if (waitMs > 0) {
        timer = setTimeout(startNext, Math.ceil(waitMs));
        return;
      }
      inFlight += 1;
      queue.take()?.start();
    }
  }

  function overload(): IceError {
    const queueMs = rate.waitMs() + (1000 * queue.size) / rate.callsPerSecond;
    const retryAfterMs = Math.ceil(Math.min(Math.max(queueMs, 1000), 60_000));
    return new IceError('OVERLOADED', { action, retryAfterMs });
  }

  /** Resolves when it is the call's turn, to the time at which it started. */
  function waitForTurn({ signal, turnKey }: Turn): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    if (signal.aborted || queue.size >= maxQueued) {
      reject(overload());
      return promise;
    }
    const leaveOnAbort = () => {
      const error = overload();
      leave();
      if (queue.size === 0) clearTimeout(timer);
      reject(error);
    };
    const leave = queue.push(turnKey, {
      start() {
        signal.removeEventListener('abort', leaveOnAbort);
        resolve(rate.start());
      },
      refuse(error) {
        signal.removeEventListener('abort', leaveOnAbort);
        reject(error);
      },
    });
    signal.addEventListener('abort', leaveOnAbort, { once: true });
    startNext();
    return promise;
  }

  return {
    get callsPerSecond() {
      return rate.callsPerSecond;
    },
    get queued() {
      return queue.size;
    },
    async run<T>(turn: Turn, task: () => Promise<T>): Promise<T> {
      const startedAt = await waitForTurn(turn);
      try {
        const result = await task();
        rate.granted();
        return result;
      } catch (error) {
        if (error instanceof IceError && error.code === 'UPSTREAM_THROTTLED') {
          rate.throttled(startedAt, error.details.retryAfterMs);
        } else rate.granted();
        throw error;
      } finally {
        inFlight -= 1;
        startNext();
      }
    },
    refuseWaiting(error) {
      clearTimeout(timer);
      for (let call = queue.take(); call !== undefined; call = queue.take()) call.refuse(error);
    },
  };
}
