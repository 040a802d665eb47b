import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import cors from '@fastify/cors';
import fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { OperationRecord } from './context.ts';
import { errorBody } from './errors.ts';
import { graphqlRoute, type GraphqlRouteOptions } from './graphql.ts';
import { ide, isIdeBuilt } from './ide.ts';
import type { Readiness } from './readiness.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on requests of `/graphql`. */
    operation: OperationRecord | null;
  }
}

export interface HttpOptions extends GraphqlRouteOptions {
  readonly logger: FastifyBaseLogger;
  readonly readiness: Readiness;
  /** Origins that browsers may call from; `loopback` is every http(s) origin on this machine. */
  readonly corsOrigins: 'loopback' | readonly string[];
  /** The built IDE; `undefined` leaves it out. */
  readonly ideDirectory: URL | undefined;
}

/** The largest request body, in bytes. */
const MAX_BODY_BYTES = 256 * 1024;

/** The methods of each path, as `Allow` lists them. */
const ALLOW: Readonly<Record<string, string>> = {
  '/': 'GET, HEAD',
  '/graphql': 'GET, HEAD, POST',
  '/livez': 'GET, HEAD',
  '/readyz': 'GET, HEAD',
};

const HEALTH_PATHS = new Set(['/livez', '/readyz']);

/** The gateway's HTTP side. It refuses new work once `drain` was called. */
export interface HttpServer {
  readonly app: FastifyInstance;
  /** Answers new requests with 503 from now on; those under way go on. */
  readonly drain: () => void;
}

export async function createHttpServer(options: HttpOptions): Promise<HttpServer> {
  let isDraining = false;
  const app: FastifyInstance = fastify({
    loggerInstance: options.logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: 30_000,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    requestIdHeader: false,
    genReqId: ({ headers }) => requestIdOf(headers['x-request-id']),
    clientErrorHandler: refuseConnection,
  });
  app.decorateRequest('operation', null);
  // What is left is the JSON parser: any other content type is a 415.
  app.removeContentTypeParser('text/plain');

  app.addHook('onRequest', (request, reply, done) => {
    void reply.headers({ 'x-request-id': request.id, 'x-content-type-options': 'nosniff' });
    if (!isDraining || HEALTH_PATHS.has(pathOf(request.url))) {
      done();
      return;
    }
    void reply.header('retry-after', '1').code(503);
    void reply.send(errorBody(request.id, 'OVERLOADED', 'The gateway is shutting down'));
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    // Else the client would keep an idle connection open, and closing would wait for it.
    if (isDraining) void reply.header('connection', 'close');
    done(null, payload);
  });
  app.addHook('onResponse', (request, reply, done) => {
    const isQuiet = request.operation === null && reply.statusCode < 500;
    request.log[isQuiet ? 'debug' : 'info'](
      {
        method: request.method,
        path: pathOf(request.url),
        status: reply.statusCode,
        durationMs: Math.round(reply.elapsedTime * 10) / 10,
        ...(request.operation && {
          operationName: request.operation.operationName,
          calls: request.operation.calls,
        }),
      },
      'answered',
    );
    done();
  });
  refuseInOneShape(app);

  if (options.corsOrigins.length > 0) {
    await app.register(cors, {
      origin: options.corsOrigins === 'loopback' ? LOOPBACK_ORIGIN : [...options.corsOrigins],
      methods: ['GET', 'HEAD', 'POST'],
      exposedHeaders: ['x-request-id', 'retry-after'],
      maxAge: 600,
      strictPreflight: false,
    });
  }
  graphqlRoute(app, options);
  healthRoutes(app, options.readiness, () => isDraining);
  if (options.ideDirectory !== undefined && isIdeBuilt(options.ideDirectory)) {
    await app.register(ide, { directory: options.ideDirectory });
  }
  return {
    app,
    drain() {
      isDraining = true;
    },
  };
}

const LOOPBACK_ORIGIN = /^https?:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/;

function healthRoutes(app: FastifyInstance, readiness: Readiness, isDraining: () => boolean): void {
  app.get('/livez', () => ({ status: 'alive' }));
  app.get('/readyz', (request, reply) => {
    if (isDraining()) {
      return reply.code(503).send(errorBody(request.id, 'OVERLOADED', 'The gateway is shutting down'));
    }
    if (readiness.isReady) return { status: 'ready' };
    const problem = 'ICE has not answered a signed call yet';
    return reply.code(503).send(errorBody(request.id, 'UPSTREAM_UNAVAILABLE', problem));
  });
}

/** Every refusal below GraphQL has the shape of GraphQL's errors. */
function refuseInOneShape(app: FastifyInstance): void {
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request.url);
    const allow = ALLOW[path];
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

/** A client's own id, when it is fit for a log, or a new one. */
function requestIdOf(header: string | string[] | undefined): string {
  return typeof header === 'string' && /^[\w.-]{1,64}$/.test(header) ? header : randomUUID();
}

/** Without the query string, which can hold a client's data. */
function pathOf(url: string): string {
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
function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
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
    `content-length: ${String(Buffer.byteLength(body))}`,
    `x-request-id: ${requestId}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
