import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Client } from '../client.ts';
import type { RequestEnd, RequestStart, ServerEmitter } from '../events.ts';
import type { OperationRecord } from '../graphql/record.ts';
import type { Refusal, RequestCheck } from './checks.ts';
import type { ClientOf } from './client.ts';
import { requestIdOf } from './request-id.ts';
import { normalizeTarget } from './target.ts';
import { pathOf } from './url.ts';

/** What is decided about a request before anything else, and who answers it. */
export interface Admission extends RequestStart {
  readonly requestId: string;
  readonly client: Client;
  /** When it was decided, by `performance.now()`. */
  readonly startedAt: number;
  /** `undefined`: the request may go on. */
  readonly refusal: Refusal | undefined;
  /** Whether its start has been told of. */
  isStarted: boolean;
  /** Whoever answers the request says so here. */
  source: RequestEnd['source'];
  /** The operation, once a route executes one. */
  operation: OperationRecord | null;
}

/** Decides about requests, and tells of their start and their end. */
export interface Admissions {
  /** The decision about a request. It is made at the first call. Later calls give the same one. */
  of(request: IncomingMessage): Admission;
  /**
   * Tells of the start of a request. Its end is told of when it has been answered, see {@link answered}, or when its
   * connection has closed. Only the first call for a request does anything.
   */
  start(request: IncomingMessage, response: ServerResponse): Admission;
  /** Tells of the end of a request as soon as the system has taken its whole response, or its connection has closed. */
  answered(request: IncomingMessage, response: ServerResponse): void;
}

const ADMISSION = Symbol('admission');
const UNANSWERED = Symbol('unanswered');

interface AdmittedRequest extends IncomingMessage {
  [ADMISSION]?: Admission;
}

/** The requests of one connection that have not ended. */
type Unanswered = Map<Admission, ServerResponse>;

interface Connection extends Socket {
  [UNANSWERED]?: Unanswered;
}

export function createAdmissions(
  checks: Readonly<Record<string, RequestCheck>>,
  clientOf: ClientOf,
  events: ServerEmitter,
): Admissions {
  const list = Object.values(checks);
  const follower = createFollower(events);

  function refusalOf(request: IncomingMessage, client: Client): Refusal | undefined {
    for (const check of list) {
      const refusal = check(request, client);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  function of(request: AdmittedRequest): Admission {
    const decided = request[ADMISSION];
    if (decided !== undefined) return decided;
    normalizeTarget(request);
    const client = clientOf(request);
    return (request[ADMISSION] = {
      requestId: requestIdOf(request.headers),
      client,
      method: request.method ?? '',
      path: pathOf(request.url ?? ''),
      startedAt: performance.now(),
      refusal: refusalOf(request, client),
      isStarted: false,
      source: 'executed',
      operation: null,
    });
  }

  return {
    of,
    start(request, response) {
      const admission = of(request);
      if (admission.isStarted) return admission;
      admission.isStarted = true;
      follower.begin(admission, request.socket, response);
      return admission;
    },
    answered: (request, response) => follower.answered(of(request), request.socket, response),
  };
}

/** Tells of each request once when it begins, and once when it ends. */
function createFollower(events: ServerEmitter) {
  function end(unanswered: Unanswered, admission: Admission, isComplete: boolean): void {
    const response = unanswered.get(admission);
    if (response === undefined) return;
    unanswered.delete(admission);
    const { startedAt, source, operation } = admission;
    const status = source === 'upgraded' ? 101 : response.statusCode;
    const durationMs = performance.now() - startedAt;
    events.emit('requestEnd', admission, { status, durationMs, source, isComplete, operation });
  }

  /** One listener for each connection, as one for each response would cost a tenth of a response from memory. */
  function unansweredOf(socket: Connection): Unanswered {
    if (socket[UNANSWERED] !== undefined) return socket[UNANSWERED];
    const unanswered: Unanswered = new Map();
    socket[UNANSWERED] = unanswered;
    socket.once('close', () => {
      for (const [admission, { writableFinished }] of unanswered)
        end(unanswered, admission, writableFinished);
    });
    return unanswered;
  }

  return {
    begin(admission: Admission, socket: Socket, response: ServerResponse): void {
      unansweredOf(socket).set(admission, response);
      events.emit('requestStart', admission);
    },
    answered(admission: Admission, socket: Socket, response: ServerResponse): void {
      const unanswered = unansweredOf(socket);
      if (response.writableEnded && response.socket?.writableLength === 0) end(unanswered, admission, true);
      else response.once('close', () => end(unanswered, admission, response.writableFinished));
    },
  };
}
