import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import websocket, { type WebSocket } from '@fastify/websocket';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GraphQLError, parse, type FormattedExecutionResult, type GraphQLFormattedError } from 'graphql';
import {
  handleProtocols,
  makeServer,
  type OperationResult,
  type ServerOptions,
  type WebSocket as ProtocolSocket,
} from 'graphql-ws';
import { onAbort } from '../../abort.ts';
import { BOUNDS } from '../../bounds.ts';
import { onTokenEnd } from '../auth/token-end.ts';
import type { Client } from '../client.ts';
import { errorBody } from '../errors/error-body.ts';
import type { ServerEmitter } from '../events.ts';
import type { Executor, OperationRequest } from '../graphql/executor.ts';
import { isSubscription, type OperationRecord } from '../graphql/record.ts';
import { receiptOf } from '../graphql/receipt.ts';
import { isStream } from '../graphql/subscription.ts';
import { MAX_CALLS_LOGGED } from '../http/access-log.ts';
import { refusalOfRate, type Admissions } from '../http/admission.ts';
import { createArrivals } from '../http/arrivals.ts';
import { TOKEN_ENDED, type Identity } from '../http/identity.ts';
import type { Refusal } from '../http/refusal.ts';
import { MAX_BODY_BYTES, refuseSocket } from '../http/error-responses.ts';
import type { Usage } from '../http/usage.ts';
import type { RateLimit } from '../rate-limit/rate-limit.ts';
import { reconnectAfterMs, type Connections } from './connections.ts';
import { LEGACY_PROTOCOL, refuseLegacyProtocol } from './legacy-protocol.ts';
import { CountedSocket, type IncomingMessage } from './counted-socket.ts';
import { SocketOperations } from './socket-operations.ts';

const { socketOperations, operationId, pongValues, socketFragments } = BOUNDS;

/** What the operations of one WebSocket share. */
interface Connection {
  readonly request: FastifyRequest;
  /** Who asks: the address, until the first message has brought a token. */
  client: Client;
  readonly counted: CountedSocket;
  /** The message that graphql-ws has just been given. */
  arriving: IncomingMessage | undefined;
  readonly operations: SocketOperations;
  isOverLimitLogged: boolean;
}

/** Lets routes take WebSockets. Hooks that are added before would not know an upgrade from other requests. */
export async function acceptWebSockets(app: FastifyInstance): Promise<void> {
  await app.register(websocket, {
    options: {
      maxPayload: MAX_BODY_BYTES,
      // Only the last of many pings is answered.
      autoPong: false,
      maxFragments: socketFragments.max,
      maxBufferedChunks: socketFragments.max,
      handleProtocols: (protocols) =>
        handleProtocols(protocols) || (protocols.has(LEGACY_PROTOCOL) && LEGACY_PROTOCOL),
    },
    // Sockets are closed when the gateway begins to stop.
    preClose: (done) => done(),
    errorHandler: (error, socket, request) => {
      request.log.info({ err: error }, 'websocket failed');
      socket.terminate();
    },
  });
  // It would send a page otherwise.
  app.websocketServer.on('wsClientError', ({ message }: Error, socket: Socket) =>
    refuseSocket(
      socket,
      message.includes('Sec-WebSocket-Version') ? OTHER_VERSION : { ...NO_HANDSHAKE, message },
    ),
  );
}

const NO_HANDSHAKE = { status: 400, code: 'BAD_REQUEST' } as const;

const OTHER_VERSION: Refusal = {
  status: 426,
  code: 'BAD_REQUEST',
  message: 'The version of the WebSocket protocol must be 13',
  headers: { upgrade: 'websocket', 'sec-websocket-version': '13' },
};

export interface WebSocketOptions {
  readonly admissions: Admissions;
  /** `undefined`: nobody is asked who they are. */
  readonly identity: Identity | undefined;
  /** `undefined`: nobody has a limit. */
  readonly rateLimit?: RateLimit | undefined;
  readonly executor: Executor;
  readonly connections: Connections;
  readonly usage: Usage;
  readonly events: ServerEmitter;
}

/** Serves a WebSocket that speaks graphql-transport-ws. */
export type WebSocketHandler = (socket: WebSocket, request: FastifyRequest) => void;

/**
 * GraphQL over WebSocket: all operations, with the limits, errors and masking of HTTP. The socket is closed with
 *
 * - 1001 when the gateway stops. The reason says when to come back
 * - 1008 by a message that has not come within the time of a request
 * - 1009 by a message over {@link MAX_BODY_BYTES}, over `bodyValues`, or before `connection_ack` over `connectionInit`
 * - 1013 when the client leaves `socketUnread` unread or does not answer a ping for as long as they are apart
 * - 1007 by a text that is not UTF-8
 * - 44xx by the protocol: no `connection_init` within 3 s, an unknown message or bytes that are no UTF-8, the same id twice
 * - 4403 without a token that is accepted, and once it is not any more. Clients come back with a new one
 * - 1013 when the keys that tokens are verified with cannot be had
 * - 4406 when the client offers no subprotocol that is spoken here
 *
 * @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
 */
