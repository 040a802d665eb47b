import { AsyncLocalStorage } from 'node:async_hooks';
import type { ErrorCode } from '../errors/catalogue.ts';

/** What error formatting needs of the request that it works for. Apollo does not pass it on. */
export interface RequestScope {
  readonly requestId: string;
  /** Is called with an error of the gateway itself. */
  readonly onUnexpectedError: (error: unknown) => void;
  /** Is called with each error that the client is told. */
  readonly onErrorTold: (code: ErrorCode, policy: string | undefined) => void;
}

export const requestScope = new AsyncLocalStorage<RequestScope>();
