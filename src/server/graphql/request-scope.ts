import { AsyncLocalStorage } from 'node:async_hooks';

/** What error formatting needs of the request that it works for. Apollo does not pass it on. */
export interface RequestScope {
  readonly requestId: string;
  /** Is called with an error of the gateway itself. */
  readonly onUnexpectedError: (error: unknown) => void;
}

export const requestScope = new AsyncLocalStorage<RequestScope>();
