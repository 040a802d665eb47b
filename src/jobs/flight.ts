import { IceError } from '../ice/errors.ts';

/**
 * One read that several callers wait for. A caller that leaves does not end it for the others; the last one does.
 *
 * `lru-cache`'s own `fetch` shares reads too, but it ends them with the first caller and has every later one join,
 * however long ago the read began.
 */
export class Flight<T> {
  /** When it began, in milliseconds since 1970. */
  readonly beganAt: number;
  readonly #controller = new AbortController();
  readonly #result: Promise<T>;
  #waiting = 0;

  /** `read` begins at once; its signal aborts when nobody waits any more. */
  constructor(beganAt: number, read: (signal: AbortSignal) => Promise<T>) {
    this.beganAt = beganAt;
    this.#result = read(this.#controller.signal);
    // Whoever waits sees the failure; when nobody does any more it is nobody's.
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
   * @throws what the read throws, which an aborted one does at once; {@link IceError} UPSTREAM_TIMEOUT when `signal`
   *   aborts while others still wait
   */
  join(signal: AbortSignal): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const leave = () => {
      this.#waiting -= 1;
      if (this.#waiting > 0) return reject(new IceError('UPSTREAM_TIMEOUT', { action: 'GetPackageJob' }));
      this.#controller.abort();
      resolve(this.#result);
    };
    this.#waiting += 1;
    signal.addEventListener('abort', leave, { once: true });
    this.#result.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
    if (signal.aborted) leave();
    return promise;
  }
}
