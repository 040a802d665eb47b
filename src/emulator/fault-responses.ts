import { errorResponse } from './envelope.ts';
import type { HttpResponse, ResponseContext } from './envelope.ts';
import { ApiError, apiError, isErrorCode, noPermission, retryHeader } from './errors.ts';
import type { ErrorCode } from './errors.ts';
import type { ResponseFault } from './faults.ts';
import { isKeyAction } from './wire.ts';
import type { IceAction, KeyAction } from './wire.ts';

/** The code for a status when the fault has none. */
const DEFAULT_CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'InvalidParameter',
  403: 'Forbidden',
  404: 'ResourceNotFound',
  413: 'RequestEntityTooLarge',
  429: 'Throttling.User',
  503: 'ServiceUnavailable',
};

const HTML_PAGE =
  '<!DOCTYPE html>\n<html><head><title>Sign in to the network</title></head>' +
  '<body><h1>Welcome</h1><p>Please sign in to continue.</p></body></html>\n';

/** The response that a fault gives instead of the response of the action. */
export function faultResponse(
  fault: ResponseFault,
  action: IceAction | KeyAction,
  context: ResponseContext,
): HttpResponse {
  if (fault.kind === 'status') return statusResponse(fault, context);
  if (fault.kind === 'throttle') return throttleResponse(fault, context);
  if (fault.kind === 'noPermission') {
    return errorResponse(context, noPermission(`${isKeyAction(action) ? 'sts' : 'ice'}:${action}`));
  }
  if (fault.kind === 'html') return htmlResponse(200, context);
  if (fault.kind === 'oversize') return oversizeResponse(fault.bytes ?? 2 * 1024 * 1024, context);
  const { status = 200, contentType = 'application/json;charset=utf-8', body } = fault;
  return plainResponse(status, contentType, body);
}

type FaultOf<Kind extends ResponseFault['kind']> = Extract<ResponseFault, { kind: Kind }>;

function statusResponse(fault: FaultOf<'status'>, context: ResponseContext): HttpResponse {
  const { status, body = context.format } = fault;
  if (body === 'html') return htmlResponse(status, context);
  if (body === 'empty') return { status, headers: { 'x-acs-request-id': context.requestId }, body: '' };
  const code = fault.code ?? DEFAULT_CODES[status] ?? 'InternalError';
  const message = fault.message ?? (isErrorCode(code) ? apiError(code).message : 'The request was refused.');
  return errorResponse({ ...context, format: body }, new ApiError({ status, code, message }));
}

function throttleResponse(fault: FaultOf<'throttle'>, context: ResponseContext): HttpResponse {
  const { code = 'Throttling.User', retryAfterMs = 1000, header = 'x-acs-retry-after', body } = fault;
  const status = fault.status ?? (isErrorCode(code) ? apiError(code).status : 400);
  const response = statusResponse({ kind: 'status', status, code, ...(body && { body }) }, context);
  const wait = retryAfterMs === null ? {} : retryHeader(header, retryAfterMs);
  return { ...response, headers: { ...response.headers, ...wait } };
}

function oversizeResponse(bytes: number, { requestId }: ResponseContext): HttpResponse {
  const body = JSON.stringify({ RequestId: requestId, Padding: 'x'.repeat(bytes) });
  return plainResponse(200, 'application/json;charset=utf-8', body);
}

function htmlResponse(status: number, { requestId }: ResponseContext): HttpResponse {
  const headers = { 'content-type': 'text/html;charset=utf-8', 'x-acs-request-id': requestId };
  return { status, headers, body: HTML_PAGE };
}

function plainResponse(status: number, contentType: string, body: string): HttpResponse {
  return { status, headers: { 'content-type': contentType }, body };
}
