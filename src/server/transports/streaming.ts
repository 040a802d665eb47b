import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';

/** The headers of a response that has an event for each result. */
export function streamHeaders(contentType: string): Readonly<Record<string, string>> {
  return {
    'content-type': contentType,
    // A proxy that compresses would keep the events back.
    'cache-control': 'no-store, no-transform',
    // An open connection would keep the gateway from stopping.
    connection: 'close',
    // Otherwise nginx would buffer the events.
    'x-accel-buffering': 'no',
  };
}

/**
 * Resolves when the client has read what was sent. What it does not read stays with the subscription, which only keeps the
 * latest state of each job. A connection whose client reads nothing is cut, see `http/connections`.
 *
 * @throws when `closed` aborts
 */
export async function drained(response: ServerResponse, closed: AbortSignal): Promise<void> {
  // What was sent before is written by then.
  await setImmediate();
  if (response.writableNeedDrain) await once(response, 'drain', { signal: closed });
}
