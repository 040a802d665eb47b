import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import type { EmulatorCredentials } from '../../../src/emulator/server.ts';
import { REQUIRED_HEADERS, sha256, signV1, signV3, strictEncode } from '../../../src/emulator/signature.ts';

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as an object, when it is JSON. */
  readonly json: Readonly<Record<string, unknown>>;
}

export interface SignOptions {
  readonly endpoint: string;
  readonly credentials: EmulatorCredentials;
  /** The timestamp of the request, in milliseconds since the epoch. */
  readonly at: number;
  readonly method?: string;
  readonly nonce?: string;
  readonly version?: string;
  /** Changes headers (V3) or system parameters (V1) before signing. Undefined removes one. */
  readonly system?: Readonly<Record<string, string | undefined>>;
}

export function signV3Request(
  action: string,
  params: Readonly<Record<string, string>>,
  options: SignOptions,
): HttpRequest {
  const {
    endpoint,
    credentials,
    at,
    method = 'POST',
    nonce = randomUUID(),
    version = '2020-11-09',
  } = options;
  const headers = present({
    host: new URL(endpoint).host,
    'x-acs-action': action,
    'x-acs-version': version,
    'x-acs-date': wireTime(at),
    'x-acs-signature-nonce': nonce,
    'x-acs-content-sha256': sha256(''),
    'x-acs-security-token': credentials.securityToken,
    ...options.system,
  });
  const signedHeaders = Object.keys(headers).filter((name) => name !== 'authorization');
  const input = {
    method,
    path: '/',
    query: Object.entries(params),
    headers,
    signedHeaders,
    body: Buffer.alloc(0),
  };
  const { signature } = signV3(input, credentials.accessKeySecret);
  const authorization =
    `ACS3-HMAC-SHA256 Credential=${credentials.accessKeyId},` +
    `SignedHeaders=${signedHeaders.toSorted().join(';')},Signature=${signature}`;
  return { method, path: `/?${encodeParams(params)}`, headers: { authorization, ...headers }, body: '' };
}

export function signV1Request(
  action: string,
  params: Readonly<Record<string, string>>,
  options: SignOptions,
): HttpRequest {
  const { endpoint, credentials, at, method = 'GET', nonce = randomUUID(), version = '2020-11-09' } = options;
  const parameters = present({
    ...params,
    Action: action,
    Version: version,
    AccessKeyId: credentials.accessKeyId,
    SecurityToken: credentials.securityToken,
    SignatureMethod: 'HMAC-SHA1',
    SignatureVersion: '1.0',
    SignatureNonce: nonce,
    Timestamp: wireTime(at),
    ...options.system,
  });
  const { signature } = signV1(
    { method, parameters: Object.entries(parameters) },
    credentials.accessKeySecret,
  );
  const path = `/?${encodeParams({ Signature: signature, ...parameters })}`;
  return { method, path, headers: { host: new URL(endpoint).host }, body: '' };
}

/** Sends one request on its own connection. Rejects like node:http when the response is incomplete. */
export function exchange(endpoint: string, { method, path, headers, body }: HttpRequest): Promise<HttpReply> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpReply>();
  const { hostname, port } = new URL(endpoint);
  const outgoing = httpRequest({ hostname, port, method, path, headers, agent: false }, (response) => {
    const chunks: Uint8Array[] = [];
    response.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    response.on('error', reject);
    response.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parseRecord(text) });
    });
  });
  outgoing.on('error', reject);
  outgoing.end(body);
  return promise;
}

/** The bytes of a recorded request, with a chunked body if it was chunked. */
export function toBytes({ method, path, headers, body }: HttpRequest): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = `${[`${method} ${path} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`;
  const content = Buffer.from(body);
  if (headers['transfer-encoding'] !== 'chunked') return Buffer.concat([Buffer.from(head), content]);
  // Two chunks, so the server must join them.
  const middle = content.length >>> 1;
  const parts = [content.subarray(0, middle), content.subarray(middle)].filter((part) => part.length > 0);
  return Buffer.concat([Buffer.from(head), ...parts.map(toChunk), Buffer.from('0\r\n\r\n')]);
}

function toChunk(part: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]);
}

export interface RawResult {
  readonly received: string;
  /** `end`: FIN. `reset`: RST. `open`: `until` returned true while the connection was open. */
  readonly ending: 'end' | 'reset' | 'open';
}

/** Writes bytes to its own connection and reads until the connection ends or `until` returns true. */
export function rawExchange(
  endpoint: string,
  bytes: Buffer,
  until: (received: string) => boolean = () => false,
): Promise<RawResult> {
  const { promise, resolve } = Promise.withResolvers<RawResult>();
  let received = '';
  const socket = connect(Number(new URL(endpoint).port), '127.0.0.1', () => socket.write(bytes));
  const finish = (ending: RawResult['ending']) => {
    socket.destroy();
    resolve({ received, ending });
  };
  socket.setEncoding('utf8');
  socket.on('data', (text) => {
    received += String(text);
    if (until(received)) finish('open');
  });
  socket.on('end', () => finish('end'));
  socket.on('error', () => finish('reset'));
  return promise;
}

/** Whether the text has a complete response with a content-length. */
export function isWholeReply(received: string): boolean {
  const [head, body] = received.split('\r\n\r\n', 2);
  const length = /^content-length: (\d+)$/im.exec(head ?? '')?.[1];
  return body !== undefined && length !== undefined && Buffer.byteLength(body) >= Number(length);
}

export function wireTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** The headers that a V3 signature must cover, for tests that omit one. */
export { REQUIRED_HEADERS };

function encodeParams(params: Readonly<Record<string, string>>): string {
  return Object.entries(params)
    .map(([name, value]) => `${strictEncode(name)}=${strictEncode(value)}`)
    .join('&');
}

function present(members: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(members).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return Object.fromEntries(entries);
}

function parseRecord(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
