import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Client } from '../client.ts';
import { DEFAULT_RETRY_AFTER_MS } from '../errors/error-body.ts';
import type { RequestEnd, RequestStart, ServerEmitter, ToldError } from '../events.ts';
import type { OperationRecord } from '../graphql/record.ts';
import type { Charge } from '../rate-limit/rate-limit.ts';
import { acceptedBy } from './accept.ts';
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
  refusal: Refusal | undefined;
  /** What the client is charged for it. `undefined`: nothing. */
  charge: Charge | undefined;
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
   * Charges the client for a request that no check refuses. It is called once, ahead of the response cache. The decision is
   * a refusal after it when the client has used up its limit.
   *
   * @returns what resolves when that is done. `undefined`: it is
   */
  charge(request: IncomingMessage): Promise<void> | undefined;
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

/** What is done to a request besides its checks. */
export interface AdmissionSteps {
  /** @default for targets without a prefix */
  readonly normalize?: NormalizeTarget;
  /** @default nobody is asked */
  readonly identify?: Admissions['identify'] | undefined;
  /** Begins to charge a client for its request. @default it is charged nothing */
  readonly charge?: ChargeRequest | undefined;
}

/** Begins to charge a client for its request. `undefined`: it costs nothing. */
export type ChargeRequest = (
  request: IncomingMessage,
  client: Client,
) => Charge | Promise<Charge> | undefined;

export function createAdmissions(
  checks: Readonly<Record<string, RequestCheck>>,
  clientOf: ClientOf,
  events: ServerEmitter,
  { normalize = normalizeTarget, identify = nothing, charge: begin = nothing }: AdmissionSteps = {},
): Admissions {
  const refusalOf = firstOf(Object.values(checks));

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
      recordedTraceId: undefined,
      refusal: refusalOf(request, client),
      charge: undefined,
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
    charge(request) {
      const admission = of(request);
      const charge = admission.refusal === undefined ? begin(request, admission.client) : undefined;
      if (charge instanceof Promise) return charge.then((later) => noteCharge(admission, later, request));
      if (charge !== undefined) noteCharge(admission, charge, request);
      return undefined;
    },
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

const nothing = () => undefined;

/** The refusal of the first check that has one. */
function firstOf(checks: readonly RequestCheck[]): RequestCheck {
  return (request, client) => {
    for (const check of checks) {
      const refusal = check(request, client);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  };
}

function noteCharge(admission: Admission, charge: Charge, { headers }: IncomingMessage): void {
  admission.charge = charge;
  admission.refusal = charge.refusal && refusalOfRate(charge.refusal, headers);
}

/**
 * The refusal of a client that has used up its limit. One by `application/json` cannot tell a status of ours from one of
 * something in between, so it gets a 200.
 */
export function refusalOfRate(
  { policy, message, retryAfterMs = DEFAULT_RETRY_AFTER_MS }: NonNullable<Charge['refusal']>,
  headers: IncomingHttpHeaders,
): Refusal {
  const status = acceptedBy(headers).json === 'application/json' ? 200 : 429;
  const wait = { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) };
  return { status, code: 'RATE_LIMITED', policy, message, retryAfterMs, headers: wait };
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
