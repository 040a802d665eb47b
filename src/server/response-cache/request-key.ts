import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { crc32 } from 'node:zlib';
import { BOUNDS } from '../../bounds.ts';
import { CountedRequest } from '../http/counted-request.ts';

/** What tells requests apart that must get different responses. */
export interface RequestKey {
  readonly method: 'GET' | 'POST';
  /** The method and all headers that select the response. */
  readonly head: string;
  /** The body of a `POST`, or the query string of a `GET`, as the client sent it. */
  readonly content: Buffer | string;
  /** A checksum of both. It is the same for the same request, and hardly ever for another. */
  readonly checksum: number;
}

/** Whether two keys with the same checksum are of the same request. */
export function isSameRequest(
  a: Pick<RequestKey, 'head' | 'content'>,
  b: Pick<RequestKey, 'head' | 'content'>,
): boolean {
  if (a.head !== b.head) return false;
  if (typeof a.content === 'string' || typeof b.content === 'string') return a.content === b.content;
  return a.content.equals(b.content);
}

/**
 * Headers that select the response. None of them decides whether a request is refused: the checks do, ahead of this. Where the
 * client has shown a token, what it may see takes the place of `Authorization`, so that all who may see the same share.
 */
const SELECTING = ['origin', 'accept', 'authorization', 'cookie'] as const;

/** Headers that ask for more than a response. Such requests are not for the response cache. */
const UNUSUAL = ['prefer', 'x-upstream-receipt', 'expect'] as const;

/**
 * Reads the key of a request for `/graphql` and passes it to `look`. When that answers nothing, or the request has no key,
 * `next` gets the request as it came.
 *
 * @param view what the client may see. `undefined`: it has shown no token
 * @param look returns whether it answered
 * @param maxBodyBytes a request with a larger body has no key
 */
export function lookUp(
  request: IncomingMessage,
  maxBodyBytes: number,
  view: string | undefined,
  look: (key: RequestKey) => boolean,
  next: () => void,
): void {
  const { method, url = '', headers } = request;
  if (isUnusual(headers) || selectingLength(headers, view) > BOUNDS.cachedSelecting.max) {
    next();
    return;
  }
  if (method === 'GET' && url.startsWith('/graphql?')) {
    if (!look(keyOf(method, request, url.slice('/graphql'.length), view))) next();
    return;
  }
  const length = Number(headers['content-length']);
  const isWanted = method === 'POST' && url === '/graphql' && length > 0 && length <= maxBodyBytes;
  if (!isWanted || !(request instanceof CountedRequest)) {
    next();
    return;
  }
  if (request.hasBegun) {
    const body = wholeBody(request, length);
    if (body !== undefined && look(keyOf(method, request, body, view))) return;
    if (body !== undefined) request.unshift(body);
    next();
    return;
  }
  request.offerBody(length, (body) => look(keyOf(method, request, body, view)), next);
}

/** The body, if all of it has come while a token was verified, or the limit of the client was asked for. */
function wholeBody(request: IncomingMessage, length: number): Buffer | undefined {
  if (!request.complete || request.readableLength !== length) return undefined;
  const body: unknown = request.read(length);
  return Buffer.isBuffer(body) ? body : undefined;
}

/** How long the headers are that select the response, in characters. */
function selectingLength(headers: IncomingHttpHeaders, view: string | undefined): number {
  let length = 0;
  for (const name of SELECTING) length += selected(headers, name, view)?.length ?? 0;
  return length;
}

function selected(headers: IncomingHttpHeaders, name: (typeof SELECTING)[number], view: string | undefined) {
  return name === 'authorization' && view !== undefined ? view : headers[name];
}

function isUnusual(headers: IncomingHttpHeaders): boolean {
  for (const name of UNUSUAL) if (headers[name] !== undefined) return true;
  return false;
}

/** The head of a request, and what it was made of. */
interface Head {
  readonly method: RequestKey['method'];
  readonly values: readonly (string | undefined)[];
  readonly text: string;
  readonly checksum: number;
}

/** Nearly all requests have the head of the one before. */
let lastHead = makeHead('POST', {}, undefined);

function headOf(method: Head['method'], headers: IncomingHttpHeaders, view: string | undefined): Head {
  const { values } = lastHead;
  const isSame =
    lastHead.method === method &&
    SELECTING.every((name, index) => selected(headers, name, view) === values[index]);
  if (!isSame) lastHead = makeHead(method, headers, view);
  return lastHead;
}

function makeHead(method: Head['method'], headers: IncomingHttpHeaders, view: string | undefined): Head {
  const values = SELECTING.map((name) => selected(headers, name, view));
  // No header contains these characters, so no header is taken for another, or for an absent one.
  const text = [method, ...values.map((value) => value ?? '\0')].join('\n');
  return { method, values, text, checksum: crc32(text) };
}

function keyOf(
  method: RequestKey['method'],
  { headers }: IncomingMessage,
  content: RequestKey['content'],
  view: string | undefined,
): RequestKey {
  const { text, checksum } = headOf(method, headers, view);
  return { method, head: text, content, checksum: crc32(content, checksum) };
}
