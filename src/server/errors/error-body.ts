import type { GraphQLFormattedError } from 'graphql';
import { ERRORS, type ErrorCode } from './catalogue.ts';

/** How long a client should wait when a refusal for now does not say, in milliseconds. */
export const DEFAULT_RETRY_AFTER_MS = 1000;

/** What is told besides with codes of refusals for now. */
export interface Limited {
  /** The bound that a client is at, with RATE_LIMITED. */
  readonly policy?: string | undefined;
  /** When to come back, in milliseconds. @default DEFAULT_RETRY_AFTER_MS */
  readonly retryAfterMs?: number | undefined;
}

/** The body of a refusal below GraphQL. It has the shape of GraphQL's errors. */
export function errorBody(
  requestId: string,
  code: ErrorCode,
  message: string,
  { policy, retryAfterMs = DEFAULT_RETRY_AFTER_MS }: Limited = {},
): { errors: GraphQLFormattedError[] } {
  const wait =
    code === 'OVERLOADED' || code === 'RATE_LIMITED' || code === 'AUTH_UNAVAILABLE'
      ? { ...(policy !== undefined && { policy }), retryAfterMs }
      : {};
  return {
    errors: [{ message, extensions: { code, retryable: ERRORS[code].retryable, ...wait, requestId } }],
  };
}
