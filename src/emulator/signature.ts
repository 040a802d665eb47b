import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** A decoded request parameter. A name can occur twice, so parameters are a list and not a map. */
export type Parameter = readonly [name: string, value: string];

/** Headers by lower-case name. The values of a header that was sent twice are joined by a comma. */
export type Headers = Readonly<Record<string, string>>;

/** The headers that a V3 signature must cover, besides all other `x-acs-*` headers of the request. */
export const REQUIRED_HEADERS = [
  'host',
  'x-acs-action',
  'x-acs-content-sha256',
  'x-acs-date',
  'x-acs-signature-nonce',
  'x-acs-version',
] as const;

/**
 * Percent-encodes all characters except the unreserved ones of RFC 3986, section 2.3. It therefore also
 * encodes the five that encodeURIComponent does not. A lone surrogate becomes U+FFFD.
 */
export function strictEncode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * The parameters as `name=value&name=value`, sorted by name and strictly encoded.
 *
 * The input is decoded, because official clients send `! ' ( ) * ~` unencoded but sign the strictly
 * encoded form. The received text itself cannot be verified.
 */
export function canonicalQuery(parameters: readonly Parameter[]): string {
  return parameters
    .toSorted(([left], [right]) => compareText(left, right))
    .map(([name, value]) => `${strictEncode(name)}=${strictEncode(value)}`)
    .join('&');
}

export interface V1Input {
  readonly method: string;
  /** Query and form parameters together. {@link signV1} skips `Signature`. */
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
  /** Query parameters only. The signature covers a form body by its hash. */
  readonly query: readonly Parameter[];
  readonly headers: Headers;
  readonly signedHeaders: readonly string[];
  readonly body: Uint8Array;
}

/**
 * V3: hex(HMAC-SHA256(secret, "ACS3-HMAC-SHA256\n" + hex(SHA-256(canonical request)))).
 *
 * The hash of the body is computed here and never taken from the request. A signed header that was not
 * sent counts as empty.
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

/** Reads `ACS3-HMAC-SHA256 Credential=…,SignedHeaders=a;b,Signature=…`. Undefined for any other text. */
export function parseAuthorization(text: string): V3Authorization | undefined {
  const pattern = /^ACS3-HMAC-SHA256 +Credential=([^,\s]+), *SignedHeaders=([^,\s]+), *Signature=([^,\s]+)$/;
  const [, accessKeyId, signedHeaders, signature] = pattern.exec(text) ?? [];
  if (accessKeyId === undefined || signedHeaders === undefined || signature === undefined) return undefined;
  return { accessKeyId, signedHeaders: signedHeaders.split(';'), signature };
}

/** The headers that must be signed but are not: the required ones and all `x-acs-*` headers of the request. */
export function unsignedHeaders(headers: Headers, signedHeaders: readonly string[]): string[] {
  const sent = Object.keys(headers).filter((name) => name.startsWith('x-acs-'));
  return [...new Set([...REQUIRED_HEADERS, ...sent])].filter((name) => !signedHeaders.includes(name));
}

/** Whether two signatures are equal. The time it takes does not depend on how much of them is equal. */
export function isSameSignature(left: string, right: string): boolean {
  const [leftBytes, rightBytes] = [Buffer.from(left), Buffer.from(right)];
  return leftBytes.length === rightBytes.length && timingSafeEqual(leftBytes, rightBytes);
}

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

// Not localeCompare, which depends on the locale. The order of ASCII names is that of their bytes.
function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
