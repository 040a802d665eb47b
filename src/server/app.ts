import type { Socket } from 'node:net';
import cors from '@fastify/cors';
import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
} from 'fastify';
import { BOUNDS } from '../bounds.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { LOOPBACK_ORIGIN } from '../loopback.ts';
import type { Tokens } from './auth/tokens.ts';
import type { Client } from './client.ts';
import type { ServerEmitter } from './events.ts';
import type { Executor } from './graphql/executor.ts';
import { rateHeaders, RATE_HEADERS, withoutFigures } from './rate-limit/headers.ts';
import type { Charge, RateLimit } from './rate-limit/rate-limit.ts';
import { logRequests } from './http/access-log.ts';
import { createAdmissions, type Admissions } from './http/admission.ts';
import { inTurn } from './http/arrivals.ts';
import { countBodies } from './http/body-values.ts';
import { collectBodies } from './http/body-chunks.ts';
import { createChecks, isForOperation, type ChecksOptions } from './http/checks.ts';
import { createClientOf, createPeerOf, type TrustedProxies } from './http/client.ts';
import { createHttpConnections, type HttpConnections } from './http/connections.ts';
import { errorResponses, MAX_BODY_BYTES, refuseConnection, sendRefusal } from './http/error-responses.ts';
import { healthRoutes, type ReplicaState } from './http/health.ts';
import { createIdentity, type Identity } from './http/identity.ts';
import { sendHelpPage, type Offers } from './http/help-page.ts';
import type { AllowedOrigins } from './http/origins.ts';
import { arePagesBuilt, pages } from './http/pages.ts';
import type { Readiness } from './http/readiness.ts';
import { checkHeadsOnce } from './http/repeated-head.ts';
import { createNormalizeTarget } from './http/target.ts';
import { createUsage, type UsageLimits } from './http/usage.ts';
import { createResponseCache } from './response-cache/middleware.ts';
import type { PreparedOperations } from './response-cache/prepared-operations.ts';
import type { StoredResponses } from './response-cache/stored-responses.ts';
import type { ConnectionLimits, Connections } from './transports/connections.ts';
import { graphqlRoute } from './transports/http.ts';
import { schemaTextRoute } from './transports/schema-text.ts';
import { acceptWebSockets } from './transports/websocket.ts';

export interface AppOptions extends ChecksOptions {
  readonly logger: FastifyBaseLogger;
  readonly trustedProxies: TrustedProxies;
  /** Says whom tokens are for. `undefined`: whoever asks may see every job. */
  readonly tokens?: Tokens | undefined;
  /** Limits what each client may ask for. `undefined`: nobody has a limit. */
  readonly rateLimit?: RateLimit | undefined;
  readonly readiness: Readiness;
  /** How it stands with other replicas. `undefined`: nothing is shared with any. */
  readonly replicas?: ReplicaState | undefined;
  readonly executor: Executor;
  readonly connections: Connections;
  readonly stored: StoredResponses;
  /** `undefined`: no operation is prepared. */
  readonly prepared: PreparedOperations | undefined;
  /** The jobs that a client may see. */
  readonly jobsFor: (client: Client) => Jobs;
  /** What a proxy may have left before the path, such as `/jobs`. `undefined`: nothing. */
  readonly pathPrefix: string | undefined;
  /** Whether clients may ask for the schema. */
  readonly introspection: boolean;
  /** The built pages. `undefined` leaves them out. */
  readonly pagesDirectory: URL | undefined;
  /** Whether the board plays what servers of this machine have. @default false */
  readonly playsLoopback?: boolean | undefined;
  readonly now: () => number;
  readonly events: ServerEmitter;
  /** Bounds that differ from `src/bounds.ts`. */
  readonly bounds?: Partial<ServerBounds>;
}

/** What a client may have of the server. */
export interface ServerBounds extends UsageLimits {
  /** How long a request may take to come, in milliseconds. */
  readonly requestMs: number;
  /** How long a connection stays open without a request, in milliseconds. */
  readonly idleMs: number;
  /** How long a client may read nothing of what was sent, in milliseconds. */
  readonly stalledMs: number;
}

