import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { crc32 } from 'node:zlib';
import { MAX_BODY_BYTES } from '../refusals.ts';

/** What is known of a request before it is looked at: enough to tell whether the same was answered before. */
export interface Ticket {
  readonly method: 'GET' | 'POST';
  /** The method and all headers that decide whether a request is refused, by whom it is made and how its answer is sent. */
  readonly head: string;
  /** The body of a `POST`, the query string of a `GET`, as they came. */
  readonly content: Buffer | string;
  /** The head and a checksum: the same for the same request, and hardly ever for another. */
  readonly key: string;
}

/** Whether two tickets of one key are of the same request, by the same caller. */
export function isSameContent(a: Ticket['content'], b: Ticket['content']): boolean {
  return typeof a === 'string' || typeof b === 'string' ? a === b : a.equals(b);
}

/** Caller, host, origin, and what Apollo Server looks at against forgery and to choose the media type. */
const DECISIVE = [
  'host',
  'origin',
  'content-type',
  'accept',
  'authorization',
  'cookie',
  'apollo-require-preflight',
  'x-apollo-operation-name',
] as const;

/** Headers that ask for more than the answer. */
const UNUSUAL = ['prefer', 'x-upstream-receipt', 'expect', 'upgrade'] as const;

/** Decides about a request by its ticket: whether it was answered. */
type Answer = (ticket: Ticket) => boolean;

/**
 * Has a request for `/graphql` answered by its ticket, or gives it to `others`, which find it as it came; requests that
 * can have no ticket are theirs as well.
 */
export function answerByTicket(request: IncomingMessage, answer: Answer, others: () => void): void {
  const { method, url = '', headers } = request;
  if (isUnusual(headers)) {
    others();
    return;
  }
  if (method === 'GET' && url.startsWith('/graphql?')) {
    if (!answer(ticketOf(method, request, url.slice('/graphql'.length)))) others();
    return;
  }
  const length = Number(headers['content-length']);
  if (method !== 'POST' || url !== '/graphql' || !(length > 0 && length <= MAX_BODY_BYTES)) {
    others();
    return;
  }
  readBody(request, length, (body) => {
    if (answer(ticketOf(method, request, body))) return;
    // The end of the stream has not been told yet, so that others can read it all.
    request.pause().unshift(body);
    others();
  });
}

function isUnusual(headers: IncomingHttpHeaders): boolean {
  for (const name of UNUSUAL) if (headers[name] !== undefined) return true;
  return false;
}

function ticketOf(
  method: Ticket['method'],
  { headers }: IncomingMessage,
  content: Ticket['content'],
): Ticket {
  let head: string = method;
  // No header has these characters, so that none is taken for another, or for one that is not there.
  for (const name of DECISIVE) head += `\n${String(headers[name] ?? '\0')}`;
  return { method, head, content, key: `${head}\n${String(content.length)} ${String(crc32(content))}` };
}

function readBody(request: IncomingMessage, length: number, done: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  let received = 0;
  const onData = (chunk: Buffer) => {
    chunks.push(chunk);
    received += chunk.length;
    if (received < length) return;
    request.off('data', onData);
    done(chunks.length === 1 ? chunk : Buffer.concat(chunks));
  };
  request.on('data', onData);
}
