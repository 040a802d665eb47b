import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** A decoded request parameter. A name may occur twice, so a list of pairs and not a map. */
export type Parameter = readonly [name: string, value: string];

/** Lower-cased names; a header that was sent twice is one, joined by a comma. */
export type Headers = Readonly<Record<string, string>>;

/** Headers a V3 signature must cover besides every other `x-acs-*` header that was sent. */
export const requiredHeaders = [
  'host',
  'x-acs-action',
  'x-acs-content-sha256',
  'x-acs-date',
  'x-acs-signature-nonce',
  'x-acs-version',
] as const;

/**
 * Percent-encodes everything but the unreserved characters of RFC 3986, section 2.3, so also the
 * five that encodeURIComponent leaves alone. A lone surrogate becomes U+FFFD.
 */
export function strictEncode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * Parameters sorted by name, strictly encoded, joined as `name=value&name=value`.
 *
 * Takes decoded values on purpose: official clients leave `! ' ( ) * ~` bare on the wire while
 * their signature covers the strict form, so the text that was received proves nothing.
 */
export function canonicalQuery(parameters: readonly Parameter[]): string {
  return parameters
    .toSorted(([left], [right]) => compareText(left, right))
    .map(([name, value]) => `${strictEncode(name)}=${strictEncode(value)}`)
    .join('&');
}

export interface V1Input {
  readonly method: string;
  /** Query and form parameters together; `Signature` itself is left out here. */
  readonly parameters: readonly Parameter[];
}

/**
 * V1 ("RPC"): base64(HMAC-SHA1(secret + "&", METHOD & %2F & encoded canonical query)).
 *
 * @see https://help.aliyun.com/zh/sdk/product-overview/rpc-mechanism
 */
export function signV1({ method, parameters }: V1Input, accessKeySecret: string) {
  const query = canonicalQuery(parameters.filter(([name]) => name !== 'Signature'));
  const stringToSign = `${method}&${strictEncode('/')}&${strictEncode(query)}`;
  const signature = createHmac('sha1', `${accessKeySecret}&`).update(stringToSign).digest('base64');
  return { stringToSign, signature };
}

export interface V3Input {
  readonly method: string;
  readonly path: string;
  /** Query parameters only: a form body is covered by its hash. */
  readonly query: readonly Parameter[];
  readonly headers: Headers;
  readonly signedHeaders: readonly string[];
  readonly body: Uint8Array;
}

/**
 * V3: hex(HMAC-SHA256(secret, "ACS3-HMAC-SHA256\n" + hex(SHA-256(canonical request)))).
 *
 * The body's hash is computed here, never taken from the request. A signed header that was not sent
 * counts as empty.
 *
 * @see https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
 */
export function signV3(input: V3Input, accessKeySecret: string) {
  const signedHeaders = input.signedHeaders.toSorted(compareText);
  const headerLines = signedHeaders.map((name) => `${name}:${(input.headers[name] ?? '').trim()}\n`);
  const canonicalRequest = [
    input.method,
    input.path,
    canonicalQuery(input.query),
    headerLines.join(''),
    signedHeaders.join(';'),
    sha256(input.body),
  ].join('\n');
  const stringToSign = `ACS3-HMAC-SHA256\n${sha256(canonicalRequest)}`;
  const signature = createHmac('sha256', accessKeySecret).update(stringToSign).digest('hex');
  return { canonicalRequest, stringToSign, signature };
}

export interface V3Authorization {
  readonly accessKeyId: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/** Reads `ACS3-HMAC-SHA256 Credential=…,SignedHeaders=a;b,Signature=…`; undefined for any other form. */
export function parseAuthorization(text: string): V3Authorization | undefined {
  const pattern = /^ACS3-HMAC-SHA256 +Credential=([^,\s]+), *SignedHeaders=([^,\s]+), *Signature=([^,\s]+)$/;
  const [, accessKeyId, signedHeaders, signature] = pattern.exec(text) ?? [];
  if (accessKeyId === undefined || signedHeaders === undefined || signature === undefined) return undefined;
  return { accessKeyId, signedHeaders: signedHeaders.split(';'), signature };
}

/** Headers that had to be signed and were not: the required ones and every `x-acs-*` that was sent. */
export function unsignedHeaders(headers: Headers, signedHeaders: readonly string[]): string[] {
  const sent = Object.keys(headers).filter((name) => name.startsWith('x-acs-'));
  return [...new Set([...requiredHeaders, ...sent])].filter((name) => !signedHeaders.includes(name));
}

/** Whether two signatures are the same text, in a time that does not tell how much of it is. */
export function isSameSignature(left: string, right: string): boolean {
  const [leftBytes, rightBytes] = [Buffer.from(left), Buffer.from(right)];
  return leftBytes.length === rightBytes.length && timingSafeEqual(leftBytes, rightBytes);
}

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

// Not localeCompare: the order is the one of the bytes, wherever the server runs.
function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
