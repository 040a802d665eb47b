import { setInterval } from 'node:timers/promises';

export interface LoadOptions {
  /** Milliseconds from one start to the next. */
  readonly everyMs: number;
  /** Ends the load; requests in flight go on. */
  readonly signal: AbortSignal;
  /** No more than these are in flight; a start that would exceed them is left out. @default 1000 */
  readonly maxUnderWay?: number;
}

/** Starts a request at a steady pace; resolves once the last has ended. */
export async function steadyLoad(
  { everyMs, signal, maxUnderWay = 1000 }: LoadOptions,
  start: (index: number) => Promise<void>,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  let index = 0;
  try {
    for await (const limit of setInterval(everyMs, maxUnderWay, { signal })) {
      if (underWay.size >= limit) continue;
      const request = start(index).finally(() => underWay.delete(request));
      underWay.add(request);
      index += 1;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  await Promise.all(underWay);
}

/** The value that this share of the values does not exceed; `quantile(times, 0.95)` is p95. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
