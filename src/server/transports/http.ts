import type { IncomingMessage } from 'node:http';
import { HeaderMap, type HTTPGraphQLResponse } from '@apollo/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { FormattedExecutionResult } from 'graphql';
import { abort } from '../../abort.ts';
import { isJsonObject } from '../../json-object.ts';
import { OverloadedError, RateLimitedError } from '../../jobs/errors.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import type { Client } from '../client.ts';
import type { ServerEmitter, StreamTransport } from '../events.ts';
import { ERRORS, isErrorCode } from '../errors/catalogue.ts';
import { retryAfterSeconds } from '../errors/retry-after.ts';
import type { GatewayContext } from '../graphql/context.ts';
import type { Executor } from '../graphql/executor.ts';
import { LeftError } from '../graphql/slots.ts';
import { isSubscription } from '../graphql/record.ts';
import { isStream } from '../graphql/subscription.ts';
import { acceptedBy, type Accepted, type JsonType } from '../http/accept.ts';
import type { Admissions } from '../http/admission.ts';
import type { Refusal } from '../http/refusal.ts';
import { sendRefusal } from '../http/error-responses.ts';
import type { Identity } from '../http/identity.ts';
import type { Usage } from '../http/usage.ts';
import type { RateLimit } from '../rate-limit/rate-limit.ts';
import { notPastToken, VARY } from '../responses/cache-control.ts';
import {
  createResponse,
  represent,
  withoutCaching,
  type Content,
  type RepresentationRequest,
  type SentResponse,
} from '../responses/response.ts';
import type { Connections } from './connections.ts';
import { preferredWaitSeconds } from './prefer.ts';
import { isUtf8Encoded } from '../http/url.ts';
import { sendMultipart } from './multipart.ts';
import { sendEventStream } from './sse.ts';
import { createWebSocketHandler } from './websocket.ts';

export interface GraphqlRouteOptions {
  readonly admissions: Admissions;
  /** `undefined`: nobody is asked who they are. */
  readonly identity: Identity | undefined;
  /** `undefined`: nobody has a limit. */
  readonly rateLimit?: RateLimit | undefined;
  readonly executor: Executor;
  readonly connections: Connections;
  readonly usage: Usage;
  readonly jobsFor: (client: Client) => Jobs;
  /** Is called with each complete response without errors, when it is sent. */
  readonly onResponse: (request: IncomingMessage, sent: SentResponse) => void;
  readonly events: ServerEmitter;
}

/**
 * `GET` and `POST /graphql`: GraphQL over HTTP. It is GraphQL over server-sent events where the client accepts them, and
 * GraphQL over WebSocket where the client asks for an upgrade.
 */
export function graphqlRoute(app: FastifyInstance, options: GraphqlRouteOptions): void {
  const handler = (request: FastifyRequest, reply: FastifyReply) => answer(request, reply, options);
  app.post('/graphql', handler);
  app.head('/graphql', handler);
  app.route({
    method: 'GET',
    url: '/graphql',
    // The route that Fastify would make says of a 304 that it has 0 bytes.
    exposeHeadRoute: false,
    handler,
    wsHandler: createWebSocketHandler(options),
    preValidation: (request, reply, done) => {
      if (!request.ws || openConnection(request, reply, 'websocket', options) === undefined) done();
    },
  });
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  options: GraphqlRouteOptions,
): Promise<FastifyReply> {
  const accepted = acceptedBy(request.headers);
  const { json, stream } = request.method === 'HEAD' ? { ...accepted, stream: undefined } : accepted;
  // Nothing may be executed whose result cannot be sent.
  if (json === undefined && stream === undefined) return sendRefusal(reply, NOT_ACCEPTABLE);
  if (!isUtf8Encoded(request.url)) return sendRefusal(reply, QUERY_NOT_UTF8);
  const admission = options.admissions.of(request.raw);
  const { client, traceparent, charge } = admission;
  const operation = {
    requestId: request.id,
    client,
    request: admission,
    traceparent,
    charge,
    disconnected: disconnectSignal(reply, () => options.executor.slices.next(client.key)),
    acceptsSubscriptions: stream !== undefined,
    preferredWaitSeconds: preferredWaitSeconds(String(request.headers['prefer'] ?? '')),
  };
  try {
    await options.executor.run(operation, (context) =>
      execute(request, reply, context, options, { json, stream }),
    );
  } catch (error) {
    if (error instanceof LeftError) return reply.hijack();
    throw error;
  }
  return reply;
}

