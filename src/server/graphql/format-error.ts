import { ApolloServerValidationErrorCode } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { IceError, type IceErrorCode } from '../../ice/errors.ts';
import {
  ForbiddenError,
  GoneError,
  InputError,
  OverloadedError,
  RateLimitedError,
} from '../../jobs/errors.ts';
import { ERRORS, isErrorCode } from '../errors/catalogue.ts';
import { DEFAULT_RETRY_AFTER_MS } from '../errors/error-body.ts';
import { exceedsTokenLimit, tooManyTokens } from './limits.ts';
import { requestScope } from './request-scope.ts';

/** The messages for clients when a call of ICE fails. */
const ICE_MESSAGES = {
  OVERLOADED: 'The gateway has too many calls waiting; try again later',
  RATE_LIMITED: 'You have too many calls waiting; try again later',
  UPSTREAM_THROTTLED: 'ICE refused the call for now: the account makes too many calls',
  UPSTREAM_TIMEOUT: 'ICE did not answer in time',
  UPSTREAM_UNAVAILABLE: 'ICE cannot be reached or has a fault',
  UPSTREAM_REJECTED: 'ICE refused the call',
  UPSTREAM_MALFORMED: 'ICE sent an answer that cannot be understood',
} as const satisfies Record<IceErrorCode, string>;

/** The message when ICE may have made a job in spite of the failure, whatever the code. */
const OUTCOME_UNKNOWN =
  'ICE did not say whether it took the job; look for it in `packageJobs` before submitting it again';

const NO_KEY = 'The gateway has no key to sign calls of ICE with';
const TOO_LONG = 'ICE sent an answer that is too long to be read';

/** The longest message sent, in characters. Messages can repeat what the client sent. */
const MAX_MESSAGE_LENGTH = 1000;

const OVERLOADED = { code: 'OVERLOADED', retryAfterMs: DEFAULT_RETRY_AFTER_MS };

/** The one place where an error becomes what a client of GraphQL may see. */
export function formatError(formatted: GraphQLFormattedError, thrown: unknown): GraphQLFormattedError {
  const error = rootOf(thrown);
  if (error instanceof IceError) {
    return withExtensions(formatted, iceMessage(error), iceExtensions(error));
  }
  if (error instanceof ForbiddenError) return withExtensions(formatted, error.message, { code: 'FORBIDDEN' });
  if (error instanceof OverloadedError) {
    return withExtensions(formatted, error.message, OVERLOADED);
  }
  if (error instanceof RateLimitedError) {
    const { message, policy, retryAfterMs = DEFAULT_RETRY_AFTER_MS } = error;
    return withExtensions(formatted, message, { code: 'RATE_LIMITED', policy, retryAfterMs });
  }
  if (error instanceof InputError) {
    const { argument } = error;
    const gone = error instanceof GoneError && { jobId: error.jobId };
    return withExtensions(formatted, error.message, { code: 'BAD_USER_INPUT', argument, ...gone });
  }
  const tooComplex = tooComplexError(thrown, error);
  if (tooComplex !== undefined) {
    const { http: _status, ...extensions } = tooComplex.extensions;
    return withExtensions(formatted, tooComplex.message, extensions);
  }
  const code = clientCode(formatted, thrown, error);
  if (isErrorCode(code) && ERRORS[code].isClientFault)
    return withExtensions(formatted, clientMessage(formatted), { ...formatted.extensions, code });
  requestScope.getStore()?.onUnexpectedError(error);
  return withExtensions(formatted, 'Internal server error', { code: 'INTERNAL_SERVER_ERROR' });
}

/** Formats an error of execution as Apollo Server does. `code` is for an error without a code of its own. */
export function formatThrown(error: GraphQLError, code = 'INTERNAL_SERVER_ERROR'): GraphQLFormattedError {
  const formatted = error.toJSON();
  return formatError({ ...formatted, extensions: { code, ...formatted.extensions } }, error);
}

