import { getHeapStatistics, setFlagsFromString } from 'node:v8';

/**
 * How much the old generation may grow between two full collections, in percent of what the last one left. On a machine with
 * much memory V8 chooses up to 300. At 60 there were no more full collections, as V8 begins them on other occasions too: see
 * `docs/performance.md`.
 */
const GROWTH_PERCENT = 60;

/**
 * Keeps the heap near what is in use, from the next full collection on. It is set here and not on the command line, so that it
 * holds however the process is started.
 */
export function limitHeapGrowth(): void {
  setFlagsFromString(`--heap-growing-percent=${String(GROWTH_PERCENT)}`);
}

/** The most that the heap may have, in bytes. */
export function heapLimit(): number {
  return getHeapStatistics().heap_size_limit;
}
