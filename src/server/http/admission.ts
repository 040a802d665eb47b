import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Client } from '../client.ts';
import type { RequestEnd, RequestStart, ServerEmitter } from '../events.ts';
import type { OperationRecord } from '../graphql/record.ts';
import type { Refusal, RequestCheck } from './checks.ts';
import { clientOf } from './client.ts';
import { requestIdOf } from './request-id.ts';
import { pathOf } from './url.ts';

/** What is decided about a request before anything else, and who answers it. */
export interface Admission extends RequestStart {
  readonly requestId: string;
  readonly client: Client;
  /** When it was decided, by `performance.now()`. */
  readonly startedAt: number;
  /** `undefined`: the request may go on. */
  readonly refusal: Refusal | undefined;
  /** Whoever answers the request says so here. */
  source: RequestEnd['source'];
  /** The operation, once a route executes one. */
  operation: OperationRecord | null;
}

/** Decides about requests. */
export interface Admissions {
  /** The decision about a request. It is made at the first call. Later calls give the same one. */
  of(request: IncomingMessage): Admission;
  /**
   * Tells of the start of a request now, and of its end once its response has closed, however that comes about. Only the
   * first call for a request does anything.
   */
  track(request: IncomingMessage, response: ServerResponse): Admission;
}

const ADMISSION = Symbol('admission');
const TRACKED = Symbol('tracked');

interface AdmittedRequest extends IncomingMessage {
  [ADMISSION]?: Admission;
  [TRACKED]?: true;
}

export function createAdmissions(
  checks: Readonly<Record<string, RequestCheck>>,
  events: ServerEmitter,
): Admissions {
  const list = Object.values(checks);

  function refusalOf(request: IncomingMessage): Refusal | undefined {
    for (const check of list) {
      const refusal = check(request);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  function of(request: AdmittedRequest): Admission {
    return (request[ADMISSION] ??= {
      requestId: requestIdOf(request.headers),
      client: clientOf(request),
      method: request.method ?? '',
      path: pathOf(request.url ?? ''),
      startedAt: performance.now(),
      refusal: refusalOf(request),
      source: 'executed',
      operation: null,
    });
  }

  return {
    of,
    track(request: AdmittedRequest, response) {
      const admission = of(request);
      if (request[TRACKED]) return admission;
      request[TRACKED] = true;
      events.emit('requestStart', admission);
      response.once('close', () => events.emit('requestEnd', admission, endOf(admission, response)));
      return admission;
    },
  };
}

function endOf({ startedAt, source, operation }: Admission, response: ServerResponse): RequestEnd {
  return {
    status: source === 'upgraded' ? 101 : response.statusCode,
    durationMs: performance.now() - startedAt,
    source,
    isComplete: response.writableFinished,
    operation,
  };
}
