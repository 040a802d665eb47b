import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { IceError, type IceErrorCode } from '../ice/errors.ts';
import { ForbiddenError } from '../jobs/forbidden.ts';
import { InputError } from '../jobs/input.ts';
import { OverloadedError } from '../jobs/overloaded.ts';
import { exceedsTokenLimit, tooManyTokens } from './limits.ts';
import { requestScope } from './request-scope.ts';

/** What clients are told when a call of ICE fails. */
const ICE_MESSAGES = {
  OVERLOADED: 'The gateway has too many calls waiting; try again later',
  UPSTREAM_THROTTLED: 'ICE refused the call for now: the account makes too many calls',
  UPSTREAM_TIMEOUT: 'ICE did not answer in time',
  UPSTREAM_UNAVAILABLE: 'ICE cannot be reached or has a fault',
  UPSTREAM_REJECTED: 'ICE refused the call',
  UPSTREAM_MALFORMED: 'ICE sent an answer that cannot be understood',
} as const satisfies Record<IceErrorCode, string>;

/** What they are told when ICE may have made a job all the same, whatever the code. */
const OUTCOME_UNKNOWN =
  'ICE did not say whether it took the job; look for it in `packageJobs` before submitting it again';

/** Codes that say what is wrong with the client's request, whose messages are therefore for the client. */
const CLIENT_CODES = new Set([
  'BAD_REQUEST',
  'BAD_USER_INPUT',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'OPERATION_TOO_COMPLEX',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_REQUIRED',
]);

/** The longest message sent; messages can repeat what the client sent. */
const MAX_MESSAGE_LENGTH = 1000;

/** How long to wait where a refusal for now does not say. */
const DEFAULT_RETRY_AFTER_MS = 1000;

const OVERLOADED = { code: 'OVERLOADED', retryable: true, retryAfterMs: DEFAULT_RETRY_AFTER_MS };

/** The one place where an error becomes what a client of GraphQL may see. */
export function formatError(formatted: GraphQLFormattedError, thrown: unknown): GraphQLFormattedError {
  const error = rootOf(thrown);
  if (error instanceof IceError) {
    const message = error.details.isOutcomeUnknown === true ? OUTCOME_UNKNOWN : ICE_MESSAGES[error.code];
    return withExtensions(formatted, message, iceExtensions(error));
  }
  if (error instanceof ForbiddenError) return withExtensions(formatted, error.message, { code: 'FORBIDDEN' });
  if (error instanceof OverloadedError) {
    return withExtensions(formatted, error.message, OVERLOADED);
  }
  if (error instanceof InputError) {
    return withExtensions(formatted, error.message, { code: 'BAD_USER_INPUT', argument: error.argument });
  }
  const tooComplex = tooComplexError(thrown, error);
  if (tooComplex !== undefined) {
    const { http: _status, ...extensions } = tooComplex.extensions;
    return withExtensions(formatted, tooComplex.message, extensions);
  }
  const code = clientCode(formatted, thrown, error);
  if (CLIENT_CODES.has(code))
    return withExtensions(formatted, formatted.message, { ...formatted.extensions, code });
  requestScope.getStore()?.logError(error);
  return withExtensions(formatted, 'Internal server error', { code: 'INTERNAL_SERVER_ERROR' });
}

/** Formats an error of execution as Apollo Server has it formatted: `code` is that of an error without one. */
export function formatThrown(error: GraphQLError, code = 'INTERNAL_SERVER_ERROR'): GraphQLFormattedError {
  const formatted = error.toJSON();
  return formatError({ ...formatted, extensions: { code, ...formatted.extensions } }, error);
}

/**
 * Errors in the order that their fields have in the document, and items in their list: the order in which they come up
 * depends on which read ends first.
 */
export function inOrder(errors: readonly GraphQLFormattedError[]): GraphQLFormattedError[] {
  return errors.toSorted((a, b) => {
    const [first, second] = [placeOf(a), placeOf(b)];
    const index = first.findIndex((part, index) => part !== second[index]);
    return index === -1 ? 0 : (first[index] ?? 0) - (second[index] ?? 0);
  });
}

function placeOf({ locations, path }: GraphQLFormattedError): number[] {
  const { line, column } = locations?.[0] ?? { line: 0, column: 0 };
  return [line, column, ...(path ?? []).filter((part) => typeof part === 'number')];
}

