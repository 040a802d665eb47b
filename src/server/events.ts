import type { EventEmitter } from 'node:events';
import type { Client } from './client.ts';
import type { OperationRecord } from './graphql/record.ts';

/** One HTTP request. The same object is in its start event and in its end event. */
export interface RequestStart {
  readonly requestId: string;
  readonly client: Client;
  readonly method: string;
  /** Without the query string, which can hold a client's data. */
  readonly path: string;
}

/** How a request was answered. */
export interface RequestEnd {
  readonly status: number;
  readonly durationMs: number;
  /** `stored` and `prepared`: by the response cache. `executed`: by a route. `upgraded`: it became a WebSocket. */
  readonly source: 'stored' | 'prepared' | 'executed' | 'upgraded';
  /** Whether the client got the whole response. */
  readonly isComplete: boolean;
  /** The operation, if the request had one and a route executed it. */
  readonly operation: OperationRecord | null;
}

/** One GraphQL operation that is executed. The same object is in its start event and in its end event. */
export interface OperationStart {
  readonly requestId: string;
  readonly client: Client;
}

/** One live connection: a WebSocket, or a response that is an event stream. */
export interface StreamStart {
  readonly client: Client;
}

/** What the server does, as it happens. Listeners run at once, so they must neither wait nor throw. */
export interface ServerEvents {
  requestStart: [request: RequestStart];
  requestEnd: [request: RequestStart, end: RequestEnd];
  operationStart: [operation: OperationStart];
  operationEnd: [operation: OperationStart, record: OperationRecord];
  streamStart: [stream: StreamStart];
  streamEnd: [stream: StreamStart];
  /** The gateway itself has a fault. It goes on. */
  unexpectedError: [error: unknown, where: string, requestId?: string];
}

export type ServerEmitter = EventEmitter<ServerEvents>;
