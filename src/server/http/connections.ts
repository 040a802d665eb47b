import {
  createServer,
  type ServerResponse,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
} from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyBaseLogger } from 'fastify';
import { BOUNDS, type BoundName } from '../../bounds.ts';
import type { Client } from '../client.ts';
import type { Admissions } from './admission.ts';
import { HEALTH_PATHS, takeUpgrade, type RequestCheck } from './checks.ts';
import type { Refusal } from './refusal.ts';
import {
  connectionOf,
  countConnection,
  CountedResponse,
  responsesUnderWay,
  type ConnectionOptions,
} from './counted-connection.ts';
import { CountedRequest } from './counted-request.ts';
import { MAX_BODY_BYTES, refuseSocket } from './error-responses.ts';
import { pathOf } from './url.ts';
import type { Limit, Resource } from './usage.ts';

export interface HttpConnectionsOptions extends ConnectionOptions {
  /** What a request counts whose body comes without a length, in bytes. */
  readonly unknownBodyBytes: number;
  /** The client whose connections are counted together. `undefined`: it is a proxy, whose connections are not. */
  readonly peerOf: (socket: Socket) => Client | undefined;
  readonly logger: FastifyBaseLogger;
  /** Is told why a connection is refused. */
  readonly onRefused?: (refusal: Refusal) => void;
}

/** The HTTP connections of all clients. */
export interface HttpConnections {
  /** A server whose connections and requests are counted, below every route. */
  createServer(options: ServerOptions, admissions: Admissions, listener: RequestListener): Server;
  /** Refuses the requests of a client that is at a limit, or all while the gateway is at one. */
  readonly check: RequestCheck;
}

export function createHttpConnections(options: HttpConnectionsOptions): HttpConnections {
  const { usage, maxRequests, unknownBodyBytes, peerOf, logger } = options;

  function accept(socket: Socket): Refusal | undefined {
    const client = peerOf(socket);
    const excess = usage.excess(client?.key, 'connections', 1);
    if (excess !== undefined) {
      options.onRefused?.(REFUSALS.connections[excess]);
      return REFUSALS.connections[excess];
    }
    const key = client?.key ?? '';
    usage.connect(key, 1);
    socket.once('close', () => usage.connect(key, -1));
    countConnection(socket, key, options);
    return undefined;
  }

  return {
    createServer(serverOptions, admissions, listener) {
      const server: Server = createServer({
        ...serverOptions,
        IncomingMessage: CountedRequest,
        // oxlint-disable-next-line no-unsafe-type-assertion -- it is one, of whatever request
        ServerResponse: CountedResponse as unknown as typeof ServerResponse,
        // Nobody would answer on a connection that is upgraded while an earlier request is under way.
        shouldUpgradeCallback: (request) =>
          server.listenerCount('upgrade') > 0 &&
          connectionOf(request.socket)?.underWay.length === 0 &&
          takeUpgrade(request, admissions.normalizeTarget),
      });
      const serve: Serve = (request, response) => {
        const connection = connectionOf(request.socket);
        if (connection === undefined || !(response instanceof CountedResponse)) {
          listener(request, response);
          return undefined;
        }
        if (request.socket.destroyed || connection.isClosing) return undefined;
        response.held = bodyBytes(request, unknownBodyBytes);
        const { client, refusal } = admissions.of(request);
        response.count(client.key);
        if (refusal?.headers?.['connection'] === 'close') connection.isClosing = true;
        const charging = admissions.charge(request);
        if (charging === undefined) listener(request, response);
        return charging?.then(() => listener(request, response));
      };
      server.on('request', identifyFirst(admissions, serve));
      answerWhatNodeWouldNot(server);
      admitConnections(server, accept);
      server.on('timeout', (socket: Socket) => timedOut(socket, logger));
      return server;
    },
    check(request, { key }) {
      const connection = connectionOf(request.socket);
      if (connection !== undefined && connection.underWay.length > maxRequests) return PIPELINED;
      // A gateway whose health checks fail would be started anew.
      if (HEALTH_PATHS.has(pathOf(request.url ?? ''))) return undefined;
      // The response of this request is the last that has begun. An upgrade has none.
      const held = connection?.underWay.at(-1)?.held ?? 0;
      const excess = usage.excessOfRequest(key, held);
      return excess && REFUSALS[excess.resource][excess.limit];
    },
  };
}

/** Cuts a connection on which nothing happens, but for one that reads nothing as its client waits for its turn. */
function timedOut(socket: Socket, logger: HttpConnectionsOptions['logger']): void {
  const connection = connectionOf(socket);
  if (connection?.isStalled === true)
    logger.info({ unread: connection.unread }, 'connection cut: the client reads nothing');
  if (connection?.isPaused === true && !connection.isStalled) connection.settle();
  else socket.destroy();
}

