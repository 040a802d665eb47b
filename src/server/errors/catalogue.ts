import { RETRYABLE } from '../../ice/errors.ts';

/** What a code means. */
export interface ErrorMeaning {
  /**
   * HTTP status of a response that is nothing but this error. `null`: the error is at a field, beside the data of others,
   * so the status is 200.
   */
  readonly status: number | null;
  /** Whether the same request can succeed later. `extensions.retryable` of an error says so, and can differ. */
  readonly retryable: boolean;
  /** Whether the fault is the client's. The message of such an error is for the client. */
  readonly isClientFault: boolean;
  /** When it occurs, in one sentence. */
  readonly when: string;
}

/** The catalogue of all error codes. The table in the documentation is checked against it. */
export const ERRORS = {
  BAD_USER_INPUT: clientFault(400, 'An argument or a variable has a value that is not allowed.'),
  GRAPHQL_PARSE_FAILED: clientFault(400, 'The document is not GraphQL.'),
  GRAPHQL_VALIDATION_FAILED: clientFault(400, 'The document does not fit the schema.'),
  OPERATION_RESOLUTION_FAILURE: clientFault(400, 'The document has no operation of this name.'),
  OPERATION_TOO_COMPLEX: clientFault(
    400,
    'The operation is over a limit; `limit`, `maximum` and `value` say which.',
  ),
  BAD_REQUEST: clientFault(
    400,
    'The HTTP request is wrong; also with 404, 405, 406, 408, 413, 415, 417, 421, 426, 431 and 501.',
  ),
  PERSISTED_QUERY_NOT_FOUND: {
    ...clientFault(400, 'No document has this id; a client can register it by its hash.'),
    retryable: true,
  },
  PERSISTED_QUERY_REQUIRED: clientFault(
    400,
    'Only operations of the manifest run here, and this is none of them.',
  ),
  UNAUTHENTICATED: clientFault(
    401,
    'The request has no token, or one that is not accepted; `WWW-Authenticate` says why.',
  ),
  FORBIDDEN: fault(
    403,
    false,
    'The gateway does not allow it: submitting is off, the token lacks a scope, or the origin may not connect.',
  ),
  AUTH_UNAVAILABLE: fault(
    503,
    true,
    'The keys that tokens are verified with cannot be had; `retryAfterMs` says when to come back.',
  ),
  RATE_LIMITED: {
    ...clientFault(
      429,
      'The client is at a limit of its own; `policy` names it, `retryAfterMs` says when to come back.',
    ),
    retryable: true,
  },
  OVERLOADED: fault(
    503,
    true,
    'The gateway is full, or it is stopping; `retryAfterMs` says when to come back.',
  ),
  UPSTREAM_THROTTLED: atField(
    'UPSTREAM_THROTTLED',
    'ICE refused the call for now; `retryAfterMs` says when to come back.',
  ),
  UPSTREAM_TIMEOUT: atField(
    'UPSTREAM_TIMEOUT',
    'ICE did not answer in time; after a submission it is not retryable.',
  ),
  UPSTREAM_UNAVAILABLE: {
    ...atField('UPSTREAM_UNAVAILABLE', 'ICE cannot be reached or has a fault.'),
    status: 503,
  },
  UPSTREAM_REJECTED: atField(
    'UPSTREAM_REJECTED',
    'ICE refused the call for good: the key, its rights or the request.',
  ),
  UPSTREAM_MALFORMED: atField('UPSTREAM_MALFORMED', 'ICE sent a response that cannot be understood.'),
  INTERNAL_SERVER_ERROR: fault(500, false, 'The gateway has a fault; the log has it under the request id.'),
} as const satisfies Record<string, ErrorMeaning>;

export type ErrorCode = keyof typeof ERRORS;

/** Whether a text is one of the codes. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERRORS, code);
}

function fault(status: number | null, retryable: boolean, when: string): ErrorMeaning {
  return { status, retryable, isClientFault: false, when };
}

function clientFault(status: number, when: string): ErrorMeaning {
  return { status, retryable: false, isClientFault: true, when };
}

function atField(code: keyof typeof RETRYABLE, when: string): ErrorMeaning {
  return fault(null, RETRYABLE[code], when);
}
