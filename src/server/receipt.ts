import type { OperationRecord } from './context.ts';

/** What an operation cost upstream, and what it was spared. */
export interface Receipt {
  /** Calls of ICE made for it, further attempts included; of a call it shared, the one it began. */
  readonly calls: number;
  /** Reads that joined one under way. */
  readonly coalesced: number;
  /** Reads answered from memory. */
  readonly cacheHits: number;
  /** Reads answered from memory past their time, as ICE failed. */
  readonly stale: number;
  /** The longest that one of its calls waited for the call budget, in milliseconds. */
  readonly queuedMs: number;
  /** The longest that one of its calls took, in milliseconds. */
  readonly upstreamMs: number;
}

export function receiptOf({ calls, spared }: OperationRecord): Receipt {
  return {
    calls: calls.length,
    coalesced: spared.coalesced,
    cacheHits: spared.hit,
    stale: spared.stale,
    queuedMs: Math.max(0, ...calls.map((call) => call.queuedMs)),
    upstreamMs: Math.max(0, ...calls.map((call) => call.durationMs)),
  };
}

/**
 * The receipt as `Server-Timing` has it, which browsers show beside the request.
 *
 * @see https://www.w3.org/TR/server-timing/
 */
export function serverTiming({ calls, coalesced, cacheHits, stale, queuedMs, upstreamMs }: Receipt): string {
  return [
    `upstream;desc="${String(calls)} calls";dur=${String(upstreamMs)}`,
    `queue;dur=${String(queuedMs)}`,
    `cache;desc="${String(cacheHits)} hits, ${String(coalesced)} coalesced"`,
    ...(stale > 0 ? [`stale;desc="${String(stale)} stale"`] : []),
  ].join(', ');
}

/** The same for what took nothing but this many reads from memory. */
export function serverTimingOfHits(hits: number): string {
  return serverTiming({ calls: 0, coalesced: 0, cacheHits: hits, stale: 0, queuedMs: 0, upstreamMs: 0 });
}