export function createWebSocketHandler(options: WebSocketOptions): WebSocketHandler {
  const { admissions, executor, connections, usage, events } = options;
  const server = makeServer<Record<string, unknown>, Connection>(serverOptions(options));
  const arrivals = createArrivals();

  /** @returns what has to be told that it has closed */
  function open(protocol: string, connection: Connection): (code: number, reason: string) => Promise<void> {
    if (protocol !== LEGACY_PROTOCOL)
      return server.opened(protocolSocket(protocol, connection, events), connection);
    refuseLegacyProtocol(connection.counted, connection.request.id);
    return () => Promise.resolve();
  }

  return (socket, request) => {
    const admission = admissions.of(request.raw);
    const { client } = admission;
    admission.source = 'upgraded';
    const startedAt = performance.now();
    const operations = new SocketOperations();
    const counted = new CountedSocket(socket, {
      usage,
      arrivals,
      clientKey: client.key,
      keepAliveMs: connections.limits.keepAliveMs,
      transport: request.raw.socket,
    });
    const connection: Connection = {
      request,
      client,
      counted,
      arriving: undefined,
      operations,
      isOverLimitLogged: false,
    };
    const stop = () => counted.close(1001, `Going away; reconnect in ${String(reconnectAfterMs())} ms`);
    const opened = open(socket.protocol, connection);
    const forget = onAbort(connections.stopping, stop);
    socket.once('close', (code: number, reason: Buffer) => {
      forget();
      operations.endAll(() => executor.slices.next(connection.client.key));
      const end = counted.closing ?? { code, reason: reason.toString() };
      void opened(end.code, end.reason);
      const durationMs = Math.round(performance.now() - startedAt);
      request.log.info({ ...end, durationMs }, 'websocket closed');
    });
  };
}

/** The socket as graphql-ws wants it. */
function protocolSocket(protocol: string, connection: Connection, events: ServerEmitter): ProtocolSocket {
  const { counted, operations, request } = connection;
  return {
    protocol,
    send: (data) => counted.send(data),
    close: (code, reason) => counted.close(code ?? 1000, reason ?? ''),
    onPing: (payload) => counted.send(JSON.stringify({ type: 'pong', ...(isSmall(payload) && { payload }) })),
    onMessage: (receive) =>
      counted.onMessage((text, message) => {
        // It gets to `onSubscribe` before anything else comes.
        connection.arriving = message;
        return operations.settled(receive(text)).catch((error: unknown) => {
          events.emit('unexpectedError', error, 'websocket', request.id);
          counted.close(4500, 'Internal server error');
        });
      }),
  };
}

/** Whether a payload has so few values that it can be written again. There may be none. */
function isSmall(payload: unknown): boolean {
  const pending: unknown[] = [payload];
  for (let count = 0; pending.length > 0; count += 1) {
    if (count > pongValues.max) return false;
    const value = pending.pop();
    if (typeof value !== 'object' || value === null) continue;
    for (const item of Object.values(value)) pending.push(item);
  }
  return true;
}

/** The results are ready to be sent, so graphql-ws has nothing to execute or to format. */
function serverOptions(options: WebSocketOptions): ServerOptions<Record<string, unknown>, Connection> {
  const { admissions, identity, rateLimit, executor, events } = options;
  const refuse = (refusal: Omit<Refusal, 'status'>) => {
    events.emit('errorTold', refusal);
    return refused(refusal);
  };
  return {
    async onConnect(context) {
      const { extra, connectionParams } = context;
      // Nobody needs the rest of the payload of `connection_init`.
      delete (context as { connectionParams?: unknown }).connectionParams;
      if (identity !== undefined && !(await authenticate(extra, identity, connectionParams))) return false;
      extra.counted.isAcknowledged = true;
      return true;
    },
    async onSubscribe({ extra, subscriptions }, id, payload) {
      const { request, arriving } = extra;
      const refusal = refuseOperation(id, Object.keys(subscriptions).length, extra);
      if (refusal !== undefined) return refuse(refusal);
      const requestId = randomUUID();
      const { client } = extra;
      const { traceparent } = admissions.of(request.raw);
      const { signal, unlessLeft, streamUnlessLeft } = extra.operations.begin(id, subscriptions);
      const begun = rateLimit?.begin(client);
      const charge = begun instanceof Promise ? await unlessLeft(begun) : begun;
      if (charge?.refusal !== undefined) return refuse(refusalOfRate(charge.refusal, {}));
      const operation = {
        requestId,
        client,
        traceparent,
        charge,
        connection: extra.counted,
        disconnected: signal,
        acceptsSubscriptions: true,
      };
      const running = executor.run(operation, async (context) => {
        const executing = executor.execute({ ...payload }, context);
        // graphql-ws keeps the message for as long as the operation lasts.
        Object.assign(payload, { query: '', operationName: null, variables: null, extensions: null });
        try {
          return await executing;
        } finally {
          arriving?.release();
          logOperation(request, requestId, context.record);
        }
      });
      const result = await unlessLeft(running.catch((error: unknown) => failed(error, operation, events)));
      if (!isStream(result) && result.data === undefined)
        return (result.errors ?? []).map((error) => new FormattedError(error));
      return {
        schema: executor.schema,
        document: ANY_DOCUMENT,
        contextValue: isStream(result) ? streamUnlessLeft(result) : result,
      };
    },
    // oxlint-disable-next-line no-unsafe-type-assertion -- `onSubscribe` put it there
    execute: ({ contextValue }) => contextValue as OperationResult,
    // oxlint-disable-next-line no-unsafe-type-assertion -- its errors have been formatted
    onNext: (_context, _id, _payload, _args, result) => result as FormattedExecutionResult,
  };
}

