import type { Result } from './actions.ts';
import type { Refusal } from './errors.ts';
import type { IceAction } from './wire.ts';

/** A complete HTTP answer. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What is known of a request when its answer is written. */
export interface Exchange {
  /** Upper-case UUID, also in the header `x-acs-request-id`. */
  readonly requestId: string;
  /** The host the client called. */
  readonly hostId: string;
  readonly format: 'json' | 'xml';
}

// Official clients read an XML error only under exactly this content type.
const contentTypes = { json: 'application/json;charset=utf-8', xml: 'text/xml;charset=utf-8' } as const;

/** `{"RequestId", …result}`, or the same under `<GetPackageJobResponse>`. */
export function successReply(exchange: Exchange, action: IceAction, result: Result): Reply {
  const content = { RequestId: exchange.requestId, ...result };
  return { ...render(exchange, `${action}Response`, content), status: 200 };
}

/** `{"RequestId", "HostId", "Code", "Message", "Recommend"}`, or the same under `<Error>`. */
export function refusalReply(exchange: Exchange, refusal: Refusal): Reply {
  const { code, message, status } = refusal;
  const { requestId, hostId } = exchange;
  const question = new URLSearchParams({ q: code, product: 'ICE', requestId }).toString();
  const reply = render(exchange, 'Error', {
    RequestId: requestId,
    HostId: hostId,
    Code: code,
    Message: message,
    Recommend: `https://api.aliyun.com/troubleshoot?${question}`,
  });
  return { status, headers: { ...reply.headers, ...refusal.headers }, body: reply.body };
}

function render({ format, requestId }: Exchange, root: string, content: Result): Omit<Reply, 'status'> {
  return {
    headers: { 'content-type': contentTypes[format], 'x-acs-request-id': requestId },
    body: format === 'json' ? JSON.stringify(content) : toXml(root, content),
  };
}

function toXml(root: string, content: Result): string {
  return `<?xml version="1.0" encoding="UTF-8"?>${element(root, content)}`;
}

/** A list is its element repeated; absent and null members are left out. */
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

// The carriage return too: a parser would turn a bare one into a line feed.
const entities: Readonly<Record<string, string>> = {
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
      // XML 1.0 cannot carry these at all, not even escaped.
      // oxlint-disable-next-line no-control-regex
      .replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '\uFFFD')
      .replaceAll(/[&<>"'\r]/g, (character) => entities[character] ?? character)
  );
}
