import { OverloadedError } from '../jobs/overloaded.ts';

/** How many live connections there may be: WebSockets, and answers sent as event streams. */
export interface StreamLimits {
  readonly max: number;
  readonly maxPerAddress: number;
  /** How often a connection on which nothing happens is used, in milliseconds; one that is dead shows by it. */
  readonly keepAliveMs: number;
}

/** The live connections of the process. */
export interface Streams {
  readonly limits: StreamLimits;
  /** Aborts when the gateway is about to stop. */
  readonly stopping: AbortSignal;
  readonly size: number;
  /**
   * Counts a connection, until the function given back is called.
   *
   * @throws {OverloadedError} when there are too many
   */
  admit(address: string): () => void;
}

export function createStreams(limits: StreamLimits, stopping: AbortSignal): Streams {
  const byAddress = new Map<string, number>();
  let size = 0;

  function count(address: string, change: 1 | -1): void {
    size += change;
    const left = (byAddress.get(address) ?? 0) + change;
    if (left === 0) byAddress.delete(address);
    else byAddress.set(address, left);
  }

  return {
    limits,
    stopping,
    get size() {
      return size;
    },
    admit(address) {
      const { max, maxPerAddress } = limits;
      if (size >= max)
        throw new OverloadedError(`The gateway has ${String(max)} streams open, which is its limit`);
      if ((byAddress.get(address) ?? 0) >= maxPerAddress) {
        throw new OverloadedError(
          `Your address has ${String(maxPerAddress)} streams open, which is its limit`,
        );
      }
      count(address, 1);
      let isCounted = true;
      return () => {
        if (isCounted) count(address, -1);
        isCounted = false;
      };
    },
  };
}

/** The longest that clients of a gateway that stops are told to stay away, in milliseconds: a moment for each. */
const MAX_RECONNECT_MS = 5000;

/** When to come back, at random, so that not all clients of a stopped gateway come to the next one at once. */
export function reconnectAfterMs(): number {
  return Math.ceil(Math.random() * MAX_RECONNECT_MS);
}
