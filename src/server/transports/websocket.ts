import { randomUUID } from 'node:crypto';
import websocket, { type WebSocket } from '@fastify/websocket';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GraphQLError, parse, type FormattedExecutionResult, type GraphQLFormattedError } from 'graphql';
import { handleProtocols, makeServer, type OperationResult, type ServerOptions } from 'graphql-ws';
import { onAbort } from '../../abort.ts';
import { errorBody } from '../errors/error-body.ts';
import type { ServerEmitter } from '../events.ts';
import type { Executor } from '../graphql/executor.ts';
import { isSubscription, type OperationRecord } from '../graphql/record.ts';
import { receiptOf } from '../graphql/receipt.ts';
import { isStream } from '../graphql/subscription.ts';
import { MAX_CALLS_LOGGED } from '../http/access-log.ts';
import type { Admissions } from '../http/admission.ts';
import { MAX_BODY_BYTES } from '../http/error-responses.ts';
import { reconnectAfterMs, type Connections } from './connections.ts';
import { SocketOperations } from './socket-operations.ts';

/** The most operations at once on one WebSocket. */
export const MAX_OPERATIONS = 100;

/** How much a client may leave unread before its socket is closed, in bytes. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;

/** How long a client has to close its side, in milliseconds. */
const CLOSE_TIMEOUT_MS = 1000;

/** What the operations of one WebSocket share. */
interface Connection {
  readonly request: FastifyRequest;
  readonly operations: SocketOperations;
  isOverLimitLogged: boolean;
}

/** Lets routes take WebSockets. Hooks that are added before would not know an upgrade from other requests. */
export async function acceptWebSockets(app: FastifyInstance): Promise<void> {
  await app.register(websocket, {
    options: { maxPayload: MAX_BODY_BYTES, handleProtocols },
    // Sockets are closed when the gateway begins to stop.
    preClose: (done) => done(),
    errorHandler: (error, socket, request) => {
      request.log.info({ err: error }, 'websocket failed');
      socket.terminate();
    },
  });
}

export interface WebSocketOptions {
  readonly admissions: Admissions;
  readonly executor: Executor;
  readonly connections: Connections;
  readonly events: ServerEmitter;
}

/** Serves a WebSocket that speaks graphql-transport-ws. */
export type WebSocketHandler = (socket: WebSocket, request: FastifyRequest) => void;

/**
 * GraphQL over WebSocket: all operations, with the limits, errors and masking of HTTP. The socket is closed with
 *
 * - 1001 when the gateway stops. The reason says when to come back
 * - 1009 by a message over {@link MAX_BODY_BYTES}
 * - 1013 when the client leaves {@link MAX_UNREAD_BYTES} unread or does not answer a ping for as long as they are apart
 * - 44xx by the protocol: no `connection_init` within 3 s, an unknown message, the same id twice
 *
 * @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
 */
export function createWebSocketHandler(options: WebSocketOptions): WebSocketHandler {
  const { admissions, connections, events } = options;
  const server = makeServer<Record<string, unknown>, Connection>(serverOptions(options));
  return (socket, request) => {
    admissions.of(request.raw).source = 'upgraded';
    const startedAt = performance.now();
    const operations = new SocketOperations();
    const connection: Connection = { request, operations, isOverLimitLogged: false };
    const stopPinging = keepAlive(socket, connections.limits.keepAliveMs);
    const stop = () => close(socket, 1001, `Going away; reconnect in ${String(reconnectAfterMs())} ms`);
    const opened = server.opened(
      {
        protocol: socket.protocol,
        send: (data) => send(socket, data),
        close: (code, reason) => close(socket, code ?? 1000, reason ?? ''),
        onMessage: (receive) =>
          void socket.on('message', (data: Buffer) => {
            operations.settled(receive(data.toString())).catch((error: unknown) => {
              events.emit('unexpectedError', error, 'websocket', request.id);
              close(socket, 4500, 'Internal server error');
            });
          }),
      },
      connection,
    );
    const forget = onAbort(connections.stopping, stop);
    socket.once('close', (code: number, reason: Buffer) => {
      forget();
      stopPinging();
      operations.endAll();
      const end = closings.get(socket) ?? { code, reason: reason.toString() };
      void opened(end.code, end.reason);
      const durationMs = Math.round(performance.now() - startedAt);
      request.log.info({ ...end, durationMs }, 'websocket closed');
    });
  };
}

