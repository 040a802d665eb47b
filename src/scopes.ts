import { AsyncLocalStorage } from 'node:async_hooks';

/** How the asynchronous context of work goes, for whoever follows it. */
export interface Scopes {
  /**
   * Runs something in an asynchronous context of its own. Whoever is told of its start can say what it belongs to. The caller
   * goes on in the context that it had.
   */
  own<T>(run: () => T): T;
  /** Gives what runs something in the context of this moment, however much later. */
  capture(): <T>(run: () => T) => T;
}

/** Nobody follows it, so it costs nothing. */
export const NO_SCOPES: Scopes = { own: (run) => run(), capture: () => (run) => run() };

export const ASYNC_SCOPES: Scopes = {
  own: (run) => AsyncLocalStorage.snapshot()(run),
  capture: () => AsyncLocalStorage.snapshot(),
};