/**
 * The gateway's HTTP side. A request passes these in order: the checks, the response cache, then Fastify with its plugins.
 * Once `stopping` aborts, new requests are refused. Requests in flight go on.
 */
export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const { logger, jobsFor, stopping, events } = options;
  const bounds = { ...boundsOf(options.connections.limits), ...options.bounds };
  const usage = createUsage(bounds);
  const http = createHttpConnections({
    usage,
    maxRequests: BOUNDS.connectionRequests.max,
    unknownBodyBytes: BOUNDS.unknownBody.max,
    stalledMs: bounds.stalledMs,
    peerOf: createPeerOf(options.trustedProxies),
    logger,
    onRefused: (refusal) => events.emit('errorTold', refusal),
  });
  const identity = identify(options);
  const admissions = admit(options, http, identity);
  const cache = createResponseCache({ ...options, admissions, maxBodyBytes: BOUNDS.cachedRequest.max });
  const app: FastifyInstance = fastify({
    serverFactory: (listener) =>
      http
        .createServer(timeoutsOf(bounds), admissions, cache.ahead(inTurn(admissions, listener)))
        // Ahead of the router, which reads the target. Other requests are admitted ahead of the response cache.
        .on('upgrade', (request) => void admissions.of(request)),
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    bodyLimit: MAX_BODY_BYTES,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    requestIdHeader: false,
    genReqId: (request) => admissions.of(request).requestId,
    clientErrorHandler: refuseBadRequests(events),
  });
  // The JSON parser stays. Any other content type is a 415.
  app.removeContentTypeParser('text/plain');
  countBodies(app);
  collectBodies(app, MAX_BODY_BYTES);

  logRequests(events, logger);
  everyResponse(app, admissions, stopping);
  errorResponses(app, events);
  await allowOrigins(app, options.corsOrigins);
  await acceptWebSockets(app);
  const pagesDirectory = builtPages(options);
  const offers = { hasIde: pagesDirectory !== undefined, isSchemaPublic: options.introspection };
  sendRefusals(app, admissions, offers);
  graphqlRoute(app, {
    ...options,
    admissions,
    identity,
    usage,
    jobsFor,
    onResponse: (request, sent) => cache.store(request, sent),
  });
  healthRoutes(app, options.readiness, stopping, options.replicas);
  schemaTextRoute(app, { schema: options.executor.schema, introspection: options.introspection });
  if (pagesDirectory !== undefined) await app.register(pages, { ...options, directory: pagesDirectory });
  closeUnusedSockets(app, stopping);
  return app;
}

/** Answers what Node's HTTP parser refuses. */
function refuseBadRequests(events: ServerEmitter): typeof refuseConnection {
  return (error, socket) => {
    events.emit('errorTold', { code: 'BAD_REQUEST' });
    refuseConnection(error, socket);
  };
}

/** It comes after CORS, so that a browser app can read a refusal. */
function sendRefusals(app: FastifyInstance, admissions: Admissions, offers: Offers): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { refusal } = admissions.of(request.raw);
    if (refusal === undefined) done();
    else if (refusal.hasPage !== true || !sendHelpPage(reply, offers)) void sendRefusal(reply, refusal);
  });
}

function builtPages({ pagesDirectory }: AppOptions): URL | undefined {
  return pagesDirectory !== undefined && arePagesBuilt(pagesDirectory) ? pagesDirectory : undefined;
}

/** Says who sends requests. `undefined`: they are told apart by their addresses alone. */
function identify({ tokens, trustedProxies, events }: AppOptions): Identity | undefined {
  if (tokens === undefined) return undefined;
  const onError = (error: unknown) => void events.emit('unexpectedError', error, 'identity');
  return createIdentity(tokens, createClientOf(trustedProxies), onError);
}