/**
 * Executes the operation and begins to send its response. The operation has ended then. So no reply is returned, which would
 * resolve once the client has read it all.
 */
async function execute(
  request: FastifyRequest,
  reply: FastifyReply,
  context: GatewayContext,
  options: GraphqlRouteOptions,
  { json, stream }: Accepted,
): Promise<void> {
  const { executor, connections } = options;
  const { record } = context;
  options.admissions.of(request.raw).operation = record;
  const http = await executor.apollo.executeHTTPGraphQLRequest({
    httpGraphQLRequest: toApollo(request, json ?? 'application/json'),
    context: () => Promise.resolve(context),
  });
  if (http.body.kind !== 'complete') throw new Error('incremental delivery is not supported');
  if (stream !== undefined && isSubscription(record)) {
    if (openConnection(request, reply, TRANSPORTS[stream], options) !== undefined) return;
    const result = await executor.subscribe(context);
    if (result === undefined) throw new Error('the subscription is none');
    if (isStream(result) || json === undefined)
      return SEND[stream](reply, result, connections, context.client);
    return sendErrors(request, reply, result, json);
  }
  const status = statusFor(http, record.isRefused);
  if (stream !== undefined && json === undefined && status === 200) {
    // oxlint-disable-next-line no-unsafe-type-assertion -- Apollo wrote it
    const result = JSON.parse(http.body.string) as FormattedExecutionResult;
    // The client sends the text next. urql would do so for each of the two results that it makes of such a stream.
    const isUnknown = result.errors?.[0]?.extensions?.['code'] === 'PERSISTED_QUERY_NOT_FOUND';
    const retryAfter = http.headers.get('retry-after');
    if (retryAfter !== undefined) void reply.header('retry-after', retryAfter);
    if (!isUnknown) return SEND[stream](reply, result, connections, context.client);
    return sendErrors(request, reply, result, 'application/graphql-response+json');
  }
  void reply.code(status).headers(Object.fromEntries(http.headers));
  addVary(reply);
  if (record.isClean && status === 200)
    return sendComplete(request, reply, http.body.string, context, options);
  void reply.header('cache-control', 'no-store');
  return sendBody(request, reply, withoutCaching(http.body.string));
}

