import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import cors from '@fastify/cors';
import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { OperationRecord } from './context.ts';
import { errorBody } from './errors.ts';
import { createFront, type FrontOptions } from './hot/front.ts';
import { graphqlRoute, type GraphqlRouteOptions } from './graphql.ts';
import { ide, isIdeBuilt } from './ide.ts';
import { LOOPBACK_ORIGIN, type AllowedOrigins } from './origins.ts';
import type { Readiness } from './readiness.ts';
import { receiptOf } from './receipt.ts';
import {
  MAX_BODY_BYTES,
  pathOf,
  refuseConnection,
  refuseForeignHosts,
  refuseInOneShape,
  refuseUrl,
} from './refusals.ts';
import { requestIdOf } from './request-id.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on requests of `/graphql`. */
    operation: OperationRecord | null;
  }
}

export interface HttpOptions
  extends Omit<GraphqlRouteOptions, 'front'>, Omit<FrontOptions, 'onAnswered' | 'onBug'> {
  readonly logger: FastifyBaseLogger;
  readonly readiness: Readiness;
  /** Origins that browsers may call from. */
  readonly corsOrigins: AllowedOrigins;
  /** Whether requests that name a host other than loopback are refused. */
  readonly isHostChecked: boolean;
  /** The built IDE; `undefined` leaves it out. */
  readonly ideDirectory: URL | undefined;
}

/** How long a request may take to arrive, and how long a connection stays open unused, in milliseconds. */
const TIMEOUTS = { requestTimeout: 30_000, keepAliveTimeout: 72_000 };

const HEALTH_PATHS = new Set(['/livez', '/readyz']);

/** The gateway's HTTP side. It refuses new work once `drain` was called. */
export interface HttpServer {
  readonly app: FastifyInstance;
  /** Answers new requests with 503 from now on; those under way go on. */
  readonly drain: () => void;
}

export async function createHttpServer(options: HttpOptions): Promise<HttpServer> {
  let isDraining = false;
  const front = createFront({
    ...options,
    onAnswered: logFrontAnswer(options.logger),
    onBug: (err) => options.logger.error({ err }, 'bug'),
  });
  const app: FastifyInstance = fastify({
    // Fastify leaves these to whoever makes the server.
    serverFactory: (listener) => createServer(TIMEOUTS, front.before(listener)),
    loggerInstance: options.logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    bodyLimit: MAX_BODY_BYTES,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    requestIdHeader: false,
    genReqId: ({ headers }) => requestIdOf(headers),
    clientErrorHandler: refuseConnection,
    frameworkErrors: (error, request, reply) => refuseUrl(error, request.id, reply.raw),
  });
  app.decorateRequest('operation', null);
  // What is left is the JSON parser: any other content type is a 415.
  app.removeContentTypeParser('text/plain');

  app.addHook('onRequest', (request, reply, done) => {
    void reply.headers({
      'x-request-id': request.id,
      'x-content-type-options': 'nosniff',
      // Of all that does not say otherwise: some refusals could be stored by default.
      'cache-control': 'no-store',
    });
    // Not Fastify's onResponse, which never comes when the client has left.
    reply.raw.once('close', () => {
      // A WebSocket has a line of its own.
      if (!request.ws || reply.statusCode !== 200) logAnswer(request, reply);
    });
    if (!isDraining || front.isUnderWay(request.raw) || HEALTH_PATHS.has(pathOf(request.url))) {
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
  if (options.isHostChecked) refuseForeignHosts(app);
  refuseInOneShape(app);

  if (options.corsOrigins.length > 0) {
    await app.register(cors, {
      origin: options.corsOrigins === 'loopback' ? LOOPBACK_ORIGIN : [...options.corsOrigins],
      methods: ['GET', 'HEAD', 'POST'],
      exposedHeaders: ['age', 'etag', 'preference-applied', 'retry-after', 'server-timing', 'x-request-id'],
      maxAge: 600,
      strictPreflight: false,
    });
  }
  await graphqlRoute(app, { ...options, front });
  healthRoutes(app, options.readiness, () => isDraining);
  if (options.ideDirectory !== undefined && isIdeBuilt(options.ideDirectory)) {
    await app.register(ide, { directory: options.ideDirectory });
  }
  const sockets = new Set<Socket>();
  app.server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return {
    app,
    drain() {
      isDraining = true;
      front.stop();
      // Browsers open some ahead. To Node these are not idle, so that closing would wait for their first request.
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
    },
  };
}

/** The most calls of ICE that one log line lists. */
const MAX_CALLS_LOGGED = 50;

/** One line a request: at `info` for operations and failures, at `debug` for the rest. */
function logAnswer(request: FastifyRequest, reply: FastifyReply): void {
  const { operation } = request;
  const level = operation === null && reply.statusCode < 500 ? 'debug' : 'info';
  request.log[level](
    {
      method: request.method,
      path: pathOf(request.url),
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime * 10) / 10,
      ...(operation && {
        operationName: operation.operationName,
        receipt: receiptOf(operation),
        calls: operation.calls.slice(0, MAX_CALLS_LOGGED),
      }),
    },
    reply.raw.writableFinished ? 'answered' : 'left unanswered: the client has gone',
  );
}

/** What was answered from memory, ahead of the router, has a line at `debug`. */
function logFrontAnswer(logger: FastifyBaseLogger): FrontOptions['onAnswered'] {
  if (logger.level !== 'debug' && logger.level !== 'trace') return () => undefined;
  return ({ method, url = '' }: IncomingMessage, { statusCode }: ServerResponse, requestId) => {
    logger.debug({ requestId, method, path: pathOf(url), status: statusCode }, 'answered from memory');
  };
}

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
