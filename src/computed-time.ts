import { threadCpuUsage } from 'node:process';

/**
 * How long this thread has computed, in milliseconds. A call takes half a microsecond. Linux counts it at each switch of threads and
 * every few milliseconds, so a short time is right on average only.
 */
export function computedMs(): number {
  const { user, system } = threadCpuUsage();
  return (user + system) / 1000;
}

/** A moment in the middle of a turn of the event loop. */
export interface Moment {
  readonly at: number;
  readonly computedMs: number;
}

export function moment(): Moment {
  return { at: performance.now(), computedMs: computedMs() };
}

/**
 * Whether a turn of the event loop has gone on for so long since a moment, in milliseconds. On a busy machine most of the time can
 * be that of other programs. What shares the processor between clients would then get less done in each turn, the more turns there
 * are to wait for, so this thread must have computed for half of it.
 */
export function hasComputed(since: Moment, ms: number): boolean {
  return performance.now() - since.at >= ms && computedMs() - since.computedMs >= ms / 2;
}