/** Decides about each request once. */
function admit(options: AppOptions, http: HttpConnections, identity: Identity | undefined): Admissions {
  const { draining, ...ofHeads } = createChecks(options);
  const checks = {
    usage: http.check,
    draining,
    heads: checkHeadsOnce(ofHeads),
    ...(identity && { identity: identity.check }),
  };
  const { events, pathPrefix, trustedProxies, rateLimit } = options;
  const clientOf = identity?.clientOf ?? createClientOf(trustedProxies);
  return createAdmissions(checks, clientOf, events, {
    normalize: createNormalizeTarget(pathPrefix),
    identify: identity?.read,
    charge:
      rateLimit && ((request, client) => (isForOperation(request) ? rateLimit.begin(client) : undefined)),
  });
}

const limit = (client: number, gateway: number) => ({ client, gateway });

function boundsOf({ max, maxPerClient, keepAliveMs }: ConnectionLimits): ServerBounds {
  return {
    connections: limit(maxPerClient + BOUNDS.clientConnections.max, max + BOUNDS.connections.max),
    requests: limit(BOUNDS.clientRequests.max, BOUNDS.requests.max),
    held: limit(BOUNDS.clientHeld.max, BOUNDS.held.max),
    unread: limit(BOUNDS.clientUnread.max, BOUNDS.unread.max),
    unreadMost: limit(BOUNDS.clientUnreadMost.max, BOUNDS.unreadMost.max),
    requestMs: BOUNDS.requestTime.max,
    idleMs: BOUNDS.idleConnection.max,
    stalledMs: 2 * keepAliveMs,
  };
}

/** Fastify leaves these to whoever creates the server. Node's own refusal of a request without a host has no body. */
function timeoutsOf({ requestMs, idleMs }: ServerBounds) {
  return {
    requireHostHeader: false,
    requestTimeout: requestMs,
    keepAliveTimeout: idleMs,
    // Node looks every 30 s otherwise, so a request would have twice its time.
    connectionsCheckingInterval: Math.ceil(requestMs / 30),
  };
}

/** The headers of every response. */
function everyResponse(app: FastifyInstance, admissions: Admissions, stopping: AbortSignal): void {
  app.addHook('onRequest', (request, reply, done) => {
    // The listener has not seen a request for an upgrade.
    admissions.start(request.raw, reply.raw);
    void reply.headers({
      'x-request-id': request.id,
      'x-content-type-options': 'nosniff',
      // This holds for every response that says nothing else. Some refusals could be stored by default.
      'cache-control': 'no-store',
    });
    done();
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    // Otherwise the client would keep an idle connection open, and closing would wait for it.
    if (stopping.aborted) void reply.header('connection', 'close');
    // What was not needed has been given back by now. The response cache has stored the response without these.
    const { charge } = admissions.of(request.raw);
    if (charge !== undefined) tellRate(reply, charge);
    done(null, payload);
  });
}

function tellRate(reply: FastifyReply, charge: Charge): void {
  const [policyName, policy, name, value] = rateHeaders(charge);
  const control = withoutFigures(String(reply.getHeader('cache-control')));
  void reply.headers({ [policyName]: policy, [name]: value, 'cache-control': control });
}

/** Lets pages of these origins read responses. */
async function allowOrigins(app: FastifyInstance, corsOrigins: AllowedOrigins): Promise<void> {
  if (corsOrigins.length === 0) return;
  await app.register(cors, {
    origin: corsOrigins === 'loopback' ? LOOPBACK_ORIGIN : [...corsOrigins],
    methods: ['GET', 'HEAD', 'POST'],
    exposedHeaders: [
      'age',
      'etag',
      'preference-applied',
      ...RATE_HEADERS,
      'retry-after',
      'server-timing',
      'www-authenticate',
      'x-request-id',
    ],
    maxAge: 600,
    strictPreflight: false,
  });
}

/** Browsers open some connections ahead. Node does not count these as idle, so closing would wait for a first request. */
function closeUnusedSockets(app: FastifyInstance, stopping: AbortSignal): void {
  const sockets = new Set<Socket>();
  app.server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  stopping.addEventListener('abort', () => {
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  });
}
