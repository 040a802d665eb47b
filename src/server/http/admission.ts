import type { IncomingMessage } from 'node:http';
import type { Client } from '../client.ts';
import type { RequestStart, ServerEmitter } from '../events.ts';
import type { Refusal, RequestCheck } from './checks.ts';
import { clientOf } from './client.ts';
import { requestIdOf } from './request-id.ts';
import { pathOf } from './url.ts';

/** What is decided about a request before anything else. */
export interface Admission extends RequestStart {
  readonly requestId: string;
  readonly client: Client;
  /** When it was decided, by `performance.now()`. */
  readonly startedAt: number;
  /** `undefined`: the request may go on. */
  readonly refusal: Refusal | undefined;
}

/** Decides about requests. */
export interface Admissions {
  /** The decision about a request. It is made at the first call. Later calls give the same one. */
  of(request: IncomingMessage): Admission;
}

const ADMISSION = Symbol('admission');

interface AdmittedRequest extends IncomingMessage {
  [ADMISSION]?: Admission;
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

  return {
    of(request: AdmittedRequest) {
      const decided = request[ADMISSION];
      if (decided !== undefined) return decided;
      const admission: Admission = {
        requestId: requestIdOf(request.headers),
        client: clientOf(request),
        method: request.method ?? '',
        path: pathOf(request.url ?? ''),
        startedAt: performance.now(),
        refusal: refusalOf(request),
      };
      request[ADMISSION] = admission;
      events.emit('requestStart', admission);
      return admission;
    },
  };
}
