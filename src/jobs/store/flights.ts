import type { Asker } from '../../ice/askers.ts';
import type { Detail } from './entry.ts';
import { Flight } from './flight.ts';
import type { ClientReads } from './reads.ts';

interface Entry<T> {
  readonly flight: Flight<T>;
  readonly detail: Detail;
  /** Whether a later state became known since it began, of which it may bring no detail. */
  isOvertaken: boolean;
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
    if (current === undefined) return undefined;
    const isEnough = detail === 'summary' || (current.detail === 'detail' && !current.isOvertaken);
    if (!isEnough || current.flight.isAbandoned) return undefined;
    return this.#now() - current.flight.startedAt < this.#maxAgeMs ? current.flight : undefined;
  }

  /** Is told that something else than the read in flight has brought a later state. */
  overtake(id: string): void {
    const current = this.#entries.get(id);
    if (current !== undefined) current.isOvertaken = true;
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
    const entry = { flight, detail, isOvertaken: false };
    this.#entries.set(id, entry);
    const land = () => {
      if (this.#entries.get(id) === entry) this.#entries.delete(id);
      end();
    };
    flight.ended.then(land, land);
    return flight;
  }
}
