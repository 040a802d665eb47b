import { nextTick } from 'node:process';
import { createFairQueue } from './fair-queue.ts';

/** How long what clients are sent may take before what has come meanwhile is read, in milliseconds. */
const SLICE_MS = 4;

/** What goes on in a later turn of the event loop, in small slices. */
export interface Slices {
  /** Resolves in a later turn of the event loop, when it is this client's turn to go on. */
  next(client: string): Promise<void>;
}

/**
 * Shares the processor between clients where many things go on at once that each take little: the events of subscriptions,
 * what ends as its time is up, what is released as a connection has closed. A client can have thousands of these.
 *
 * In each turn of the event loop they go on for {@link SLICE_MS} at most, one of each client in rotation. The rest waits for
 * the next turn, so what others ask meanwhile is read in between. Whoever has just gone on waits for the next turn too.
 */
export function createSlices(): Slices {
  const waiting = createFairQueue<() => void>();
  let isScheduled = false;
  let startedAt = 0;
  /** How many may go on in this turn. */
  let left = 0;

  function schedule(): void {
    isScheduled = waiting.size > 0;
    if (isScheduled) setImmediate(slice);
  }

  function slice(): void {
    startedAt = performance.now();
    left = waiting.size;
    step();
  }

  function step(): void {
    if (left === 0 || performance.now() - startedAt >= SLICE_MS) return schedule();
    left -= 1;
    waiting.take()?.();
    // A tick comes after all promises that follow from this one.
    queueMicrotask(() => nextTick(step));
  }

  return {
    next(client) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push(client, resolve);
      if (!isScheduled) schedule();
      return promise;
    },
  };
}
