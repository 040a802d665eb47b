/** Why a call of ICE gave no usable response. The text is also the code that clients of the gateway see. */
export type IceErrorCode =
  | 'OVERLOADED' // never sent: the queue for calls was full, or the deadline passed in it
  | 'RATE_LIMITED' // never sent: the client has too many calls waiting
  | 'UPSTREAM_THROTTLED' // refused for now: too many calls on the account
  | 'UPSTREAM_TIMEOUT' // no complete response in time
  | 'UPSTREAM_UNAVAILABLE' // the connection failed, or ICE has a fault of its own
  | 'UPSTREAM_REJECTED' // refused for good: our key, our rights or our request
  | 'UPSTREAM_MALFORMED'; // a response that is not what ICE documents

/** What else is known about a failed call. Every member is safe to show to a client. */
export interface IceErrorDetails {
  readonly action: string;
  /** ICE's own error code, such as `Throttling.User`. */
  readonly upstreamCode?: string | undefined;
  /** ICE's id of the request. */
  readonly requestId?: string | undefined;
  /** The HTTP status of the response, where a complete one came. */
  readonly status?: number | undefined;
  /** The bound that a client is at, by its name in `src/bounds.ts`. */
  readonly policy?: string | undefined;
  /** How long ICE asks to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** Set when no connection to ICE was made, so that ICE saw nothing of the call. */
  readonly isUnconnected?: true;
  /** The length of a response that was too long to be read, in bytes, at least. */
  readonly tooLongBytes?: number | undefined;
  /** Set when the call was to change something, and ICE may have done so without saying it. */
  readonly isOutcomeUnknown?: true;
}

/** Whether a call that failed so can succeed later. */
export const RETRYABLE = {
  OVERLOADED: true,
  RATE_LIMITED: true,
  UPSTREAM_THROTTLED: true,
  UPSTREAM_TIMEOUT: true,
  UPSTREAM_UNAVAILABLE: true,
  UPSTREAM_REJECTED: false,
  UPSTREAM_MALFORMED: true,
} as const satisfies Record<IceErrorCode, boolean>;

/**
 * An error that clients are told of. Its code and its details say all there is to say, so it has no stack. There can be
 * thousands in a second, and to take and to write a stack takes longer than all else that is done about one.
 */
export class ExpectedError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message, options);
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** A call of ICE that failed. The message names the action and the code, never what ICE wrote. */
export class IceError extends ExpectedError {
  override readonly name = 'IceError';
  readonly code: IceErrorCode;
  readonly details: IceErrorDetails;

  constructor(code: IceErrorCode, details: IceErrorDetails, options?: ErrorOptions) {
    super(
      `${details.action} failed: ${code}${details.upstreamCode ? ` (${details.upstreamCode})` : ''}`,
      options,
    );
    this.code = code;
    this.details = details;
  }

  /** Whether the same call can succeed later, and does no harm then. */
  get retryable(): boolean {
    return RETRYABLE[this.code] && this.details.isOutcomeUnknown !== true;
  }
}

/**
 * The meaning of a failed call that was to change something. After a refusal nothing was changed. After anything else ICE
 * may have changed it. Every error of the latter kind is UPSTREAM_TIMEOUT, as it does not matter how the response got lost.
 * The failure is its `cause`. Its details stay.
 */
export function outcomeOf(failure: unknown): unknown {
  if (!(failure instanceof IceError) || failure.details.isUnconnected === true) return failure;
  if (failure.code === 'UPSTREAM_THROTTLED') return failure;
  // We never send a nonce twice. A proxy that did so may have had the first one accepted.
  const isCopy = isNonceUsed(failure.details.upstreamCode);
  if (failure.code === 'UPSTREAM_REJECTED' && !isCopy) return failure;
  return new IceError('UPSTREAM_TIMEOUT', { ...failure.details, isOutcomeUnknown: true }, { cause: failure });
}

/** Codes under which an id that does not exist is reported. ICE documents none for packaging jobs. */
const NOT_FOUND = new Set([
  'JobNotFound',
  'ResourceNotFound',
  'InvalidParameter.ResourceNotFound',
  'InvalidJobId.NotFound',
]);

export function isNotFound(upstreamCode: string | undefined): boolean {
  return upstreamCode !== undefined && NOT_FOUND.has(upstreamCode);
}

/** Whether a refusal speaks of the key: it is unknown, inactive, expired, or its secret is another. */
export function isKeyRefusal(upstreamCode: string | undefined): boolean {
  return KEY_REFUSED.test(upstreamCode ?? '');
}

const KEY_REFUSED =
  /^(?:(?:invalid|inactive)?accesskey|(?:invalid|missing)?(?:security|sts)token|signaturedoesnotmatch|invalidsignature$)/i;

/** Whether a refusal speaks of the date of the signature. */
export function isTimestampRefusal(upstreamCode: string | undefined): boolean {
  return /^(Invalid|Illegal)Time_?Stamp|^RequestTimeTooSkewed/i.test(upstreamCode ?? '');
}

/**
 * Whether a call was refused for its signature, before anything that it asks for was read. So it is safe to send it again, even
 * if it changes something. A code that comes with a fault of ICE (5xx) is none of these, and neither is a nonce that was used:
 * ICE may have accepted the call that used it.
 */
export function isUnread({ code, details }: IceError): boolean {
  if (code !== 'UPSTREAM_REJECTED' || details.action === 'Credentials') return false;
  return isKeyRefusal(details.upstreamCode) || isTimestampRefusal(details.upstreamCode);
}

/** Whether ICE says that it has seen the nonce of a request before. */
export function isNonceUsed(upstreamCode: string | undefined): boolean {
  return upstreamCode?.toLowerCase() === 'signaturenonceused';
}

/** Families of codes that refuse for now. ICE and the API gateway before it have many names for it. */
const THROTTLED =
  /throttl|flow(?:control|limit)|^degrade|busy$|toomanyrequests|too(?:often|frequent)|frequency|ratelimit|(?:qps|request)limit/;
/** Families of codes of a service that has a fault of its own. */
const UNAVAILABLE =
  /unavailable|temporar|overload|time-?out$|^(?:internal|system|server|service|unknown)[._]?(?:server)?(?:error|fail|exception)/;
/** Codes that blame the request, whatever else is in them. */
const FINAL = /^(?:invalid|illegal|missing|incomplete|unsupported)/;

/**
 * Classifies a refusal.
 *
 * ICE's code counts first, as its status misleads: 404 is also an unknown access key, and throttling comes as 400, 403
 * (`RequestsTooFrequent`) or 429. Codes are known by their families, as there are more than any page lists. The status counts
 * where the code is missing or unknown.
 *
 * @see https://help.aliyun.com/document_detail/197855.html the codes of ICE
 * @see https://help.aliyun.com/en/document_detail/434846.html the codes of the API gateway before it
 */
export function classify(status: number, upstreamCode: string | undefined): IceErrorCode {
  const code = upstreamCode?.toLowerCase() ?? '';
  const isFinal = FINAL.test(code);
  if (!isFinal && THROTTLED.test(code)) return 'UPSTREAM_THROTTLED';
  if (!isFinal && UNAVAILABLE.test(code)) return 'UPSTREAM_UNAVAILABLE';
  if (code !== '' && status < 500 && status !== 429 && status !== 408) return 'UPSTREAM_REJECTED';
  if (status === 429) return 'UPSTREAM_THROTTLED';
  if (status === 408) return 'UPSTREAM_TIMEOUT';
  if (status >= 500) return 'UPSTREAM_UNAVAILABLE';
  return 'UPSTREAM_REJECTED';
}
