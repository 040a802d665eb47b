import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Client } from '../client.ts';
import type { RequestEnd, RequestStart, ServerEmitter, ToldError } from '../events.ts';
import type { OperationRecord } from '../graphql/record.ts';
import type { RequestCheck } from './checks.ts';
import type { Refusal } from './refusal.ts';
import type { ClientOf } from './client.ts';
import { onEnd } from './counted-connection.ts';
import { requestIdOf } from './request-id.ts';
import { normalizeTarget, type NormalizeTarget } from './target.ts';
import { pathOf } from './url.ts';

/** What is decided about a request before anything else, and who answers it. */
export interface Admission extends RequestStart {
  readonly requestId: string;
  readonly client: Client;
  /** `undefined`: the request may go on. */
  readonly refusal: Refusal | undefined;
  /** Whether its start has been told of. */
  isStarted: boolean;
  /** Whoever answers the request says so here. */
  source: RequestEnd['source'];
  /** The operation, once a route executes one. */
  operation: OperationRecord | null;
  /** What the response cache answers with. */
  cached: RequestEnd['cached'];
  /** What a route refuses it with. */
  refusedBy: ToldError | undefined;
}

/** Decides about requests, and tells of their start and their end. */
export interface Admissions {
  /** The target of a request is in its one form once its decision is made. This is for what has to know it before. */
  readonly normalizeTarget: NormalizeTarget;
  /**
   * Reads who sends a request, where that has to be read. It comes ahead of the decision.
   *
   * @returns what resolves when that is done. `undefined`: it is
   */
  readonly identify: (request: IncomingMessage) => Promise<void> | undefined;
  /** The decision about a request. It is made at the first call. Later calls give the same one. */
  of(request: IncomingMessage): Admission;
  /**
   * Tells of the start of a request now, and of its end once its response has closed, however that comes about. Only the
   * first call for a request does anything.
   */
  start(request: IncomingMessage, response: ServerResponse): Admission;
}

const ADMISSION = Symbol('admission');

interface AdmittedRequest extends IncomingMessage {
  [ADMISSION]?: Admission;
}

export function createAdmissions(
  checks: Readonly<Record<string, RequestCheck>>,
  clientOf: ClientOf,
  events: ServerEmitter,
  normalize: NormalizeTarget = normalizeTarget,
  identify: Admissions['identify'] = () => undefined,
): Admissions {
  const list = Object.values(checks);

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
    normalize(request);
    const client = clientOf(request);
    return (request[ADMISSION] = {
      requestId: requestIdOf(request.headers),
      client,
      method: request.method ?? '',
      path: pathOf(request.url ?? ''),
      startedAt: performance.now(),
      traceparent: traceparentOf(request),
      refusal: refusalOf(request, client),
      isStarted: false,
      source: 'executed',
      operation: null,
      cached: null,
      refusedBy: undefined,
    });
  }

  function tellEnd(response: ServerResponse): void {
    const admission = of(response.req);
    events.emit('requestEnd', admission, endOf(admission, response));
  }

  return {
    normalizeTarget: normalize,
    identify,
    of,
    start(request, response) {
      const admission = of(request);
      if (admission.isStarted) return admission;
      admission.isStarted = true;
      events.emit('requestStart', admission);
      onEnd(response, tellEnd);
      return admission;
    },
  };
}

/** Node joins repeats to a text that is no valid value. */
function traceparentOf({ headers: { traceparent } }: IncomingMessage): string | undefined {
  return typeof traceparent === 'string' ? traceparent : undefined;
}

/** Says what a request is refused with, for those who are told of its end. */
export function noteRefusal(request: AdmittedRequest, error: ToldError): void {
  const admission = request[ADMISSION];
  if (admission !== undefined) admission.refusedBy = error;
}

function endOf(
  { startedAt, source, operation, cached, refusal, refusedBy }: Admission,
  response: ServerResponse,
): RequestEnd {
  return {
    status: source === 'upgraded' ? 101 : response.statusCode,
    durationMs: performance.now() - startedAt,
    source,
    isComplete: response.writableFinished,
    operation,
    cached,
    refusal: refusedBy ?? refusal,
  };
}
