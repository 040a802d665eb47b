import type { Asker } from '../../ice/askers.ts';
import type { Detail } from './entry.ts';
import { Flight } from './flight.ts';
import type { ClientReads } from './reads.ts';

interface Entry<T> {
  readonly flight: Flight<T>;
  readonly detail: Detail;
}

/** The latest read in flight of each id. */
export class Flights<T> {
  readonly #now: () => number;
  readonly #maxAgeMs: number;
  readonly #entries = new Map<string, Entry<T>>();
  readonly #reads: ClientReads;

  /** @param maxAgeMs for how long a read can be joined. A later caller may be promised a newer state than it brings */
  constructor(now: () => number, maxAgeMs: number, reads: ClientReads) {
    this.#reads = reads;
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
    const end = this.#reads.begin(first.client);
    const flight = new Flight(this.#now(), first, read);
    const entry = { flight, detail };
    this.#entries.set(id, entry);
    const land = () => {
      if (this.#entries.get(id) === entry) this.#entries.delete(id);
      end();
    };
    flight.ended.then(land, land);
    return flight;
  }
}