/** The results are ready to be sent, so graphql-ws has nothing to execute or to format. */
function serverOptions({
  admissions,
  executor,
}: WebSocketOptions): ServerOptions<Record<string, unknown>, Connection> {
  return {
    async onSubscribe({ extra, subscriptions }, id, payload) {
      const { request } = extra;
      if (Object.keys(subscriptions).length > MAX_OPERATIONS) {
        if (!extra.isOverLimitLogged) request.log.warn('websocket: too many operations at once');
        extra.isOverLimitLogged = true;
        return tooManyOperations();
      }
      const requestId = randomUUID();
      const { client } = admissions.of(request.raw);
      const { signal, unlessLeft, streamUnlessLeft } = extra.operations.begin(id, subscriptions);
      const operation = { requestId, client, disconnected: signal, acceptsSubscriptions: true };
      const running = executor.run(operation, async (context) => {
        const executing = executor.execute({ ...payload }, context);
        // graphql-ws keeps the message for as long as the operation lasts.
        Object.assign(payload, { query: '', variables: null, extensions: null });
        try {
          return await executing;
        } finally {
          logOperation(request, requestId, context.record);
        }
      });
      const result = await unlessLeft(running);
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

/** A WebSocket has no access log, so each of its operations has a line of its own. */
function logOperation({ id, server }: FastifyRequest, requestId: string, record: OperationRecord): void {
  const { operationName, calls } = record;
  const line = {
    requestId,
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

function tooManyOperations(): GraphQLError[] {
  const message = `The WebSocket has ${String(MAX_OPERATIONS)} operations under way, which is its limit`;
  return errorBody(randomUUID(), 'OVERLOADED', message).errors.map((error) => new FormattedError(error));
}

/** Resolves when the system has taken the message, so that a slow client only delays its own events. */
async function send(socket: WebSocket, data: string): Promise<void> {
  if (socket.readyState !== socket.OPEN) return;
  if (socket.bufferedAmount > MAX_UNREAD_BYTES) {
    close(socket, 1013, 'The client reads too slowly');
    return;
  }
  // A connection that fails meanwhile is closed. That ends its operations.
  await new Promise<void>((resolve) => socket.send(data, () => resolve()));
}

/** Why sockets were closed from this side. The close event of a socket that had to be cut does not say it. */
const closings = new WeakMap<WebSocket, { readonly code: number; readonly reason: string }>();

/** A client that reads nothing sees no close frame either, so its connection is cut after a while. */
function close(socket: WebSocket, code: number, reason: string): void {
  if (socket.readyState !== socket.OPEN) return;
  closings.set(socket, { code, reason });
  socket.close(code, reason);
  const cut = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS);
  socket.once('close', () => clearTimeout(cut));
}

/** Pings, so that nothing in between takes the connection for idle, and a dead connection is found. */
function keepAlive(socket: WebSocket, intervalMs: number): () => void {
  let isAnswered = true;
  socket.on('pong', () => (isAnswered = true));
  socket.on('ping', () => {
    if (socket.bufferedAmount > MAX_UNREAD_BYTES) close(socket, 1013, 'The client reads too slowly');
  });
  const timer = setInterval(() => {
    if (socket.readyState !== socket.OPEN) return;
    if (!isAnswered) return close(socket, 1013, 'The client does not answer');
    isAnswered = false;
    socket.ping();
  }, intervalMs);
  return () => clearInterval(timer);
}
