import { BOUNDS } from '../../bounds.ts';
import { ClientShares } from '../../client-shares.ts';
import type { Asker } from '../../ice/askers.ts';
import { IceError } from '../../ice/errors.ts';
import type { Detail } from './entry.ts';
import { Flight } from './flight.ts';

/** The name of the bound of one client. */
const POLICY = 'readsOfClient' satisfies keyof typeof BOUNDS;

/**
 * What a client over its bound is told. It is one error for all, as there can be thousands in a second, and the stack of an
 * error costs more than the rest of a refusal.
 */
const TOO_MANY_READS = new IceError('RATE_LIMITED', { action: 'GetPackageJob', policy: POLICY });

interface Entry<T> {
  readonly flight: Flight<T>;
  readonly detail: Detail;
}

/** The latest read in flight of each id. */
export class Flights<T> {
  readonly #now: () => number;
  readonly #maxAgeMs: number;
  readonly #entries = new Map<string, Entry<T>>();
  /** How many reads in flight each client has begun. */
  readonly #begun = new ClientShares(BOUNDS.readsOfClient.max);

  /** @param maxAgeMs for how long a read can be joined. A later caller may be promised a newer state than it brings */
  constructor(now: () => number, maxAgeMs: number) {
    this.#now = now;
    this.#maxAgeMs = maxAgeMs;
  }

  /** A read in flight that brings what is asked for. */
  toJoin(id: string, detail: Detail): Flight<T> | undefined {
    const current = this.#entries.get(id);
    const isEnough = current !== undefined && (current.detail === 'detail' || detail === 'summary');
    if (!isEnough || current.flight.isAbandoned) return undefined;
    return this.#now() - current.flight.startedAt < this.#maxAgeMs ? current.flight : undefined;
  }

  /**
   * Begins a read. See {@link Flight}.
   *
   * @throws {IceError} RATE_LIMITED when this client has begun too many. The gateway itself may begin any number
   */
  begin(
    id: string,
    detail: Detail,
    first: Asker,
    read: ConstructorParameters<typeof Flight<T>>[2],
  ): Flight<T> {
    const { client } = first;
    if (!this.#begun.allows(client)) throw TOO_MANY_READS;
    const flight = new Flight(this.#now(), first, read);
    const entry = { flight, detail };
    this.#entries.set(id, entry);
    this.#begun.add(client, 1);
    const land = () => {
      if (this.#entries.get(id) === entry) this.#entries.delete(id);
      this.#begun.add(client, -1);
    };
    flight.ended.then(land, land);
    return flight;
  }
}
