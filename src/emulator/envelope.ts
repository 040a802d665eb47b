import type { ActionResult } from './actions.ts';
import type { ApiError } from './errors.ts';
import type { IceAction } from './wire.ts';

/** A complete HTTP response. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a response needs to know about its request. */
export interface ResponseContext {
  /** An upper-case UUID. It is also in the header `x-acs-request-id`. */
  readonly requestId: string;
  /** The host that the client called. */
  readonly hostId: string;
  readonly format: 'json' | 'xml';
}

// Official clients only parse an XML error that has exactly this content type.
const CONTENT_TYPES = { json: 'application/json;charset=utf-8', xml: 'text/xml;charset=utf-8' } as const;

/** `{"RequestId", …result}`, or the same under `<GetPackageJobResponse>`. */
export function successResponse(
  context: ResponseContext,
  action: IceAction,
  result: ActionResult,
): HttpResponse {
  const content = { RequestId: context.requestId, ...result };
  return { ...render(context, `${action}Response`, content), status: 200 };
}

/** `{"RequestId", "HostId", "Code", "Message", "Recommend"}`, or the same under `<Error>`. */
export function errorResponse(context: ResponseContext, error: ApiError): HttpResponse {
  const { code, message, status, members } = error;
  const { requestId, hostId } = context;
  const query = new URLSearchParams({ q: code, product: 'ICE', requestId }).toString();
  const response = render(context, 'Error', {
    RequestId: requestId,
    HostId: hostId,
    Code: code,
    Message: message,
    Recommend: `https://api.aliyun.com/troubleshoot?${query}`,
    ...members,
  });
  return { status, headers: { ...response.headers, ...error.headers }, body: response.body };
}

function render(
  { format, requestId }: ResponseContext,
  root: string,
  content: ActionResult,
): Omit<HttpResponse, 'status'> {
  return {
    headers: { 'content-type': CONTENT_TYPES[format], 'x-acs-request-id': requestId },
    body: format === 'json' ? JSON.stringify(content) : toXml(root, content),
  };
}

function toXml(root: string, content: ActionResult): string {
  return `<?xml version="1.0" encoding="UTF-8"?>${element(root, content)}`;
}

/** A list becomes one element per item. Absent and null members are omitted. */
function element(name: string, value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map((item: unknown) => element(name, item)).join('');
  if (typeof value !== 'object') {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return `<${name}>${escapeXml(text)}</${name}>`;
  }
  const members = Object.entries(value).map(([member, inner]) => element(member, inner));
  return `<${name}>${members.join('')}</${name}>`;
}

// A parser would turn a bare carriage return into a line feed, so it is escaped too.
const XML_ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\r': '&#13;',
};

function escapeXml(text: string): string {
  return (
    text
      // XML 1.0 does not allow these characters, not even escaped.
      // oxlint-disable-next-line no-control-regex
      .replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '\uFFFD')
      .replaceAll(/[&<>"'\r]/g, (character) => XML_ENTITIES[character] ?? character)
  );
}
