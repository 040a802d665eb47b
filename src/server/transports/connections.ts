import { ClientShares } from '../../client-shares.ts';
import { OverloadedError, RateLimitedError } from '../../jobs/errors.ts';
import type { Client } from '../client.ts';
import type { ServerEmitter, StreamTransport } from '../events.ts';

/** How many live connections there may be: WebSockets, and responses that are event streams. */
export interface ConnectionLimits {
  readonly max: number;
  readonly maxPerClient: number;
  /** How often an idle connection is used, in milliseconds. A dead connection shows by it. */
  readonly keepAliveMs: number;
}

/** The live connections of the process. */
export interface Connections {
  readonly limits: ConnectionLimits;
  /** Aborts when the gateway begins to stop. */
  readonly stopping: AbortSignal;
  readonly size: number;
  /**
   * Counts a connection until the returned function is called.
   *
   * @throws {RateLimitedError} when the client has too many
   * @throws {OverloadedError} when there are too many
   */
  open(client: Client, transport: StreamTransport): () => void;
}

export function createConnections(
  limits: ConnectionLimits,
  stopping: AbortSignal,
  events: ServerEmitter,
): Connections {
  const open = new ClientShares(limits.maxPerClient);

  return {
    limits,
    stopping,
    get size() {
      return open.total;
    },
    open(client, transport) {
      const { max, maxPerClient } = limits;
      if (!open.allows(client.key)) {
        throw new RateLimitedError(
          'MAX_STREAMS_PER_ADDRESS',
          `Your address has ${String(maxPerClient)} streams open, which is its limit`,
        );
      }
      if (open.total >= max)
        throw new OverloadedError(`The gateway has ${String(max)} streams open, which is its limit`);
      const stream = { client, transport };
      open.add(client.key, 1);
      events.emit('streamStart', stream);
      let isOpen = true;
      return () => {
        if (!isOpen) return;
        isOpen = false;
        open.add(client.key, -1);
        events.emit('streamEnd', stream);
      };
    },
  };
}

/** For how long clients of a stopping gateway are told to stay away at most, in milliseconds. */
const MAX_RECONNECT_MS = 5000;

/** When to come back. It is random, so that not all clients of a stopped gateway come to the next one at once. */
export function reconnectAfterMs(): number {
  return Math.ceil(Math.random() * MAX_RECONNECT_MS);
}
