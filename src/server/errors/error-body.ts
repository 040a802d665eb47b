import type { GraphQLFormattedError } from 'graphql';
import { ERRORS, type ErrorCode } from './catalogue.ts';

/** How long a client should wait when a refusal for now does not say, in milliseconds. */
export const DEFAULT_RETRY_AFTER_MS = 1000;

/**
 * The body of a refusal below GraphQL. It has the shape of GraphQL's errors.
 *
 * @param policy the bound that a client is at, with RATE_LIMITED
 */
export function errorBody(
  requestId: string,
  code: ErrorCode,
  message: string,
  policy?: string,
): { errors: GraphQLFormattedError[] } {
  const wait =
    code === 'OVERLOADED' || code === 'RATE_LIMITED' || code === 'AUTH_UNAVAILABLE'
      ? { ...(policy !== undefined && { policy }), retryAfterMs: DEFAULT_RETRY_AFTER_MS }
      : {};
  return {
    errors: [{ message, extensions: { code, retryable: ERRORS[code].retryable, ...wait, requestId } }],
  };
}
