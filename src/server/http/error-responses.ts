import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, HTTPMethods } from 'fastify';
import { BOUNDS } from '../../bounds.ts';
import { errorBody } from '../errors/error-body.ts';
import type { ServerEmitter } from '../events.ts';
import type { Refusal } from './refusal.ts';
import { noteRefusal } from './admission.ts';
import { responsesUnderWay } from './counted-connection.ts';
import { pathOf } from './url.ts';

/** The largest request body and the largest WebSocket message, in bytes. */
export const MAX_BODY_BYTES = BOUNDS.requestBody.max;

/** The methods of a path in the order of `Allow`. Every path with a route also takes `OPTIONS`. */
const METHODS: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST'];

/** What a client may have meant by a method that a path does not take. */
const HINTS: Readonly<Record<string, string>> = {
  'PUT /graphql':
    '. GraphQL over server-sent events has a connection for each operation here, and no single connection',
};

/** Sends a refusal in the shape of GraphQL's errors. */
export function sendRefusal(reply: FastifyReply, refusal: Refusal): FastifyReply {
  const { status, code, message, headers } = refusal;
  noteRefusal(reply.request.raw, refusal);
  return reply
    .code(status)
    .headers(headers ?? {})
    .send(errorBody(reply.request.id, code, message, refusal));
}

/** Gives every refusal below GraphQL the shape of GraphQL's errors. `OPTIONS` says which methods a path takes. */
export function errorResponses(app: FastifyInstance, events: ServerEmitter): void {
  // oxlint-disable-next-line no-unnecessary-condition -- it gives `null` where there is no route
  const hasRoute = (method: HTTPMethods, url: string) => app.findRoute({ method, url }) !== null;

  /** `Allow` of a path. It is `undefined` when the path has no route. */
  function allowOf(path: string): string | undefined {
    const methods: string[] = METHODS.filter((method) => hasRoute(method, path));
    return methods.length === 0 ? undefined : [...methods, 'OPTIONS'].toSorted().join(', ');
  }

  app.addHook('onRequest', ({ method, url }, reply, done) => {
    const allow = method === 'OPTIONS' ? allowOf(pathOf(url)) : undefined;
    if (allow !== undefined) void reply.header('allow', allow);
    done();
  });
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request.url);
    const allow = allowOf(path);
    // Preflights have been answered before, where other origins may call at all.
    if (allow !== undefined && request.method === 'OPTIONS') return reply.code(204).send();
    const refusal = { status: 404, code: 'BAD_REQUEST', message: 'There is nothing at this path' } as const;
    if (allow === undefined || allow.split(', ').includes(request.method)) return sendRefusal(reply, refusal);
    return sendRefusal(reply, {
      ...refusal,
      status: 405,
      message: `${path} takes ${allow}${HINTS[`${request.method} ${path}`] ?? ''}`,
      headers: { allow },
    });
  });
  app.setErrorHandler((error: Error & { statusCode?: number; code?: string }, request, reply) => {
    // A stream to a client that has left ends too early. Nobody is there to be told.
    if (reply.raw.destroyed && error.code === 'ERR_STREAM_PREMATURE_CLOSE') return reply.hijack();
    const status = error.statusCode ?? 500;
    if (status >= 500) {
      events.emit('unexpectedError', error, 'http', request.id);
      noteRefusal(request.raw, { code: 'INTERNAL_SERVER_ERROR' });
      return reply.code(500).send(errorBody(request.id, 'INTERNAL_SERVER_ERROR', 'Internal server error'));
    }
    const message =
      status === 413 ? `The request body is over ${String(MAX_BODY_BYTES)} bytes` : error.message;
    noteRefusal(request.raw, { code: 'BAD_REQUEST' });
    return reply.code(status).send(errorBody(request.id, 'BAD_REQUEST', message));
  });
}

/** What Node's HTTP parser refuses, by its code. */
const CONNECTION_ERRORS: Readonly<Record<string, Pick<Refusal, 'status' | 'message'>>> = {
  HPE_HEADER_OVERFLOW: { status: 431, message: 'The request line and headers are over 16384 bytes' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: 'The request did not arrive in time' },
};

const NO_HTTP: Pick<Refusal, 'status' | 'message'> = { status: 400, message: 'This is not an HTTP request' };

/** Answers what Node's HTTP parser refuses. There may be no request by then. */
export function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  refuseIncomplete(socket, CONNECTION_ERRORS[error.code ?? ''] ?? NO_HTTP);
}

/** Refuses a request whose body is coming. Nothing more of it is parsed. */
export function refuseBody(socket: Socket, message: string): void {
  // A listener of ours has Node take the connection back from the parser.
  socket.removeAllListeners('data').on('data', () => undefined);
  refuseIncomplete(socket, { status: 400, message });
}

/** Refuses the request that is coming, if there is one, and closes the connection. */
function refuseIncomplete(socket: Socket, refusal: Pick<Refusal, 'status' | 'message'>): void {
  const [first, ...others] = responsesUnderWay(socket);
  // The client would take the refusal for the response to an earlier request, or for a part of it.
  const isAmbiguous = first !== undefined && (first.req.complete || first.headersSent || others.length > 0);
  if (!socket.writable || isAmbiguous) {
    socket.destroy();
    return;
  }
  refuseSocket(socket, { code: 'BAD_REQUEST', ...refusal });
}

/** How long a client has to read a refusal and to close its side, in milliseconds. */
const LINGER_MS = BOUNDS.closing.max;

/** Writes a refusal to a connection on which no response is under way, and closes it. */
export function refuseSocket(socket: Socket, refusal: Refusal): void {
  const { status, code, message, headers } = refusal;
  socket.on('error', () => undefined);
  const requestId = randomUUID();
  const body = JSON.stringify(errorBody(requestId, code, message, refusal));
  const head = {
    ...headers,
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-length': String(Buffer.byteLength(body)),
    'x-request-id': requestId,
    connection: 'close',
  };
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}`);
  lines.unshift(`HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}`);
  // A connection that is closed with something unread is reset, and the client may not get the refusal.
  socket.resume().end(`${lines.join('\r\n')}\r\n\r\n${body}`);
  const cut = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(cut));
}