/** Sends why an operation has not started. */
async function sendErrors(
  request: FastifyRequest,
  reply: FastifyReply,
  result: FormattedExecutionResult,
  type: JsonType,
): Promise<void> {
  const seconds = retryAfterSeconds(result.errors, undefined);
  void reply
    .code(type === 'application/json' ? 200 : statusOf(result.errors))
    .headers({ 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' })
    .headers(seconds === undefined ? {} : { 'retry-after': String(seconds) });
  addVary(reply);
  return sendBody(request, reply, withoutCaching(`${JSON.stringify(result)}\n`));
}

function addVary(reply: FastifyReply): void {
  const vary = reply.getHeader('vary');
  void reply.header('vary', vary === undefined ? VARY : `${String(vary)}, ${VARY}`);
}

/** How each stream is sent. */
const SEND = { 'text/event-stream': sendEventStream, 'multipart/mixed': sendMultipart } as const;

const TRANSPORTS = { 'text/event-stream': 'event-stream', 'multipart/mixed': 'multipart' } as const;

/** Sends a complete response without errors. Clients and the response cache can store it. */
async function sendComplete(
  { raw, headers, method }: FastifyRequest,
  reply: FastifyReply,
  text: string,
  { client, record }: GatewayContext,
  { jobsFor, onResponse }: GraphqlRouteOptions,
): Promise<void> {
  const response = createResponse(text, record, { method, headers }, jobsFor(client));
  void reply.headers(response.headers);
  onResponse(raw, { response, record, headers: reply.getHeaders() });
  const control = notPastToken(response.headers['cache-control'] ?? '', client);
  void reply.header('cache-control', control);
  return sendBody({ headers, method }, reply, response);
}

/** Sends a body as the client takes it: compressed, or not at all when the client has it. */
async function sendBody(
  request: RepresentationRequest,
  reply: FastifyReply,
  content: Content,
): Promise<void> {
  const { body, encoding } = await represent(content, request);
  if (body === undefined) {
    void reply.code(304).send();
    return;
  }
  if (encoding !== undefined) void reply.header('content-encoding', encoding);
  void reply.send(body);
}

/** Counts the connection for as long as it is open, or refuses it. */
function openConnection(
  request: FastifyRequest,
  reply: FastifyReply,
  transport: StreamTransport,
  { admissions, connections }: GraphqlRouteOptions,
): FastifyReply | undefined {
  try {
    const end = connections.open(admissions.of(request.raw).client, transport);
    // The reply of a WebSocket closes with the socket too. A client may have left by now.
    if (reply.raw.closed) end();
    else reply.raw.once('close', end);
    return undefined;
  } catch (error) {
    const headers = { 'retry-after': '1' };
    if (error instanceof OverloadedError)
      return sendRefusal(reply, { status: 503, code: 'OVERLOADED', message: error.message, headers });
    if (!(error instanceof RateLimitedError)) throw error;
    const { policy, message } = error;
    return sendRefusal(reply, { status: 429, code: 'RATE_LIMITED', policy, message, headers });
  }
}

/**
 * Aborts when the client has disconnected.
 *
 * @param nextTurn resolves when that may be. Many connections can close at once, with much to release on each
 */
function disconnectSignal({ raw }: FastifyReply, nextTurn: () => Promise<void>): AbortSignal {
  const controller = new AbortController();
  raw.once('close', () => {
    // Nobody waits for anything any more once all has been sent.
    if (raw.writableFinished) abort(controller);
    else void nextTurn().then(() => abort(controller));
  });
  return controller.signal;
}

function toApollo(request: FastifyRequest, accept: JsonType) {
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  headers.set('accept', accept);
  const queryStart = request.url.indexOf('?');
  const { body } = request;
  // Clients in Go send it when they mean none.
  if (isJsonObject(body) && body['operationName'] === '') delete body['operationName'];
  // Apollo Server takes what it needs of it. The request would keep the rest while the operation waits.
  request.body = undefined;
  return {
    method: request.method === 'HEAD' ? 'GET' : request.method,
    headers,
    search: queryStart === -1 ? '' : withoutEmptyName(request.url.slice(queryStart)),
    body,
  };
}

/** The query string without an operation name that is empty. */
function withoutEmptyName(search: string): string {
  return search.replaceAll(/(?<=[?&])operationName=?(?=&|$)/g, '');
}

/**
 * With `application/json` the status of a well-formed request is always 200, as its clients cannot tell a 400 by GraphQL
 * from a 400 by something in between. With `application/graphql-response+json` they can, and a response without `data` is none
 * with 200.
 *
 * @see https://graphql.github.io/graphql-over-http/draft/#sec-application-json
 */
function statusFor({ status = 200, headers, body }: HTTPGraphQLResponse, isRefused: boolean): number {
  const isLegacy = headers.get('content-type')?.startsWith('application/json') === true;
  if (isLegacy) return isRefused && (status === 400 || status === 429) ? 200 : status;
  if (status !== 200 || !isRefused || body.kind !== 'complete') return status;
  // oxlint-disable-next-line no-unsafe-type-assertion -- Apollo wrote it
  return statusOf((JSON.parse(body.string) as FormattedExecutionResult).errors);
}

/** The status of a response that is nothing but these errors. */
function statusOf(errors: FormattedExecutionResult['errors']): number {
  const code = errors?.[0]?.extensions?.['code'];
  return (isErrorCode(code) ? ERRORS[code].status : undefined) ?? 500;
}

const QUERY_NOT_UTF8: Refusal = {
  status: 400,
  code: 'BAD_REQUEST',
  message: 'The query string must be percent-encoded UTF-8',
};

const NOT_ACCEPTABLE: Refusal = {
  status: 406,
  code: 'BAD_REQUEST',
  message:
    'The gateway sends application/json or application/graphql-response+json, and text/event-stream or ' +
    'multipart/mixed;subscriptionSpec=1.0. The Accept header allows none of them',
};
