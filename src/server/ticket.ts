import type { IncomingMessage } from 'node:http';
import { MAX_BODY_BYTES } from './refusals.ts';

/** What is known of a request before it is looked at: enough to tell whether the same was answered before. */
export interface Ticket {
  readonly method: 'GET' | 'POST';
  /** The method and all headers that decide whether a request is refused, and by whom and how it may be read. */
  readonly head: string;
  /** The body of a `POST`, the query string of a `GET`. */
  readonly text: string;
  /** Both: the same for the same request by the same caller, and for no other. */
  readonly key: string;
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

/** Headers that ask for more than the answer, or announce a body of unknown length. */
const UNUSUAL = ['prefer', 'x-upstream-receipt', 'transfer-encoding', 'expect', 'upgrade'] as const;

/**
 * Writes the ticket of a request for `/graphql`; any other gets none. The body is read for it and put back, so that the
 * request can go on as it came.
 */
export function readTicket(request: IncomingMessage, done: (ticket: Ticket | undefined) => void): void {
  const { method, url = '', headers } = request;
  if (UNUSUAL.some((name) => headers[name] !== undefined)) return done(undefined);
  if (method === 'GET' && url.startsWith('/graphql?')) {
    return done(ticket(method, request, url.slice('/graphql'.length)));
  }
  const length = Number(headers['content-length']);
  if (method !== 'POST' || url !== '/graphql' || !(length > 0 && length <= MAX_BODY_BYTES)) {
    return done(undefined);
  }
  return readBody(request, length, (body) => done(ticket(method, request, body.toString())));
}

function ticket(method: Ticket['method'], { headers }: IncomingMessage, text: string): Ticket {
  let head: string = method;
  // No header has these characters, so that none is taken for another, or for one that is not there.
  for (const name of DECISIVE) head += `\n${String(headers[name] ?? '\0')}`;
  return { method, head, text, key: `${head}\n\n${text}` };
}

function readBody(request: IncomingMessage, length: number, done: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  let received = 0;
  const onData = (chunk: Buffer) => {
    chunks.push(chunk);
    received += chunk.length;
    if (received < length) return;
    // Before the end of the stream is told, so that it can still be read by others.
    request.off('data', onData).pause();
    const body = chunks.length === 1 ? chunk : Buffer.concat(chunks);
    request.unshift(body);
    done(body);
  };
  request.on('data', onData);
}
