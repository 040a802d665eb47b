import { HeaderMap } from '@apollo/server';
import websocket from '@fastify/websocket';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { FormattedExecutionResult } from 'graphql';
import { handleProtocols } from 'graphql-ws';
import { OverloadedError } from '../jobs/overloaded.ts';
import { createAnswer, represent } from './answer.ts';
import { VARY, type Lifetimes } from './caching.ts';
import { createContext, createRecord, type OperationRecord } from './context.ts';
import { startDeadline } from './deadline.ts';
import { errorBody } from './errors.ts';
import { eventStreamWish, sendEventStream } from './event-stream.ts';
import type { Front } from './hot/front.ts';
import { mayConnect, type AllowedOrigins } from './origins.ts';
import { preferredWaitSeconds } from './prefer.ts';
import { requestScope } from './request-scope.ts';
import { createOperationRunner, type OperationRunner, type OperationRunnerOptions } from './runner.ts';
import type { Streams } from './streams.ts';
import type { SubscriptionSlot } from './subscription.ts';
import { createWebSocketHandler, MAX_MESSAGE_BYTES } from './websocket.ts';

export interface GraphqlRouteOptions extends OperationRunnerOptions {
  readonly streams: Streams;
  readonly front: Pick<Front, 'learn'>;
  readonly lifetimes: Lifetimes;
  /** Origins whose pages may open WebSockets. */
  readonly corsOrigins: AllowedOrigins;
}

/**
 * `GET` and `POST /graphql`: GraphQL over HTTP, over server-sent events where the client takes them, and over WebSocket.
 * Bodies other than JSON have been refused before.
 */
export async function graphqlRoute(app: FastifyInstance, options: GraphqlRouteOptions): Promise<void> {
  const runner = createOperationRunner(options);
  await app.register(websocket, {
    options: { maxPayload: MAX_MESSAGE_BYTES, handleProtocols },
    // Sockets are closed when the gateway begins to stop.
    preClose: (done) => done(),
    errorHandler: (error, socket, request) => {
      request.log.info({ err: error }, 'websocket failed');
      socket.terminate();
    },
  });
  const handler = (request: FastifyRequest, reply: FastifyReply) => answer(request, reply, options, runner);
  app.post('/graphql', handler);
  app.head('/graphql', handler);
  app.route({
    method: 'GET',
    url: '/graphql',
    // The one that Fastify would make says of a 304 that there are 0 bytes.
    exposeHeadRoute: false,
    handler,
    wsHandler: createWebSocketHandler(runner, options.streams),
    preValidation: (request, reply, done) => {
      if (!request.ws || refuseWebSocket(request, reply, options) === undefined) done();
    },
  });
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  options: GraphqlRouteOptions,
  runner: OperationRunner,
): Promise<FastifyReply> {
  const record = createRecord();
  request.operation = record;
  const deadline = startDeadline(options.operationTimeoutMs, goneSignal(reply));
  const wish = request.method === 'HEAD' ? 'none' : eventStreamWish(request.headers.accept);
  const subscription: SubscriptionSlot | undefined = wish === 'none' ? undefined : {};
  const context = createContext(options, {
    record,
    deadline,
    subscription,
    preferredWaitSeconds: preferredWaitSeconds(String(request.headers['prefer'] ?? '')),
  });
  const logError = (err: unknown) => request.log.error({ err }, 'bug');
  return requestScope.run({ requestId: request.id, logError }, async () => {
    try {
      const http = await options.operations.executeHTTPGraphQLRequest({
        httpGraphQLRequest: toApollo(request, wish === 'only'),
        context: () => Promise.resolve(context),
      });
      if (http.body.kind !== 'complete') throw new Error('incremental delivery is not supported');
      if (subscription?.checked !== undefined) {
        const refusal = countStream(request, reply, options.streams);
        if (refusal !== undefined) return await refusal;
        const result = await runner.start(subscription.checked, context);
        deadline.end();
        return await sendEventStream(reply, result, options.schema, options.streams);
      }
      const status = statusFor(http, record.refused);
      if (wish === 'only' && status === 200) {
        // oxlint-disable-next-line no-unsafe-type-assertion -- Apollo wrote it
        const result = JSON.parse(http.body.string) as FormattedExecutionResult;
        return await sendEventStream(reply, result, options.schema, options.streams);
      }
      void reply.code(status).headers(Object.fromEntries(http.headers));
      const vary = reply.getHeader('vary');
      void reply.header('vary', vary === undefined ? VARY : `${String(vary)}, ${VARY}`);
      if (record.isClean && status === 200)
        return await sendAnswer(request, reply, http.body.string, record, options);
      return await reply.header('cache-control', 'no-store').send(http.body.string);
    } finally {
      deadline.end();
    }
  });
}

/** Sends a whole answer without errors, as it can be cached, and lets the front give it again. */
async function sendAnswer(
  { raw, headers, method }: FastifyRequest,
  reply: FastifyReply,
  text: string,
  record: OperationRecord,
  { front, lifetimes }: GraphqlRouteOptions,
): Promise<FastifyReply> {
  const answer = createAnswer(text, record, { method, headers }, lifetimes);
  void reply.headers(answer.headers);
  front.learn(raw, { answer, record, headers: reply.getHeaders() });
  const { body, encoding } = await represent(answer, { method, headers });
  if (body === undefined) return reply.code(304).send();
  if (encoding !== undefined) void reply.header('content-encoding', encoding);
  return reply.send(body);
}

/** Browsers ask nobody before they open a WebSocket, so pages of other sites are refused here. */
function refuseWebSocket(
  request: FastifyRequest,
  reply: FastifyReply,
  { streams, corsOrigins }: GraphqlRouteOptions,
): FastifyReply | undefined {
  if (mayConnect(request.headers.origin, request.host, corsOrigins)) {
    return countStream(request, reply, streams);
  }
  const message = 'Pages of this origin may not connect; CORS_ORIGINS allows them';
  return reply.code(403).send(errorBody(request.id, 'FORBIDDEN', message));
}

/** Counts the connection for as long as it is open, or refuses it. */
function countStream(
  request: FastifyRequest,
  reply: FastifyReply,
  streams: Streams,
): FastifyReply | undefined {
  try {
    // Of a WebSocket, too, the reply is closed with the socket.
    reply.raw.once('close', streams.admit(request.ip));
    return undefined;
  } catch (error) {
    if (!(error instanceof OverloadedError)) throw error;
    const body = errorBody(request.id, 'OVERLOADED', error.message);
    return reply.code(503).header('retry-after', '1').send(body);
  }
}

/** Aborts when the client has gone. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => controller.abort());
  return controller.signal;
}

function toApollo(request: FastifyRequest, isAnsweredByStream: boolean) {
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  if (isAnsweredByStream) headers.set('accept', 'application/json');
  const queryStart = request.url.indexOf('?');
  return {
    method: request.method === 'HEAD' ? 'GET' : request.method,
    headers,
    search: queryStart === -1 ? '' : request.url.slice(queryStart),
    body: request.body,
  };
}

/**
 * With `application/json` a well-formed request is always answered with 200, as its clients cannot tell 400 by GraphQL
 * from 400 by something on the way; `application/graphql-response+json` can.
 *
 * @see https://graphql.github.io/graphql-over-http/draft/#sec-application-json
 */
function statusFor(
  { status, headers }: { status?: number; headers: Map<string, string> },
  refused: boolean,
): number {
  const isLegacy = headers.get('content-type')?.startsWith('application/json') === true;
  return isLegacy && refused && status === 400 ? 200 : (status ?? 200);
}
