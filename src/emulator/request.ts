import type { IncomingMessage } from 'node:http';
import { apiError } from './errors.ts';
import type { Headers, Parameter } from './signature.ts';

/** The maximum size of a request body, in bytes. */
const MAX_BODY_BYTES = 1024 * 1024;

/** One parsed API request. Nothing in it has been verified. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
  readonly query: readonly Parameter[];
  /** Empty unless the body is application/x-www-form-urlencoded. */
  readonly form: readonly Parameter[];
  /** Query and form together. When a name occurs twice, the first value counts. */
  readonly parameters: ReadonlyMap<string, string>;
  /** V3 when the Authorization header says so, else V1. pop-core sends `x-acs-*` headers with V1 too. */
  readonly scheme: 'V1' | 'V3';
  readonly action: string | undefined;
  readonly version: string | undefined;
  /** The format of the response. JSON for V3. For V1 as `Format` says, by default XML. */
  readonly format: 'json' | 'xml';
}

/**
 * Reads the whole body, with any transfer encoding.
 *
 * @throws {ApiError} RequestEntityTooLarge over 1 MiB. The rest is read and discarded, so the client gets the response
 * @throws {Error} ECONNRESET when the client disconnects before the end of the body
 */
export async function readBody(incoming: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (length > MAX_BODY_BYTES) throw apiError('RequestEntityTooLarge');
  return Buffer.concat(chunks);
}

/** Never throws. Invalid parts are kept as they came, and admission reports them. */
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
    format: scheme === 'V3' ? 'json' : responseFormat(parameters.get('Format')),
  };
}

/** Does not use `new URL`, which throws on some paths that a client can send and normalises the others. */
export function splitUrl(url: string): { path: string; search: string } {
  const mark = url.indexOf('?');
  return mark === -1 ? { path: url, search: '' } : { path: url.slice(0, mark), search: url.slice(mark + 1) };
}

function responseFormat(format = 'XML'): 'json' | 'xml' {
  return format.toUpperCase() === 'XML' ? 'xml' : 'json';
}

// WHATWG form decoding: `+` is a space, and an invalid escape stays unchanged.
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
