import { refusalReply } from './envelope.ts';
import type { Exchange, Reply } from './envelope.ts';
import { isRefusalCode, Refusal, refuse, throttled } from './errors.ts';
import type { RefusalCode } from './errors.ts';
import type { AnswerFault } from './faults.ts';

/** What ICE says with a status, where the fault does not. */
const usualCodes: Readonly<Record<number, RefusalCode>> = {
  400: 'InvalidParameter',
  403: 'Forbidden',
  404: 'ResourceNotFound',
  413: 'RequestEntityTooLarge',
  429: 'Throttling.User',
  503: 'ServiceUnavailable',
};

const htmlPage =
  '<!DOCTYPE html>\n<html><head><title>Sign in to the network</title></head>' +
  '<body><h1>Welcome</h1><p>Please sign in to continue.</p></body></html>\n';

/** The answer a fault gives in place of the action's. */
export function answerInstead(fault: AnswerFault, exchange: Exchange): Reply {
  if (fault.kind === 'status') return statusReply(fault, exchange);
  if (fault.kind === 'throttle') return throttleReply(fault, exchange);
  if (fault.kind === 'html') return htmlReply(200, exchange);
  if (fault.kind === 'oversize') return oversizeReply(fault.bytes ?? 2 * 1024 * 1024, exchange);
  const { status = 200, contentType = 'application/json;charset=utf-8', body } = fault;
  return plainReply(status, contentType, body);
}

type FaultOf<Kind extends AnswerFault['kind']> = Extract<AnswerFault, { kind: Kind }>;

function statusReply(fault: FaultOf<'status'>, exchange: Exchange): Reply {
  const { status, body = exchange.format } = fault;
  if (body === 'html') return htmlReply(status, exchange);
  if (body === 'empty') return { status, headers: { 'x-acs-request-id': exchange.requestId }, body: '' };
  const code = fault.code ?? usualCodes[status] ?? 'InternalError';
  const message = fault.message ?? (isRefusalCode(code) ? refuse(code).message : 'The request was refused.');
  return refusalReply({ ...exchange, format: body }, new Refusal({ status, code, message }));
}

function throttleReply(fault: FaultOf<'throttle'>, exchange: Exchange): Reply {
  const { code = 'Throttling.User', retryAfterMs = 1000 } = fault;
  const refusal = retryAfterMs === null ? refuse(code) : throttled(code, retryAfterMs);
  const reply = refusalReply(exchange, refusal);
  return { ...reply, status: fault.status ?? reply.status };
}

function oversizeReply(bytes: number, { requestId }: Exchange): Reply {
  const body = JSON.stringify({ RequestId: requestId, Padding: 'x'.repeat(bytes) });
  return plainReply(200, 'application/json;charset=utf-8', body);
}

function htmlReply(status: number, { requestId }: Exchange): Reply {
  const headers = { 'content-type': 'text/html;charset=utf-8', 'x-acs-request-id': requestId };
  return { status, headers, body: htmlPage };
}

function plainReply(status: number, contentType: string, body: string): Reply {
  return { status, headers: { 'content-type': contentType }, body };
}
