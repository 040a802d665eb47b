import type { Admit, Asker, AskerSource } from '../../ice/askers.ts';
import type { CallContext } from '../../ice/client.ts';

/** A read that others share calls with. */
export interface SharedRead {
  readonly context: CallContext;
}

/**
 * The read whose receipt has the calls that serve all of these. The gateway itself pays for what it shares, so that it knows what
 * its sweeps cost.
 */
export function payerOf<Read extends SharedRead>(reads: readonly Read[]): Read | undefined {
  return reads.find(({ context }) => context.client === '') ?? reads[0];
}

/**
 * A context for calls that serve all of these reads. It ends with the last of them. Its calls take the turns of all clients
 * that ask for one of them, as an operation of their own.
 */
export function sharedContext(reads: readonly SharedRead[]): CallContext {
  const controller = new AbortController();
  let left = reads.length;
  for (const { context } of reads) {
    const leave = () => {
      left -= 1;
      if (left === 0) controller.abort();
    };
    if (context.signal.aborted) leave();
    else context.signal.addEventListener('abort', leave, { once: true });
  }
  const payer = payerOf(reads)?.context;
  return {
    signal: controller.signal,
    client: payer?.client ?? '',
    turnKey: controller,
    askers: new SharedAskers(reads, controller),
    onCall: (call) => payer?.onCall(call),
  };
}

/**
 * The clients that ask for one of these reads. Each has one place in a queue, for as long as one of its reads waits. The reads are
 * gone through once, however many calls serve them.
 */
class SharedAskers implements AskerSource {
  readonly #turnKey: object;
  /** The reads that were not gone through. */
  readonly #reads: SharedRead[];
  /** How many reads of each client wait. */
  readonly #waiting = new Map<string, number>();
  readonly #queues = new Map<Admit, Map<string, () => void>>();

  constructor(reads: readonly SharedRead[], turnKey: object) {
    this.#reads = [...reads];
    this.#turnKey = turnKey;
  }

  each(admit: Admit): () => void {
    for (const { context } of this.#reads.splice(0)) {
      if (context.askers === undefined) this.#enter(context);
      else context.askers.each((asker) => this.#enter(asker));
    }
    const places = new Map<string, () => void>();
    this.#queues.set(admit, places);
    for (const client of this.#waiting.keys()) this.#take(client, admit, places);
    return () => {
      this.#queues.delete(admit);
      for (const giveUp of places.values()) giveUp();
    };
  }

  #enter({ client }: Asker): () => void {
    const others = this.#waiting.get(client) ?? 0;
    this.#waiting.set(client, others + 1);
    if (others === 0) for (const [admit, places] of this.#queues) this.#take(client, admit, places);
    return () => this.#leave(client);
  }

  #leave(client: string): void {
    const left = (this.#waiting.get(client) ?? 0) - 1;
    if (left > 0) return void this.#waiting.set(client, left);
    this.#waiting.delete(client);
    for (const places of this.#queues.values()) {
      places.get(client)?.();
      places.delete(client);
    }
  }

  #take(client: string, admit: Admit, places: Map<string, () => void>): void {
    places.set(client, admit({ client, turnKey: this.#turnKey }));
  }
}
