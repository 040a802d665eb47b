import { createHash, createHmac } from 'node:crypto';

/** The keys that a request is signed with. Only temporary keys (STS) have a `securityToken`. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken?: string;
}

/** One attempt of one RPC-style request, before it is signed. */
export interface SignInput {
  readonly method: 'GET' | 'POST';
  /** The host of the request, with its port unless that is the scheme's own. */
  readonly host: string;
  readonly action: string;
  readonly version: string;
  /** Parameters of the query string, decoded. */
  readonly query: Readonly<Record<string, string>>;
  /** The body as sent. It is empty when every parameter is in the query string. */
  readonly body?: string;
  /** Further headers of the request. Those named `x-acs-…` and `content-type` are signed. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The date of the request. ICE refuses a date more than 15 minutes from its own clock. */
  readonly at: Date;
  /** It is unique for each attempt. ICE refuses a nonce that it has seen in the last 15 minutes. */
  readonly nonce: string;
}

/**
 * The headers that authorise one attempt of one request, `ACS3-HMAC-SHA256`.
 *
 * signature = hex(HMAC-SHA-256(secret, stringToSign)), where
 * stringToSign = `ACS3-HMAC-SHA256\n` + hex(SHA-256({@link canonicalRequest})).
 *
 * It is pure: equal input gives equal output. Sign each attempt, never ahead of time.
 *
 * @see https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
 */
export function signHeaders(input: SignInput, credentials: Credentials): Record<string, string> {
  const headers: Record<string, string> = {
    ...input.headers,
    host: input.host,
    'x-acs-action': input.action,
    'x-acs-version': input.version,
    'x-acs-date': input.at.toISOString().replace(/\.\d{3}Z$/, 'Z'),
    'x-acs-signature-nonce': input.nonce,
    'x-acs-content-sha256': sha256(input.body ?? ''),
  };
  if (credentials.securityToken !== undefined) {
    headers['x-acs-accesskey-id'] = credentials.accessKeyId;
    headers['x-acs-security-token'] = credentials.securityToken;
  }
  const { text, signedHeaders } = canonicalRequest(input.method, input.query, headers);
  const stringToSign = `ACS3-HMAC-SHA256\n${sha256(text)}`;
  const signature = createHmac('sha256', credentials.accessKeySecret).update(stringToSign).digest('hex');
  headers['authorization'] =
    `ACS3-HMAC-SHA256 Credential=${credentials.accessKeyId},SignedHeaders=${signedHeaders},Signature=${signature}`;
  return headers;
}

/**
 * The text whose digest is signed, and the names of the headers in it.
 *
 * `headers` must contain `x-acs-content-sha256`. Every `x-acs-…` header, `host` and `content-type` are part of the text.
 * Parameters in the body are not, but their digest is.
 */
export function canonicalRequest(
  method: string,
  query: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>>,
): { readonly text: string; readonly signedHeaders: string } {
  const signed = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value.trim()] as const)
    .filter(([name]) => name.startsWith('x-acs-') || name === 'host' || name === 'content-type')
    .toSorted(byName);
  const signedHeaders = signed.map(([name]) => name).join(';');
  const text = [
    method,
    '/',
    encodeQuery(query),
    signed.map(([name, value]) => `${name}:${value}\n`).join(''),
    signedHeaders,
    headers['x-acs-content-sha256'],
  ].join('\n');
  return { text, signedHeaders };
}

/** Writes parameters as they are signed and sent: sorted by name, `name=value` joined by `&`, strictly encoded. */
export function encodeQuery(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .toSorted(byName)
    .map(([name, value]) => `${encodeStrictly(name)}=${encodeStrictly(value)}`)
    .join('&');
}

/** Keeps only RFC 3986's unreserved characters. `encodeURIComponent` alone would keep `! ' ( ) *` too. */
function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
