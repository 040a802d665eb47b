import { decodeEnvelope, type Envelope } from './decode.ts';
import { classify, IceError } from './errors.ts';
import type { RawResponse } from './transport.ts';

/** A successful response: its members, and ICE's id of the request. */
export interface IceResponse {
  readonly members: NonNullable<Envelope['members']>;
  readonly requestId: string | undefined;
}

/**
 * Reads a successful response. A `Code` in a response with status 2xx is a refusal too.
 *
 * @throws {IceError} the error that any other response stands for
 */
export function readResponse(action: string, { status, headers, body, bytes }: RawResponse): IceResponse {
  const { members, requestId: bodyRequestId, upstreamCode, isRefusal } = decodeEnvelope(body ?? '');
  const header = headers['x-acs-request-id'];
  const requestId =
    bodyRequestId ?? (typeof header === 'string' && /^[\w-]{1,64}$/.test(header) ? header : undefined);
  if (status < 200 || status > 299 || isRefusal) {
    throw new IceError(classify(status, upstreamCode), {
      action,
      upstreamCode,
      requestId,
      status,
      retryAfterMs: retryAfterMs(headers),
    });
  }
  if (body === undefined) {
    const length = Number(headers['content-length']);
    const tooLongBytes = Math.max(bytes, Number.isSafeInteger(length) ? length : 0);
    const cause = new Error('RESPONSE_TOO_LONG');
    throw new IceError('UPSTREAM_MALFORMED', { action, requestId, status, tooLongBytes }, { cause });
  }
  if (members === undefined) throw new IceError('UPSTREAM_MALFORMED', { action, requestId, status });
  return { members, requestId };
}

/** ICE limits by the second and by the minute. */
const MAX_RETRY_AFTER_MS = 60_000;

/**
 * How long ICE asks to wait, in milliseconds, at most a minute. `x-acs-retry-after` says it. In its absence it is the
 * largest `TimeLeft` of the older `x-ratelimit-user-api` and `x-ratelimit-user`
 * (`Limit:1,Remain:0,TimeLeft:2000,Reset:1234`). In their absence it is HTTP's `Retry-After`, in seconds or as a date, which
 * a firewall before ICE sends.
 */
function retryAfterMs(headers: RawResponse['headers']): number | undefined {
  const text = (name: string): string => String(headers[name] ?? '');
  const timeLeft = (name: string) => /\bTimeLeft:(\d{1,9})\b/.exec(text(name))?.[1] ?? 0;
  const asked = /^\d{1,9}$/.test(text('x-acs-retry-after')) ? Number(text('x-acs-retry-after')) : 0;
  const wait =
    asked ||
    Math.max(Number(timeLeft('x-ratelimit-user-api')), Number(timeLeft('x-ratelimit-user'))) ||
    plainRetryAfterMs(text('retry-after').trim(), text('date'));
  return wait > 0 ? Math.min(wait, MAX_RETRY_AFTER_MS) : undefined;
}

/** The header `Retry-After`. A date counts from the `Date` of the response, as its clock need not be ours. */
function plainRetryAfterMs(retryAfter: string, date: string): number {
  if (/^\d{1,9}$/.test(retryAfter)) return 1000 * Number(retryAfter);
  if (!retryAfter.endsWith('GMT')) return 0;
  const until = Date.parse(retryAfter) - (Number.isNaN(Date.parse(date)) ? Date.now() : Date.parse(date));
  return Number.isNaN(until) ? 0 : until;
}