/** The body of a refusal made below GraphQL, in the shape of GraphQL's own. */
export function errorBody(
  requestId: string,
  code: string,
  message: string,
): { errors: GraphQLFormattedError[] } {
  const retryable = code === 'OVERLOADED' || code === 'UPSTREAM_UNAVAILABLE';
  const wait = code === 'OVERLOADED' ? { retryAfterMs: DEFAULT_RETRY_AFTER_MS } : {};
  return { errors: [{ message, extensions: { code, retryable, ...wait, requestId } }] };
}

/**
 * How long to wait before asking again, in whole seconds, as `Retry-After` has it: the longest that an error of the
 * answer asks for, or else until its unfinished jobs are worth another read.
 */
export function retryAfterSeconds(
  errors: readonly GraphQLFormattedError[] | undefined,
  pollAfterMs: number | undefined,
): number | undefined {
  const waits = (errors ?? [])
    .map((error) => error.extensions?.['retryAfterMs'])
    .filter((ms) => typeof ms === 'number');
  if (waits.length === 0 && pollAfterMs !== undefined) waits.push(pollAfterMs);
  return waits.length === 0 ? undefined : Math.ceil(Math.max(...waits) / 1000);
}

/** What a GraphQL error wraps. A GraphQL error that wraps nothing, or only another one, is the last of them. */
function rootOf(thrown: unknown): unknown {
  let error = thrown;
  while (error instanceof GraphQLError && error.originalError) error = error.originalError;
  return error;
}

/** What Apollo reports as an invalid document, or one it could not parse, when a limit was its fault. */
function tooComplexError(thrown: unknown, root: unknown): GraphQLError | undefined {
  if (root instanceof GraphQLError && root.extensions['code'] === 'OPERATION_TOO_COMPLEX') return root;
  if (!(thrown instanceof GraphQLError) || thrown.extensions['code'] !== 'GRAPHQL_PARSE_FAILED')
    return undefined;
  return exceedsTokenLimit(thrown.source) ? tooManyTokens() : undefined;
}

function clientCode(formatted: GraphQLFormattedError, thrown: unknown, root: unknown): string {
  if (isRefusalWithoutCode(formatted, thrown)) return 'BAD_REQUEST';
  const code = String(formatted.extensions?.['code']);
  // Only graphql-js points at a value: one that a variable has brought to an argument that cannot take it.
  const isWrongValue = root instanceof GraphQLError && root !== thrown && root.nodes !== undefined;
  return code === 'INTERNAL_SERVER_ERROR' && isWrongValue ? 'BAD_USER_INPUT' : code;
}

/** Apollo gives no code to what it refuses about persisted queries, only a status. */
function isRefusalWithoutCode({ extensions }: GraphQLFormattedError, thrown: unknown): boolean {
  const http: unknown = thrown instanceof GraphQLError ? thrown.extensions['http'] : undefined;
  const hasStatus = typeof http === 'object' && http !== null && 'status' in http && http.status === 400;
  return hasStatus && extensions?.['code'] === 'INTERNAL_SERVER_ERROR';
}

function iceExtensions({ code, details, retryable }: IceError): Record<string, unknown> {
  const { action, upstreamCode, requestId, retryAfterMs } = details;
  const refusedForNow = code === 'UPSTREAM_THROTTLED' || code === 'OVERLOADED';
  return {
    code,
    retryable,
    ...(refusedForNow && { retryAfterMs: retryAfterMs ?? DEFAULT_RETRY_AFTER_MS }),
    ...(code !== 'OVERLOADED' && {
      upstream: { action, code: upstreamCode ?? null, requestId: requestId ?? null },
    }),
  };
}

function withExtensions(
  formatted: GraphQLFormattedError,
  message: string,
  { code, ...extensions }: Record<string, unknown>,
): GraphQLFormattedError {
  return {
    ...formatted,
    message: message.length > MAX_MESSAGE_LENGTH ? `${message.slice(0, MAX_MESSAGE_LENGTH)}…` : message,
    extensions: {
      code,
      retryable: code === 'PERSISTED_QUERY_NOT_FOUND',
      ...extensions,
      requestId: requestScope.getStore()?.requestId ?? null,
    },
  };
}
