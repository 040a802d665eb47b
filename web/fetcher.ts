import { createGraphiQLFetcher, type Fetcher } from '@graphiql/toolkit';
import { getOperationAST, GraphQLError, parse, type DocumentNode } from 'graphql';
import type { Client } from 'graphql-ws';
import { GRAPHQL_URL } from './root.ts';
import { introspect, INTROSPECTION_NAME } from './schema.ts';
import { createSocket, type Socket } from './socket.ts';

/** The socket is closed with this code when it has no token that is accepted, or not any more. */
const FORBIDDEN = 4403;

/** One for each set of headers in the headers editor, such as `authorization`. They go into `connection_init`. */
const sockets = new Map<string, Socket>();
const listeners = new Set<() => void>();

/**
 * Sends the document in the editor. GraphiQL parses a new document with a short delay. Until then it would send the
 * operation name of the previous tab, and it would send a subscription over HTTP.
 */
export const fetcher: Fetcher = (params, options = {}) => {
  if (params.operationName === INTROSPECTION_NAME) return introspect(params.query);
  const send = createGraphiQLFetcher({
    url: GRAPHQL_URL,
    wsClient: showRefusals(socketWith(options.headers)),
    // The `extensions` of the response then say what it cost upstream.
    headers: { 'x-upstream-receipt': '1' },
    enableIncrementalDelivery: false,
  });
  const document = read(params.query);
  if (!document) return send(params, options);
  const operation = getOperationAST(document, params.operationName) ?? getOperationAST(document);
  const operationName = operation?.name?.value ?? null;
  return send({ ...params, operationName }, { ...options, documentAST: document });
};

/** Whether a subscription waits for its connection, so that what the page shows may be old. */
export function isReconnecting(): boolean {
  return [...sockets.values()].some((socket) => socket.connection() === 'lost');
}

/** Calls back when a connection changes, until the returned function is called. */
export function onConnection(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function socketWith(headers: Readonly<Record<string, string>> = {}): Socket {
  const key = JSON.stringify(headers);
  const socket = sockets.get(key) ?? createSocket(GRAPHQL_URL, headers);
  if (!sockets.has(key)) socket.onConnection(() => listeners.forEach((listener) => listener()));
  sockets.set(key, socket);
  return socket;
}

/** Shows a token that is not accepted as HTTP does: as a response with an error. */
function showRefusals(socket: Socket): Client {
  return {
    ...socket,
    subscribe: (payload, sink) =>
      socket.subscribe(payload, {
        ...sink,
        error(error) {
          if (!(error instanceof CloseEvent && error.code === FORBIDDEN)) return sink.error(error);
          const [code = '', ...message] = error.reason.split(': ');
          sink.next({ errors: [new GraphQLError(message.join(': '), { extensions: { code } }).toJSON()] });
          sink.complete();
        },
      }),
  };
}

/** `undefined` when the document does not parse. The gateway then returns the error. */
function read(query: string): DocumentNode | undefined {
  try {
    return parse(query);
  } catch (error) {
    if (error instanceof GraphQLError) return undefined;
    throw error;
  }
}
