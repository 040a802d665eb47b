import { abort, onAbort } from '../../abort.ts';
import { Askers, type Asker } from '../../ice/askers.ts';
import { IceError } from '../../ice/errors.ts';

/** One who waits for a read. */
export interface FlightCaller extends Asker {
  /** Ends the waiting. */
  readonly signal: AbortSignal;
}

/**
 * One read in flight that several callers wait for. A caller that leaves does not end it for the others. The last one that
 * leaves ends it. Its calls take the turns of all who wait for it.
 *
 * `lru-cache`'s own `fetch` shares reads too. But it ends them with the first caller, and every later caller joins, however
 * long ago the read began.
 */
export class Flight<T> {
  /** When the read began, in milliseconds since 1970. */
  readonly startedAt: number;
  readonly #controller = new AbortController();
  readonly #askers = new Askers();
  /** Takes the first caller out of the askers. It is `undefined` once that one has joined. */
  #giveUpFirst: (() => void) | undefined;
  readonly #result: Promise<T>;
  #waiting = 0;

  /**
   * `read` begins at once. Its signal aborts when nobody waits any more. Whoever waits is among the askers.
   *
   * @param first has to be the first to join
   */
  constructor(startedAt: number, first: Asker, read: (signal: AbortSignal, askers: Askers) => Promise<T>) {
    this.startedAt = startedAt;
    this.#giveUpFirst = this.#askers.add(first);
    this.#result = read(this.#controller.signal, this.#askers);
    // Whoever waits sees the failure. It must not be unhandled when nobody waits.
    this.#result.catch(() => undefined);
  }

  /** Settles with the read. */
  get ended(): Promise<T> {
    return this.#result;
  }

  /** Whether every caller has left. */
  get isAbandoned(): boolean {
    return this.#controller.signal.aborted;
  }

  /**
   * Resolves with the read.
   *
   * @throws what the read throws; an aborted read throws at once. {@link IceError} UPSTREAM_TIMEOUT when `signal` aborts
   *   while others still wait
   */
  join({ signal, client, turnKey }: FlightCaller): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const giveUpTurn = this.#giveUpFirst ?? this.#askers.add({ client, turnKey });
    this.#giveUpFirst = undefined;
    const leave = () => {
      giveUpTurn();
      this.#waiting -= 1;
      if (this.#waiting > 0) return reject(new IceError('UPSTREAM_TIMEOUT', { action: 'GetPackageJob' }));
      abort(this.#controller);
      resolve(this.#result);
    };
    this.#waiting += 1;
    const forget = onAbort(signal, leave);
    this.#result.then(resolve, reject).finally(forget);
    return promise;
  }
}