/**
 * Sorts errors by the order of their fields in the document, and of items in their list. The order in which they occur
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

/** The innermost error that a GraphQL error wraps. */
function rootOf(thrown: unknown): unknown {
  let error = thrown;
  while (error instanceof GraphQLError && error.originalError) error = error.originalError;
  return error;
}

/** The limit behind an error that Apollo reports as an invalid document, or as one that it could not parse. */
function tooComplexError(thrown: unknown, root: unknown): GraphQLError | undefined {
  if (root instanceof GraphQLError && root.extensions['code'] === 'OPERATION_TOO_COMPLEX') return root;
  if (!(thrown instanceof GraphQLError) || thrown.extensions['code'] !== 'GRAPHQL_PARSE_FAILED')
    return undefined;
  return exceedsTokenLimit(thrown.source) ? tooManyTokens() : undefined;
}

function clientCode(formatted: GraphQLFormattedError, thrown: unknown, root: unknown): string {
  if (isRefusalWithoutCode(formatted, thrown)) return 'BAD_REQUEST';
  const code = String(formatted.extensions?.['code']);
  // graphql-js ends a long list of errors of variables with it.
  if (formatted.message.startsWith('Too many errors processing variables')) return 'BAD_USER_INPUT';
  // Only graphql-js points at a value. A variable brought it to an argument that cannot take it.
  const isWrongValue = root instanceof GraphQLError && root !== thrown && root.nodes !== undefined;
  return code === 'INTERNAL_SERVER_ERROR' && isWrongValue ? 'BAD_USER_INPUT' : code;
}

function clientMessage({ message, extensions }: GraphQLFormattedError): string {
  // Apollo Server would name an option of its own.
  const isIntrospection =
    extensions?.['validationErrorCode'] === ApolloServerValidationErrorCode.INTROSPECTION_DISABLED;
  return isIntrospection ? 'Introspection is off here; INTROSPECTION=true turns it on' : message;
}

/** Apollo gives a status and no code to what it refuses about persisted queries. */
function isRefusalWithoutCode({ extensions }: GraphQLFormattedError, thrown: unknown): boolean {
  const http: unknown = thrown instanceof GraphQLError ? thrown.extensions['http'] : undefined;
  const hasStatus = typeof http === 'object' && http !== null && 'status' in http && http.status === 400;
  return hasStatus && extensions?.['code'] === 'INTERNAL_SERVER_ERROR';
}

function iceMessage({ code, details }: IceError): string {
  if (details.isOutcomeUnknown === true) return OUTCOME_UNKNOWN;
  if (details.action === 'Credentials') return NO_KEY;
  return details.tooLongBytes === undefined ? ICE_MESSAGES[code] : TOO_LONG;
}

function iceExtensions({ code, details, retryable }: IceError): Record<string, unknown> {
  const { action, upstreamCode, requestId, policy, retryAfterMs } = details;
  const isUnsent = code === 'OVERLOADED' || code === 'RATE_LIMITED';
  const isRefusedForNow = isUnsent || code === 'UPSTREAM_THROTTLED';
  return {
    code,
    retryable,
    ...(policy !== undefined && { policy }),
    ...(isRefusedForNow && { retryAfterMs: retryAfterMs ?? DEFAULT_RETRY_AFTER_MS }),
    ...(!isUnsent && {
      upstream: { action, code: upstreamCode ?? null, requestId: requestId ?? null },
    }),
  };
}

function withExtensions(
  formatted: GraphQLFormattedError,
  message: string,
  { code, ...extensions }: Record<string, unknown>,
): GraphQLFormattedError {
  const { policy } = extensions;
  if (isErrorCode(code))
    requestScope.getStore()?.onErrorTold(code, typeof policy === 'string' ? policy : undefined);
  return {
    ...formatted,
    message: message.length > MAX_MESSAGE_LENGTH ? `${message.slice(0, MAX_MESSAGE_LENGTH)}…` : message,
    extensions: {
      code,
      retryable: isErrorCode(code) && ERRORS[code].retryable,
      ...extensions,
      requestId: requestScope.getStore()?.requestId ?? null,
    },
  };
}