/** Passes a request on, now or once the promise resolves. */
type Serve = (
  request: IncomingMessage,
  response: Parameters<RequestListener>[1],
) => Promise<void> | undefined;

/**
 * Has whoever sent a request read before anything is decided about it. Requests of one connection are served in their order: one
 * that closes the connection must not overtake another, which would get no response.
 */
function identifyFirst({ identify }: Admissions, serve: Serve): RequestListener {
  /** When the last request of each connection has been passed on that waits for that. */
  const served = new Map<Socket, Promise<void>>();
  return (request, response) => {
    const { socket } = request;
    const identifying = identify(request);
    const before = served.size === 0 ? undefined : served.get(socket);
    const serving =
      identifying === undefined && before === undefined
        ? serve(request, response)
        : Promise.all([identifying, before]).then(() => serve(request, response));
    if (serving === undefined) return;
    const last: Promise<void> = serving.then(() => {
      if (served.get(socket) === last) served.delete(socket);
      return undefined;
    });
    served.set(socket, last);
  };
}

/** Answers requests that Node answers with an empty body, or closes the connection for. */
function answerWhatNodeWouldNot(server: Server): void {
  // A check refuses what the client expects.
  server.on('checkExpectation', (request, response) => void server.emit('request', request, response));
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    const isWanted = Number(request.headers['content-length'] ?? 0) <= MAX_BODY_BYTES;
    // The client may send its body, or begin another request. Nobody could tell them apart.
    if (isWanted) response.writeContinue();
    else response.shouldKeepAlive = false;
    server.emit('request', request, response);
  });
  server.on('connect', (_request, socket: Socket) => {
    // The client would take it for the response to an earlier request.
    if (responsesUnderWay(socket).length > 0) socket.destroy();
    else refuseSocket(socket, NO_PROXY);
  });
}

/** Puts `accept` before Node's own listener, so that a connection that is refused has no parser. */
function admitConnections(server: Server, accept: (socket: Socket) => Refusal | undefined): void {
  const handlers = server.listeners('connection');
  let refused = 0;
  server.removeAllListeners('connection');
  server.on('connection', (socket) => {
    const refusal = accept(socket);
    if (refusal === undefined) {
      for (const handle of handlers) Reflect.apply(handle, server, [socket]);
    } else if (refused >= BOUNDS.refusedConnections.max) socket.destroy();
    else {
      refused += 1;
      socket.once('close', () => (refused -= 1));
      refuseSocket(socket, refusal);
    }
  });
}

/** What the body of a request takes while it comes, in bytes. */
function bodyBytes({ headers }: IncomingMessage, unknown: number): number {
  const length = headers['content-length'];
  if (length !== undefined) return Math.min(Number(length), MAX_BODY_BYTES);
  return headers['transfer-encoding'] === undefined ? 0 : unknown;
}

/** Node closes the connection of such a request without a word. */
const NO_PROXY: Refusal = {
  status: 405,
  code: 'BAD_REQUEST',
  message: 'The gateway is no proxy: it takes GET, HEAD, OPTIONS, POST',
  headers: { allow: 'GET, HEAD, OPTIONS, POST' },
};

function refuse(policy: BoundName, message: string, headers: Refusal['headers'] = {}): Refusal {
  return { status: 429, code: 'RATE_LIMITED', policy, message, headers: { 'retry-after': '1', ...headers } };
}

/** Each connection can then add no more than one refusal to what is under way. */
const LAST = { connection: 'close' };

const PIPELINED = refuse('connectionRequests', 'The connection has too many requests under way', LAST);

const FULL: Refusal = {
  status: 503,
  code: 'OVERLOADED',
  message: 'The gateway has as much under way as it can hold',
  headers: { 'retry-after': '1' },
};

/** The refusals at the limits of each resource. */
const REFUSALS: Readonly<Record<Resource, Readonly<Record<keyof Limit, Refusal>>>> = {
  connections: {
    client: refuse('clientConnections', 'Your address has too many connections open', LAST),
    gateway: FULL,
  },
  requests: {
    client: refuse('clientRequests', 'You have too many requests under way', LAST),
    gateway: { ...FULL, headers: { ...FULL.headers, ...LAST } },
  },
  held: { client: refuse('clientHeld', 'Your requests under way are too large'), gateway: FULL },
  unread: { client: refuse('clientUnread', 'You leave too much unread of what was sent'), gateway: FULL },
};
