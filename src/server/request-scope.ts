import { AsyncLocalStorage } from 'node:async_hooks';

/** What error formatting must know of the HTTP request it works for; Apollo does not pass it on. */
export interface RequestScope {
  readonly requestId: string;
  /** Writes an error of ours, with its stack, to the log. */
  readonly logError: (error: unknown) => void;
}

export const requestScope = new AsyncLocalStorage<RequestScope>();
