import type { EventEmitter } from 'node:events';
import type { Client } from './client.ts';
import type { ErrorCode } from './errors/catalogue.ts';
import type { OperationRecord } from './graphql/record.ts';

/** One HTTP request. The same object is in its start event and in its end event. */
export interface RequestStart {
  readonly requestId: string;
  readonly client: Client;
  readonly method: string;
  /** Without the query string, which can hold a client's data. */
  readonly path: string;
  /** When it came, by `performance.now()`. */
  readonly startedAt: number;
  /** The header of this name, before it is checked. */
  readonly traceparent: string | undefined;
  /** The trace that records it. Whoever records it says so here. */
  recordedTraceId?: string | undefined;
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
  /** What the response cache answered with, if it did. */
  readonly cached: CachedAnswer | null;
  /** Why the request was refused below GraphQL. */
  readonly refusal: ToldError | undefined;
}

/** A response from memory. */
export interface CachedAnswer {
  readonly operationName: string | null;
  /** The length of its body as it is sent, in bytes. 0: the client has it. */
  bytes: number;
}

/** An error that a client is told. */
export interface ToldError {
  readonly code: ErrorCode;
  /** The bound that the client is at, with RATE_LIMITED. */
  readonly policy?: string | undefined;
}

/** One GraphQL operation that is executed. The same object is in its start event and in its end event. */
export interface OperationStart {
  readonly requestId: string;
  readonly client: Client;
  /** When its turn came, by `performance.now()`. */
  readonly startedAt: number;
  /** The request that it is all of. An operation on a WebSocket has none. */
  readonly request?: RequestStart | undefined;
  /** The header of its request, or of the upgrade to a WebSocket, before it is checked. */
  readonly traceparent?: string | undefined;
  /** The trace that it belongs to, for the log and the response. Whoever traces it says so here. */
  traceId?: string | undefined;
}

/** One live connection: a WebSocket, or a response that is an event stream. */
export interface StreamStart {
  readonly client: Client;
  readonly transport: StreamTransport;
}

/** How a live connection is spoken on. */
export type StreamTransport = 'websocket' | 'event-stream' | 'multipart';

/** One subscription that has begun. The same object is in all of its events. */
export interface SubscriptionStart {
  readonly client: Client;
}

/** A state that a subscriber is told. It is the same object for all of them. */
export interface ToldJob {
  /** RFC 3339. */
  readonly observedAt: string;
}

/** What the server does, as it happens. Listeners run at once, so they must neither wait nor throw. */
export interface ServerEvents {
  requestStart: [request: RequestStart];
  requestEnd: [request: RequestStart, end: RequestEnd];
  operationStart: [operation: OperationStart];
  operationEnd: [operation: OperationStart, record: OperationRecord];
  /** A submission has ended. `jobId` is `null` when ICE has accepted no job, or did not say so. */
  submissionEnd: [
    operation: Pick<OperationStart, 'requestId' | 'client'>,
    jobId: string | null,
    error?: unknown,
  ];
  streamStart: [stream: StreamStart];
  streamEnd: [stream: StreamStart];
  subscriptionStart: [subscription: SubscriptionStart];
  /** A state of a job was handed to the transport. */
  subscriptionEvent: [subscription: SubscriptionStart, job: ToldJob];
  subscriptionEnd: [subscription: SubscriptionStart];
  /** A client is told an error of an operation, or why its connection or its message was refused. */
  errorTold: [error: ToldError];
  /** ICE has accepted a signed call, so the gateway can serve. */
  ready: [];
  /** An issuer of tokens has so many keys, which are others than before. */
  issuerKeys: [issuer: string, keys: number];
  /** An issuer gave no new keys. The present ones stay in use, if there are any. */
  issuerFailure: [issuer: string, reason: string, hasKeys: boolean];
  /** The gateway itself has a fault. It goes on. */
  unexpectedError: [error: unknown, where: string, requestId?: string];
}

export type ServerEmitter = EventEmitter<ServerEvents>;