/** The result of an operation that has failed. That costs this operation alone. */
function failed(
  error: unknown,
  { requestId, disconnected }: OperationRequest,
  events: ServerEmitter,
): FormattedExecutionResult {
  if (!disconnected.aborted) {
    events.emit('unexpectedError', error, 'websocket', requestId);
    events.emit('errorTold', { code: 'INTERNAL_SERVER_ERROR' });
  }
  return errorBody(requestId, 'INTERNAL_SERVER_ERROR', 'Internal server error');
}

/**
 * Finds out who a connection is, or closes it. It is closed once its token ends.
 *
 * @returns whether it has a token that is accepted
 */
async function authenticate(
  connection: Connection,
  identity: Identity,
  sent: Readonly<Record<string, unknown>> | undefined,
): Promise<boolean> {
  const { request, counted } = connection;
  const { authorization } = request.raw.headers;
  const found = await identity.clientOfSocket(connection.client, authorization, tokenIn(sent));
  if ('status' in found) {
    counted.close(found.status === 401 ? 4403 : 1013, `${found.code}: ${found.message}`);
    return false;
  }
  connection.client = found;
  const { code, message } = TOKEN_ENDED;
  counted.onClosed(onTokenEnd(found, () => counted.close(4403, `${code}: ${message}`)));
  return true;
}

/** Clients differ in how they write the name. */
function tokenIn(sent: Readonly<Record<string, unknown>> = {}): unknown {
  const name = Object.keys(sent).find((key) => key.toLowerCase() === 'authorization');
  return name === undefined ? undefined : sent[name];
}

/** A WebSocket has no access log, so each of its operations has a line of its own. */
function logOperation({ id, server }: FastifyRequest, requestId: string, record: OperationRecord): void {
  const { operationName, traceId, calls } = record;
  const line = {
    requestId,
    ...(traceId !== undefined && { traceId }),
    connectionId: id,
    operationName,
    receipt: receiptOf(record),
    calls: calls.slice(0, MAX_CALLS_LOGGED),
  };
  server.log.info(line, isSubscription(record) ? 'subscribed' : 'answered');
}

/** graphql-ws wants a document with an operation, although nothing executes it. */
const ANY_DOCUMENT = parse('{ __typename }');

/** An error that is formatted already. */
class FormattedError extends GraphQLError {
  readonly #formatted: GraphQLFormattedError;

  constructor(formatted: GraphQLFormattedError) {
    super(formatted.message);
    this.#formatted = formatted;
  }

  override toJSON(): GraphQLFormattedError {
    return this.#formatted;
  }
}

/** Refuses an operation by what its client has under way, before it is looked at. */
function refuseOperation(
  id: string,
  operations: number,
  connection: Connection,
): Omit<Refusal, 'status'> | undefined {
  const { request, arriving } = connection;
  if (id.length > operationId.max) {
    const limit = String(operationId.max);
    return { code: 'BAD_REQUEST', message: `The id of an operation has at most ${limit} characters` };
  }
  if (operations > socketOperations.max) {
    if (!connection.isOverLimitLogged) request.log.warn('websocket: too many operations at once');
    connection.isOverLimitLogged = true;
    const message = `The WebSocket has ${String(socketOperations.max)} operations under way, which is its limit`;
    return { code: 'RATE_LIMITED', message, policy: 'socketOperations' };
  }
  if (arriving?.excess === 'client')
    return { code: 'RATE_LIMITED', message: 'Your messages under way are too large', policy: 'clientHeld' };
  if (arriving?.excess === 'gateway')
    return { code: 'OVERLOADED', message: 'The gateway has as much under way as it can hold' };
  return undefined;
}

function refused(refusal: Omit<Refusal, 'status'>): GraphQLError[] {
  const { errors } = errorBody(randomUUID(), refusal.code, refusal.message, refusal);
  return errors.map((error) => new FormattedError(error));
}
