/**
 * The errors of the API gateway and of ICE that can also occur here: HTTP status and message of each code.
 *
 * @see https://help.aliyun.com/document_detail/197855.html the error table that all IMS actions share
 * @see https://help.aliyun.com/en/document_detail/434846.html the codes of the API gateway
 */
const ERRORS = {
  'Degrade.Api': [400, 'Request was denied due to API flow control.'],
  Forbidden: [403, 'User not authorized to operate on the specified resource.'],
  'Forbidden.RAM': [
    403,
    "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
  ],
  IncompleteSignature: [400, 'The request signature does not conform to Aliyun standards.'],
  InternalError: [500, 'The request processing has failed due to some unknown error.'],
  'InvalidAccessKeyId.Inactive': [400, 'Specified access key is disabled.'],
  'InvalidAccessKeyId.NotFound': [404, 'Specified access key is not found.'],
  'InvalidAction.NotFound': [404, 'Specified api is not found, please check your url and method.'],
  'InvalidApi.NotFound': [404, 'Specified api is not found, please check your url and method.'],
  InvalidParameter: [400, 'The specified parameter is not valid.'],
  'InvalidParameter.Format': [400, 'Specified parameter Format is not valid.'],
  'InvalidParameter.ResourceNotFound': [400, 'The specified resource is not found.'],
  'InvalidSecurityToken.Expired': [400, 'Specified SecurityToken is expired.'],
  'InvalidSecurityToken.Malformed': [400, 'Specified SecurityToken is malformed.'],
  'InvalidSecurityToken.MismatchWithAccessKey': [400, 'Specified SecurityToken mismatch with the AccessKey.'],
  InvalidSignatureMethod: [400, 'Specified signature method is not valid.'],
  'InvalidTimeStamp.Expired': [400, 'Specified time stamp or date value is expired.'],
  'InvalidTimeStamp.Format': [400, 'Specified time stamp or date value is not well formatted.'],
  InvalidVersion: [400, 'Specified parameter Version is not valid.'],
  JobNotFound: [404, 'No such job.'],
  MissingSecurityToken: [400, 'SecurityToken is mandatory for this action.'],
  NoPermission: [403, 'You are not authorized to do this action. You should be authorized by RAM.'],
  RequestEntityTooLarge: [413, 'The request body is too large.'],
  RequestsTooFrequent: [403, 'Request was denied due to request throttling.'],
  ResourceNotFound: [404, 'The specified resource is not found.'],
  ServiceBusy: [400, 'The service is busy. Please try again later.'],
  ServiceUnavailable: [503, 'The request has failed due to a temporary failure of the server.'],
  SignatureNonceUsed: [400, 'Specified signature nonce was used already.'],
  Throttling: [400, 'Request was denied due to request throttling.'],
  'Throttling.Api': [400, 'Request was denied due to api flow control.'],
  'Throttling.User': [400, 'Request was denied due to user flow control.'],
  UnsupportedHTTPMethod: [400, 'This http method is not supported.'],
} as const satisfies Record<string, readonly [status: number, message: string]>;

export type ErrorCode = keyof typeof ERRORS;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

export interface ApiErrorFields {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** Headers of the error response, such as `x-acs-retry-after`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members of the error response. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** A request failed. The response is the error envelope. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly members: Readonly<Record<string, unknown>>;

  constructor({ status, code, message, headers = {}, members = {} }: ApiErrorFields) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
    this.members = members;
  }
}

/** An error with the status and message that the reference documents for its code. */
export function apiError(code: ErrorCode, headers: Readonly<Record<string, string>> = {}): ApiError {
  const [status, message] = ERRORS[code];
  return new ApiError({ status, code, message, headers });
}

/**
 * `NoPermission`, with the RAM action that the identity lacks.
 *
 * @see https://www.alibabacloud.com/help/en/ram/user-guide/how-do-i-view-access-denied-information
 */
export function noPermission(ramAction: string): ApiError {
  const [status, message] = ERRORS.NoPermission;
  const members = {
    AccessDeniedDetail: {
      AuthAction: ramAction,
      AuthPrincipalType: 'SubUser',
      AuthPrincipalDisplayName: '200000000000000000',
      AuthPrincipalOwnerId: '100000000000000000',
      NoPermissionType: 'ImplicitDeny',
      PolicyType: 'AccountLevelIdentityBasedPolicy',
    },
  };
  return new ApiError({ status, code: 'NoPermission', message, members });
}

/** `Missing<Name>`, such as MissingJobId. */
export function missingParameter(name: string): ApiError {
  return new ApiError({
    status: 400,
    code: `Missing${name}`,
    message: `${name} is mandatory for this action.`,
  });
}

/** `MissingParameter`. Headers have no code of their own. */
export function missingHeader(name: string): ApiError {
  const message = `The input parameter "${name}" that is mandatory for processing this request is not supplied.`;
  return new ApiError({ status: 400, code: 'MissingParameter', message });
}

/** `Invalid<Name>`, such as InvalidPageSize. `reason` follows the documented sentence. */
export function invalidParameter(name: string, reason?: string): ApiError {
  const sentence = `Specified parameter ${name} is not valid.`;
  const message = reason === undefined ? sentence : `${sentence} ${reason}`;
  return new ApiError({ status: 400, code: `Invalid${name}`, message });
}

/** The headers that tell when to try again. `retry-after-date` is `retry-after` with a date. */
export const RETRY_HEADERS = ['x-acs-retry-after', 'retry-after', 'retry-after-date'] as const;
export type RetryHeader = (typeof RETRY_HEADERS)[number];

/** The header with the time until a retry: `x-acs-retry-after` in ms, `retry-after` in seconds or as a date. */
export function retryHeader(header: RetryHeader, retryAfterMs: number): Record<string, string> {
  if (header === 'x-acs-retry-after') return { [header]: String(Math.ceil(retryAfterMs)) };
  const seconds = Math.ceil(retryAfterMs / 1000);
  const date = new Date(Date.now() + 1000 * seconds).toUTCString();
  return { 'retry-after': header === 'retry-after' ? String(seconds) : date };
}

/** A throttling error. */
export function throttled(code: ErrorCode, retryAfterMs: number): ApiError {
  return apiError(code, retryHeader('x-acs-retry-after', retryAfterMs));
}
