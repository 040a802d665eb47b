/**
 * The operations under way on one WebSocket.
 *
 * graphql-ws forgets an operation when its client completes it, also while it is being started. Nothing ends it then, and its id
 * may be used again. So each operation has a signal that aborts as soon as graphql-ws has forgotten it.
 */
export class SocketOperations {
  readonly #signals = new Map<string, AbortController>();
  /** What graphql-ws has under way, by id. */
  #known: Readonly<Record<string, unknown>> = {};

  /** Begins an operation that graphql-ws has just put among those that it knows. Its signal aborts when nobody wants it. */
  begin(id: string, known: Readonly<Record<string, unknown>>): AbortSignal {
    const controller = new AbortController();
    this.#known = known;
    this.#signals.get(id)?.abort();
    this.#signals.set(id, controller);
    return controller.signal;
  }

  /** Ends those that graphql-ws has forgotten. It is called after each message. */
  endForgotten(): void {
    for (const [id, controller] of this.#signals) {
      if (id in this.#known) continue;
      this.#signals.delete(id);
      controller.abort();
    }
  }

  /** Ends all. It is called when the socket has closed. */
  endAll(): void {
    for (const controller of this.#signals.values()) controller.abort();
    this.#signals.clear();
  }
}
