import type { IncomingMessage } from 'node:http';
import { mediaType } from './media-type.ts';
import type { Refusal } from './refusal.ts';

/**
 * Refuses a request that is not preflighted, as a page of another site could have sent it (cross-site request forgery).
 *
 * @param mayConnect whether pages of an origin may open an `EventSource`
 */
export function refusalOfForgery(
  request: IncomingMessage,
  mayConnect: (origin: string) => boolean,
): Refusal | undefined {
  if (isEventSource(request, mayConnect)) return undefined;
  return request.headers.accept === EVENT_STREAM ? NO_EVENT_SOURCE : CSRF;
}

/** Media types that a page may send to another origin without asking. */
const NOT_PREFLIGHTED = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'];

/** Headers that a page may only send after asking. */
const PREFLIGHTED_HEADERS = ['x-apollo-operation-name', 'apollo-require-preflight'];

/** A page could have sent the request without asking (cross-site request forgery). The words are Apollo Server's. */
const CSRF: Refusal = {
  status: 400,
  code: 'BAD_REQUEST',
  hasPage: true,
  message:
    `This operation has been blocked as a potential Cross-Site Request Forgery (CSRF). Please either specify a ` +
    `'content-type' header (with a type that is not one of ${NOT_PREFLIGHTED.join(', ')}) or provide a non-empty value ` +
    `for one of the following headers: ${PREFLIGHTED_HEADERS.join(', ')}\n`,
};

/** An `EventSource` of a browser can send no header of its own. */
const NO_EVENT_SOURCE: Refusal = {
  ...CSRF,
  message:
    'This operation has been blocked as a potential Cross-Site Request Forgery (CSRF). An EventSource may be opened by pages of ' +
    'the gateway’s own origin and of those in CORS_ORIGINS. Any other client of server-sent events has to send ' +
    `'content-type: application/json' or one of the headers ${PREFLIGHTED_HEADERS.join(', ')}`,
};

const EVENT_STREAM = 'text/event-stream';

/**
 * Whether a page has opened an `EventSource` that may connect. As with a WebSocket, browsers ask nobody before. They tell the
 * origin of a page elsewhere, and that a page is of the gateway's own origin. A request of another page that tells no
 * origin, such as one for an image, tells that it is of another site.
 */
function isEventSource(
  { method, headers: { accept, origin, 'sec-fetch-site': site } }: IncomingMessage,
  mayConnect: (origin: string) => boolean,
): boolean {
  if (method !== 'GET' || accept !== EVENT_STREAM) return false;
  return origin === undefined ? site === 'same-origin' : mayConnect(origin);
}

/** Whether a browser asks the gateway before it sends such a request for a page of another origin. */
export function isPreflighted({ headers }: IncomingMessage): boolean {
  const type = headers['content-type'];
  if (type === 'application/json') return true;
  if (type !== undefined && !NOT_PREFLIGHTED.includes(mediaType(type)?.essence ?? '')) return true;
  return PREFLIGHTED_HEADERS.some((name) => (headers[name] ?? '') !== '');
}
