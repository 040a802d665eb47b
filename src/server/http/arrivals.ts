import type { RequestListener } from 'node:http';
import { ClientShares } from '../../client-shares.ts';
import { hasComputed, moment } from '../../computed-time.ts';
import { createSlices } from '../../slices.ts';
import type { Admissions } from './admission.ts';

/** So many requests are taken as they come. After that it is looked whether they have all come in one turn of the event loop. */
const AT_ONCE = 16;

/** How long more of them may take in that turn, in milliseconds. */
const TURN_MS = 4;

/** Takes requests, at once or in their turn. */
export interface Arrivals {
  /** @param run takes the request: looks it up, routes it, refuses it or begins its operation */
  take(client: string, run: () => void): void;
}

/**
 * Shares the processor between clients where many requests come at once. A turn of the event loop reads from every connection that
 * has something, and one read can bring a hundred requests. Those that memory does not answer take a tenth of a millisecond and more
 * each until they wait for something, also where they are refused.
 *
 * So a turn takes a few milliseconds of them. The others are taken in later turns, clients in rotation, those of each in order.
 */
export function createArrivals(): Arrivals {
  const slices = createSlices();
  const waiting = new ClientShares(Infinity);
  let taken = 0;
  let started = moment();

  /** It costs as much as a tenth of a request, so that is not done for each of them. */
  function lookForNextTurn(): void {
    started = moment();
    setImmediate(() => {
      taken = 0;
    });
  }

  async function runLater(client: string, run: () => void): Promise<void> {
    waiting.add(client, 1);
    await slices.next(client);
    waiting.add(client, -1);
    run();
  }

  return {
    take(client, run) {
      taken += 1;
      if (taken === AT_ONCE) lookForNextTurn();
      const isLate = taken > AT_ONCE && hasComputed(started, TURN_MS);
      if (!isLate && (waiting.total === 0 || waiting.of(client) === 0)) return run();
      void runLater(client, run);
    },
  };
}

/** Puts requests in turn ahead of a listener. One whose client has left meanwhile does not get there. */
export function inTurn(admissions: Admissions, listener: RequestListener): RequestListener {
  const arrivals = createArrivals();
  return (request, response) =>
    arrivals.take(admissions.of(request).client.key, () => {
      if (!request.socket.destroyed) listener(request, response);
    });
}
