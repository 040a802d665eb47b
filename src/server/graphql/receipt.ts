import type { OperationRecord } from './record.ts';

/** What an operation cost upstream, and how many of its reads were cached. */
export interface Receipt {
  /** Calls of ICE that were made for it, retries included. A shared call counts for the operation that began it. */
  readonly calls: number;
  /** Reads that joined a read in flight. */
  readonly coalesced: number;
  /** Reads answered from memory. */
  readonly cacheHits: number;
  /** Reads answered with an expired state from memory, as ICE failed. */
  readonly stale: number;
  /** The longest that one of its calls waited for the call budget, in milliseconds. */
  readonly queuedMs: number;
  /** The longest that one of its calls took, in milliseconds. */
  readonly upstreamMs: number;
}

export function receiptOf({ calls, cached }: OperationRecord): Receipt {
  return {
    calls: calls.length,
    coalesced: cached.collapsed,
    cacheHits: cached.hit,
    stale: cached.stale,
    queuedMs: Math.max(0, ...calls.map((call) => call.queuedMs)),
    upstreamMs: Math.max(0, ...calls.map((call) => call.durationMs)),
  };
}

/** The most of ICE's ids in one response. An operation can take hundreds of calls. */
const MAX_REQUEST_IDS = 10;

/** ICE's ids of the last calls that were made for an operation, which its support asks for. Nothing when there are none. */
export function requestIdsOf({ calls }: OperationRecord): { readonly requestIds?: readonly string[] } {
  const requestIds = calls.flatMap(({ requestId }) => requestId ?? []).slice(-MAX_REQUEST_IDS);
  return requestIds.length === 0 ? {} : { requestIds };
}

/**
 * The receipt as `Server-Timing`. Browsers show it beside the request.
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

const NO_CALLS = { calls: 0, coalesced: 0, stale: 0, queuedMs: 0, upstreamMs: 0 };

/** The same for a response that took so many reads from memory, and nothing else. */
export function serverTimingOfHits(hits: number): string {
  // Most responses of prepared operations show as many jobs as the one before.
  if (lastHits.hits !== hits) lastHits = { hits, text: serverTiming({ ...NO_CALLS, cacheHits: hits }) };
  return lastHits.text;
}

let lastHits = { hits: 0, text: serverTiming({ ...NO_CALLS, cacheHits: 0 }) };
