import type { IncomingMessage } from 'node:http';
import { refuse } from './errors.ts';
import type { Headers, Parameter } from './signature.ts';

/** Largest request body read, in bytes. */
const bodyLimit = 1024 * 1024;

/** One API request with everything decoded that does not need trust. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
  readonly query: readonly Parameter[];
  /** Empty unless the body is application/x-www-form-urlencoded. */
  readonly form: readonly Parameter[];
  /** Query and form together; of a name sent twice the first counts. */
  readonly parameters: ReadonlyMap<string, string>;
  /** V3 by its Authorization header, else V1: pop-core sends x-acs-* headers with V1 signatures too. */
  readonly scheme: 'V1' | 'V3';
  readonly action: string | undefined;
  readonly version: string | undefined;
  /** How to answer: JSON in V3 or with `Format=JSON`, else XML, as RPC style defaults to. */
  readonly format: 'json' | 'xml';
}

/**
 * Reads the whole body, whatever its transfer encoding.
 *
 * @throws {Refusal} RequestEntityTooLarge over 1 MiB; the rest is read and dropped, so that the client hears it
 * @throws {Error} ECONNRESET when the client leaves before the end
 */
export async function readBody(incoming: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length <= bodyLimit) chunks.push(chunk);
  }
  if (length > bodyLimit) throw refuse('RequestEntityTooLarge');
  return Buffer.concat(chunks);
}

/** Never throws: what makes no sense is kept as it came, for admission to refuse. */
export function parseRequest(incoming: IncomingMessage, body: Uint8Array): ApiRequest {
  const { path, search } = splitUrl(incoming.url ?? '/');
  const headers = flattenHeaders(incoming);
  const query = parseParameters(search);
  const isForm = headers['content-type']?.toLowerCase().startsWith('application/x-www-form-urlencoded');
  const form = isForm === true ? parseParameters(Buffer.from(body).toString('utf8')) : [];
  const parameters = new Map([...query, ...form].toReversed());
  const scheme = headers['authorization']?.startsWith('ACS3-') === true ? 'V3' : 'V1';
  return {
    method: incoming.method ?? 'GET',
    path,
    headers,
    body,
    query,
    form,
    parameters,
    scheme,
    action: scheme === 'V3' ? headers['x-acs-action'] : parameters.get('Action'),
    version: scheme === 'V3' ? headers['x-acs-version'] : parameters.get('Version'),
    format: scheme === 'V3' ? 'json' : answerFormat(parameters.get('Format')),
  };
}

/** Splits by hand: `new URL` throws on some of what a client can send, and normalises the rest. */
export function splitUrl(url: string): { path: string; search: string } {
  const mark = url.indexOf('?');
  return mark === -1 ? { path: url, search: '' } : { path: url.slice(0, mark), search: url.slice(mark + 1) };
}

function answerFormat(format = 'XML'): 'json' | 'xml' {
  return format.toUpperCase() === 'XML' ? 'xml' : 'json';
}

// WHATWG form decoding: `+` is a space, and a broken escape stays as it is instead of throwing.
function parseParameters(text: string): Parameter[] {
  return [...new URLSearchParams(text)];
}

function flattenHeaders(incoming: IncomingMessage): Headers {
  const entries = Object.entries(incoming.headers).map(([name, value]): [string, string] => [
    name,
    Array.isArray(value) ? value.join(', ') : (value ?? ''),
  ]);
  return Object.fromEntries(entries);
}
