import { randomUUID } from 'node:crypto';
import type { WebSocket } from '@fastify/websocket';
import type { FastifyRequest } from 'fastify';
import { GraphQLError, parse, type FormattedExecutionResult, type GraphQLFormattedError } from 'graphql';
import { makeServer, type OperationResult, type ServerOptions } from 'graphql-ws';
import { errorBody } from './errors.ts';
import type { OperationRunner } from './runner.ts';
import { reconnectAfterMs, type Streams } from './streams.ts';
import { isStream } from './subscription.ts';

/** Most operations at once on one WebSocket. */
export const MAX_OPERATIONS = 100;

/** The largest message a client may send, in bytes: as large as a request body. */
export const MAX_MESSAGE_BYTES = 256 * 1024;

/** How much may wait for a client to read it, in bytes, before it is cut off. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;

/** How long a client has to close its side, in milliseconds. */
const CLOSING_MS = 1000;

/** What the operations of one WebSocket share. */
interface Connection {
  readonly request: FastifyRequest;
  /** Aborts when the socket has closed. */
  readonly gone: AbortSignal;
  isOverLimitLogged: boolean;
}

/** Serves a WebSocket that speaks graphql-transport-ws. */
export type WebSocketHandler = (socket: WebSocket, request: FastifyRequest) => void;

/**
 * GraphQL over WebSocket: all operations, with the limits, errors and masking of HTTP. The socket is closed with
 *
 * - 1001 when the gateway stops; the reason says when to come back
 * - 1009 by a message over {@link MAX_MESSAGE_BYTES}
 * - 1013 when the client leaves {@link MAX_UNREAD_BYTES} unread or does not answer a ping for as long as they are apart
 * - 44xx as the protocol has it: no `connection_init` within 3 s, no such message, the same id twice
 *
 * @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
 */
export function createWebSocketHandler(runner: OperationRunner, streams: Streams): WebSocketHandler {
  const server = makeServer<Record<string, unknown>, Connection>(serverOptions(runner));
  return (socket, request) => {
    const startedAt = performance.now();
    const controller = new AbortController();
    const connection: Connection = { request, gone: controller.signal, isOverLimitLogged: false };
    const stopPinging = keepAlive(socket, streams.limits.keepAliveMs);
    const stop = () => close(socket, 1001, `Going away; reconnect in ${String(reconnectAfterMs())} ms`);
    const opened = server.opened(
      {
        protocol: socket.protocol,
        send: (data) => send(socket, data),
        close: (code, reason) => close(socket, code ?? 1000, reason ?? ''),
        onMessage: (receive) =>
          void socket.on('message', (data: Buffer) => {
            receive(data.toString()).catch((err: unknown) => {
              request.log.error({ err }, 'bug');
              close(socket, 4500, 'Internal server error');
            });
          }),
      },
      connection,
    );
    streams.stopping.addEventListener('abort', stop, { once: true });
    if (streams.stopping.aborted) stop();
    socket.once('close', (code: number, reason: Buffer) => {
      streams.stopping.removeEventListener('abort', stop);
      stopPinging();
      controller.abort();
      const end = closings.get(socket) ?? { code, reason: reason.toString() };
      void opened(end.code, end.reason);
      const durationMs = Math.round(performance.now() - startedAt);
      request.log.info({ ...end, durationMs }, 'websocket closed');
    });
  };
}

/** Results come ready to be sent, so graphql-ws has nothing to execute or to format. */
function serverOptions(runner: OperationRunner): ServerOptions<Record<string, unknown>, Connection> {
  return {
    async onSubscribe({ extra, subscriptions }, _id, payload) {
      const { request, gone } = extra;
      if (Object.keys(subscriptions).length > MAX_OPERATIONS) {
        if (!extra.isOverLimitLogged) request.log.warn('websocket: too many operations at once');
        extra.isOverLimitLogged = true;
        return tooManyOperations();
      }
      const scope = { requestId: randomUUID(), connectionId: request.id, log: request.server.log };
      const result = await runner.run(payload, scope, gone);
      if (!isStream(result) && result.data === undefined)
        return (result.errors ?? []).map((error) => new FormattedError(error));
      return { schema: runner.schema, document: ANY_DOCUMENT, contextValue: result };
    },
    // oxlint-disable-next-line no-unsafe-type-assertion -- put there above
    execute: ({ contextValue }) => contextValue as OperationResult,
    // oxlint-disable-next-line no-unsafe-type-assertion -- its errors have been formatted
    onNext: (_context, _id, _payload, _args, result) => result as FormattedExecutionResult,
  };
}

/** graphql-ws looks for an operation in it. */
const ANY_DOCUMENT = parse('{ __typename }');

/** An error that is sent as it is. */
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

/** Resolves when the system has taken the message, so that a slow client holds its own events up. */
async function send(socket: WebSocket, data: string): Promise<void> {
  if (socket.readyState !== socket.OPEN) return;
  if (socket.bufferedAmount > MAX_UNREAD_BYTES) {
    close(socket, 1013, 'The client reads too slowly');
    return;
  }
  // A connection that fails meanwhile is closed, which ends its operations.
  await new Promise<void>((resolve) => socket.send(data, () => resolve()));
}

/** Why sockets were closed from this side. One that has to be cut tells nothing of it. */
const closings = new WeakMap<WebSocket, { readonly code: number; readonly reason: string }>();

/** A client that reads nothing sees no close frame either, so its connection is cut. */
function close(socket: WebSocket, code: number, reason: string): void {
  if (socket.readyState !== socket.OPEN) return;
  closings.set(socket, { code, reason });
  socket.close(code, reason);
  const cut = setTimeout(() => socket.terminate(), CLOSING_MS);
  socket.once('close', () => clearTimeout(cut));
}

/** Pings, so that nothing on the way takes the connection for idle, and one that is dead is found. */
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
