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
  readonly #sources = new Set<AskerSource>();
  readonly #queues = new Map<Admit, Map<AskerSource, () => void>>();

  /** Adds one. The function that it returns takes it out. */
  add({ client, turnKey }: Asker): () => void {
    const asker = { client, turnKey };
    return this.addAll({ each: (admit) => admit(asker) });
  }

  /** Adds all of a source, those that come later too. The function that it returns takes them out. */
  addAll(source: AskerSource): () => void {
    this.#sources.add(source);
    for (const [admit, places] of this.#queues) places.set(source, source.each(admit));
    return () => {
      this.#sources.delete(source);
      for (const places of this.#queues.values()) {
        places.get(source)?.();
        places.delete(source);
      }
    };
  }

  each(admit: Admit): () => void {
    const places = new Map<AskerSource, () => void>();
    for (const source of this.#sources) places.set(source, source.each(admit));
    this.#queues.set(admit, places);
    return () => {
      this.#queues.delete(admit);
      for (const giveUp of places.values()) giveUp();
      places.clear();
    };
  }
}
