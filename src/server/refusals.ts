import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { errorBody } from './errors.ts';

/** The largest request body, in bytes. */
export const MAX_BODY_BYTES = 256 * 1024;

/** The methods of each path, as `Allow` lists them. */
const ALLOW: Readonly<Record<string, string>> = {
  '/': 'GET, HEAD, OPTIONS',
  '/board': 'GET, HEAD, OPTIONS',
  '/graphql': 'GET, HEAD, OPTIONS, POST',
  '/livez': 'GET, HEAD, OPTIONS',
  '/readyz': 'GET, HEAD, OPTIONS',
};

/** Every refusal below GraphQL has the shape of GraphQL's errors, and `OPTIONS` tells what a path takes. */
export function refuseInOneShape(app: FastifyInstance): void {
  app.addHook('onRequest', ({ method, url }, reply, done) => {
    const allow = ALLOW[pathOf(url)];
    if (method === 'OPTIONS' && allow !== undefined) void reply.header('allow', allow);
    done();
  });
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request.url);
    const allow = ALLOW[path];
    // Preflights have been answered before, where other origins may call at all.
    if (allow !== undefined && request.method === 'OPTIONS') return reply.code(204).send();
    if (allow === undefined || allow.split(', ').includes(request.method)) {
      return reply.code(404).send(errorBody(request.id, 'BAD_REQUEST', 'There is nothing at this path'));
    }
    const message = `${path} takes ${allow}`;
    return reply
      .code(405)
      .header('allow', allow)
      .send(errorBody(request.id, 'BAD_REQUEST', message));
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) {
      request.log.error({ err: error }, 'bug');
      return reply.code(500).send(errorBody(request.id, 'INTERNAL_SERVER_ERROR', 'Internal server error'));
    }
    const message =
      status === 413 ? `The request body is over ${String(MAX_BODY_BYTES)} bytes` : error.message;
    return reply.code(status).send(errorBody(request.id, 'BAD_REQUEST', message));
  });
}

/** Answers what Fastify's router cannot read, before any hook. */
export function refuseUrl(
  error: Error & { statusCode?: number },
  requestId: string,
  response: ServerResponse,
): void {
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-request-id': requestId,
  };
  response
    .writeHead(error.statusCode ?? 400, headers)
    .end(JSON.stringify(errorBody(requestId, 'BAD_REQUEST', error.message)));
}

/**
 * Refuses requests that name another host. A gateway on loopback answers whoever can reach it from this machine, and
 * a browser would let any site do that which has its own name resolve to loopback (DNS rebinding).
 */
export function refuseForeignHosts(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (/^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(request.host)) {
      done();
      return;
    }
    const message = 'The gateway listens on loopback alone and answers no other host name';
    void reply.code(421).send(errorBody(request.id, 'BAD_REQUEST', message));
  });
}

/** Without the query string, which can hold a client's data. */
export function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? '';
}

const CONNECTION_ERRORS: Readonly<Record<string, readonly [string, string]>> = {
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'The request line and headers are over 16384 bytes',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request did not arrive in time'],
};

/** Answers what Node's HTTP parser refuses, before there is a request. */
export function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const [status, message] = CONNECTION_ERRORS[error.code ?? ''] ?? [
    '400 Bad Request',
    'This is not an HTTP request',
  ];
  const requestId = randomUUID();
  const body = JSON.stringify(errorBody(requestId, 'BAD_REQUEST', message));
  const head = [
    `HTTP/1.1 ${status}`,
    'content-type: application/json; charset=utf-8',
    'cache-control: no-store',
    `content-length: ${String(Buffer.byteLength(body))}`,
    `x-request-id: ${requestId}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
