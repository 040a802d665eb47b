import PQueue from 'p-queue';
import { IceError } from './errors.ts';

/** How much of the account's quota one action may use. */
export interface BudgetOptions {
  /** Most calls started in any second. */
  readonly callsPerSecond: number;
  /** Most calls under way at once. */
  readonly maxConcurrency: number;
  /** Most calls waiting; one more is refused at once. @default 10000 */
  readonly maxQueued?: number;
}

/** Runs calls of one action first come, first served, within its budget. */
export interface Budget {
  /**
   * Runs `task` as soon as the budget allows.
   *
   * @throws {IceError} OVERLOADED when the queue is full, or `signal` aborts before the call could start
   */
  run<T>(action: string, signal: AbortSignal, task: () => Promise<T>): Promise<T>;
}

export function createBudget({ callsPerSecond, maxConcurrency, maxQueued = 10_000 }: BudgetOptions): Budget {
  const queue = new PQueue({
    concurrency: maxConcurrency,
    interval: 1000,
    intervalCap: callsPerSecond,
    strict: true,
  });

  return {
    async run<T>(action: string, signal: AbortSignal, task: () => Promise<T>): Promise<T> {
      const refusal = (options?: ErrorOptions) =>
        new IceError('OVERLOADED', { action, retryAfterMs: 1000 }, options);
      if (queue.size >= maxQueued) throw refusal();
      const call = Promise.withResolvers<T>();
      let hasBegun = false;
      const begin = () => {
        hasBegun = true;
        call.resolve(task());
        return call.promise;
      };
      // Aborted while it runs, a call ends by itself, with its own error; aborted while it waits, it never begins.
      queue.add(begin, { signal }).catch((cause: unknown) => {
        if (!hasBegun) call.reject(refusal({ cause }));
      });
      return call.promise;
    },
  };
}
