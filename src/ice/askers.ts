/** For whom a call is made. Turns in the call budget go by client, and then by `turnKey`. */
export interface Asker {
  /** The key of the client. Limits and turns go by it. The gateway's own calls have an empty one. */
  readonly client: string;
  /** Keys of one client take turns, however many calls each has waiting. Keys are compared by identity. */
  readonly turnKey: object;
}

/** Gives one asker a place in the queue. The function that it returns gives the place up. */
export type Admit = (asker: Asker) => () => void;

/** All who ask for one call. */
export interface AskerSource {
  /** Calls `admit` for each asker, now and as more come, until the returned function is called. That gives up all places. */
  each(admit: Admit): () => void;
}

/**
 * The askers of one call, which come and go while it waits. A call has a place in the lane of each of them, so nobody who
 * asks for what another has asked for waits in the lane of that other.
 */
export class Askers implements AskerSource {
  readonly #askers = new Set<Asker>();
  readonly #queues = new Map<Admit, Map<Asker, () => void>>();

  /** Adds one. The function that it returns takes it out. */
  add({ client, turnKey }: Asker): () => void {
    const asker = { client, turnKey };
    this.#askers.add(asker);
    for (const [admit, places] of this.#queues) places.set(asker, admit(asker));
    return () => {
      this.#askers.delete(asker);
      for (const places of this.#queues.values()) {
        places.get(asker)?.();
        places.delete(asker);
      }
    };
  }

  each(admit: Admit): () => void {
    const places = new Map<Asker, () => void>();
    for (const asker of this.#askers) places.set(asker, admit(asker));
    this.#queues.set(admit, places);
    return () => {
      this.#queues.delete(admit);
      for (const giveUp of places.values()) giveUp();
      places.clear();
    };
  }
}
