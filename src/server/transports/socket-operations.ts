import { abort, onAbort } from '../../abort.ts';

/** One operation of a WebSocket. */
export interface SocketOperation {
  /** Aborts when nobody wants the operation any more. */
  readonly signal: AbortSignal;
  /** Settles as the promise does, or never once the signal has aborted. */
  readonly unlessLeft: <T>(promise: Promise<T>) => Promise<T>;
  /** Gives what the stream gives, or nothing more once the signal has aborted. */
  readonly streamUnlessLeft: <T>(
    stream: AsyncIterableIterator<T, undefined>,
  ) => AsyncIterableIterator<T, undefined>;
}

/**
 * The operations under way on one WebSocket.
 *
 * graphql-ws forgets an operation when its client completes it, also while it is being started, and its id may be used again
 * at once. Whatever comes of the forgotten one would be taken for the other's: its end would complete that, and the other
 * could not be ended any more. So each operation has a signal, and graphql-ws hears nothing of it after that has aborted.
 */
export class SocketOperations {
  readonly #operations = new Map<string, AbortController>();
  /** What graphql-ws has under way, by id. */
  #known: Readonly<Record<string, unknown>> = {};
  /** The operation that the message began which graphql-ws has just been given. */
  #begun: AbortSignal | undefined;

  /** Begins an operation that graphql-ws has just put among those that it knows. */
  begin(id: string, known: Readonly<Record<string, unknown>>): SocketOperation {
    const controller = new AbortController();
    const { signal } = controller;
    this.#known = known;
    this.#begun = signal;
    const earlier = this.#operations.get(id);
    if (earlier !== undefined) abort(earlier);
    this.#operations.set(id, controller);
    return {
      signal,
      unlessLeft: (promise) => unlessAborted(signal, promise),
      streamUnlessLeft: (stream) => ({
        ...stream,
        next: () => unlessAborted(signal, stream.next()),
        [Symbol.asyncIterator]() {
          return this;
        },
      }),
    };
  }

  /**
   * Is given what graphql-ws makes of each message, at once. It ends the operations that graphql-ws has forgotten by then.
   *
   * @returns what settles when the message is done with, and when its operation is left
   */
  async settled(received: Promise<void>): Promise<void> {
    const begun = this.#begun;
    this.#begun = undefined;
    for (const [id, controller] of this.#operations) {
      if (id in this.#known) continue;
      this.#operations.delete(id);
      abort(controller);
    }
    await (begun === undefined ? received : Promise.race([received, aborted(begun)]));
  }

  /**
   * Ends all. It is called when the socket has closed.
   *
   * @param nextTurn resolves when one more may end
   */
  endAll(nextTurn: () => Promise<void>): void {
    for (const controller of this.#operations.values()) void nextTurn().then(() => abort(controller));
    this.#operations.clear();
  }
}

async function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  await promise.catch(() => undefined);
  return signal.aborted ? new Promise<never>(() => undefined) : promise;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => void onAbort(signal, resolve));
}
