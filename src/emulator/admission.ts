import {
  ApiError,
  apiError,
  invalidParameter,
  missingHeader,
  missingParameter,
  throttled,
} from './errors.ts';
import type { ApiRequest } from './request.ts';
import {
  isSameSignature,
  parseAuthorization,
  REQUIRED_HEADERS,
  sha256,
  signV1,
  signV3,
  unsignedHeaders,
} from './signature.ts';
import type { V3Authorization } from './signature.ts';
import { fromWireTime, ICE_VERSION, isIceAction } from './wire.ts';
import type { IceAction } from './wire.ts';

export interface EmulatorCredentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** Set for temporary (STS) credentials. Requests must carry exactly this token. */
  readonly securityToken?: string;
  /** Requests with this key are refused so: it was disabled, deleted, or its token has expired. */
  readonly refusal?: KeyRefusal;
  /** From this time on its token has expired, in milliseconds since the epoch. @default never */
  readonly expiresAt?: number;
}

/** How a key is refused from now on. */
export const KEY_REFUSALS = [
  'InvalidAccessKeyId.Inactive',
  'InvalidAccessKeyId.NotFound',
  'InvalidSecurityToken.Expired',
] as const;
export type KeyRefusal = (typeof KEY_REFUSALS)[number];

/** Temporary keys that are known, at most. */
const MAX_ISSUED = 1000;

/** The maximum difference between a request's timestamp and the server's clock, in both directions, in milliseconds. */
const ALLOWED_SKEW_MS = 15 * 60_000;

/** The parameters that every V1 request must have. */
const SYSTEM_PARAMETERS = [
  'AccessKeyId',
  'SignatureMethod',
  'SignatureVersion',
  'SignatureNonce',
  'Timestamp',
];

export interface AdmissionOptions {
  readonly credentials: readonly EmulatorCredentials[];
  /** Maximum calls of each action per second. Infinity means no limit. */
  readonly limits: Readonly<Record<IceAction, number>>;
}

/**
 * Decides whether a request is admitted. It checks in this order: method and path, action and version,
 * required headers or parameters, timestamp, access key, security token, signature, nonce, call rate.
 *
 * Only a request with a valid signature uses up its nonce. A request that fails a check does not count
 * towards the call rate.
 */
export class Admission {
  #credentials: Map<string, EmulatorCredentials>;
  readonly #limits: Readonly<Record<IceAction, number>>;
  readonly #nonces = new UsedNonces();
  readonly #windows = new Map<IceAction, { second: number; calls: number }>();

  constructor({ credentials, limits }: AdmissionOptions) {
    this.#credentials = byId(credentials);
    this.#limits = limits;
  }

  /** Replaces the access keys, temporary ones too. */
  setCredentials(credentials: readonly EmulatorCredentials[]): void {
    this.#credentials = byId(credentials);
  }

  /** Adds a temporary key that a service has given. The oldest of many is forgotten. */
  issue(credentials: EmulatorCredentials & { readonly expiresAt: number }): void {
    this.#credentials.set(credentials.accessKeyId, credentials);
    const issued = [...this.#credentials.values()].filter(({ expiresAt }) => expiresAt !== undefined);
    for (const { accessKeyId } of issued.slice(0, -MAX_ISSUED)) this.#credentials.delete(accessKeyId);
  }

  /**
   * Has a key refused from now on, or accepted again.
   *
   * @throws {RangeError} when there is no such key
   */
  refuse(accessKeyId: string, refusal: KeyRefusal | undefined): void {
    const found = this.#credentials.get(accessKeyId);
    if (found === undefined) throw new RangeError(`there is no access key ${accessKeyId}`);
    const { refusal: _, ...credentials } = found;
    this.#credentials.set(accessKeyId, { ...credentials, ...(refusal !== undefined && { refusal }) });
  }

  /** @throws {ApiError} when the request is not admitted at `now` (milliseconds since the epoch) */
  admit(request: ApiRequest, now: number): IceAction {
    const action = checkTarget(request);
    this.authenticate(request, now);
    this.#countCall(action, now);
    return action;
  }

  /** Checks who has signed a request, and when. @throws {ApiError} */
  authenticate(request: ApiRequest, now: number): void {
    const claim = request.scheme === 'V3' ? readV3(request) : readV1(request);
    const timestamp = checkTimestamp(claim.timestamp, now);
    const credential = this.#credentials.get(claim.accessKeyId);
    if (credential === undefined) throw apiError('InvalidAccessKeyId.NotFound');
    if (credential.refusal !== undefined) throw apiError(credential.refusal);
    if (credential.expiresAt !== undefined && credential.expiresAt <= now)
      throw apiError('InvalidSecurityToken.Expired');
    this.#checkToken(credential, claim.securityToken);
    claim.verify(credential.accessKeySecret);
    this.#nonces.add(`${claim.accessKeyId} ${claim.nonce}`, timestamp, now);
  }

  #checkToken({ securityToken: expected }: EmulatorCredentials, received: string | undefined): void {
    if (received === expected) return;
    if (received === undefined) throw apiError('MissingSecurityToken');
    const belongsToAnotherKey = [...this.#credentials.values()].some(
      (other) => other.securityToken === received,
    );
    throw apiError(
      belongsToAnotherKey ? 'InvalidSecurityToken.MismatchWithAccessKey' : 'InvalidSecurityToken.Malformed',
    );
  }

  #countCall(action: IceAction, now: number): void {
    const second = Math.floor(now / 1000);
    const window = this.#windows.get(action);
    const calls = window?.second === second ? window.calls : 0;
    if (calls >= this.#limits[action]) throw throttled('Throttling.User', (second + 1) * 1000 - now);
    this.#windows.set(action, { second, calls: calls + 1 });
  }
}

function byId(credentials: readonly EmulatorCredentials[]): Map<string, EmulatorCredentials> {
  return new Map(credentials.map((credential) => [credential.accessKeyId, credential]));
}

/** The used nonces. Each is kept for 15 minutes after its timestamp or its use, whichever is later. */
class UsedNonces {
  readonly #expiries = new Map<string, number>();

  /** @throws {ApiError} SignatureNonceUsed when the nonce is already there */
  add(nonce: string, timestamp: number, now: number): void {
    this.#removeExpired(now);
    if ((this.#expiries.get(nonce) ?? -Infinity) >= now) throw apiError('SignatureNonceUsed');
    this.#expiries.set(nonce, Math.max(timestamp, now) + ALLOWED_SKEW_MS);
  }

  // A map keeps the order of insertion, so the oldest nonces come first and each call removes only a few.
  #removeExpired(now: number): void {
    for (const [nonce, expiry] of this.#expiries) {
      if (expiry >= now) return;
      this.#expiries.delete(nonce);
    }
  }
}

/** What a request claims about its sender. `verify` throws when the signature was not made with that secret. */
interface Claim {
  readonly accessKeyId: string;
  readonly securityToken: string | undefined;
  readonly nonce: string;
  readonly timestamp: string;
  readonly verify: (accessKeySecret: string) => void;
}

function checkTarget({ method, path, scheme, action, version, parameters }: ApiRequest): IceAction {
  if (method !== 'GET' && method !== 'POST') throw apiError('UnsupportedHTTPMethod');
  if (path !== '/') throw apiError('InvalidApi.NotFound');
  if (!action) throw scheme === 'V3' ? missingHeader('x-acs-action') : missingParameter('Action');
  if (!version) throw scheme === 'V3' ? missingHeader('x-acs-version') : missingParameter('Version');
  if (version !== ICE_VERSION) throw apiError('InvalidVersion');
  if (!isIceAction(action)) throw apiError('InvalidAction.NotFound');
  const format = parameters.get('Format')?.toUpperCase() ?? 'XML';
  if (scheme === 'V1' && format !== 'JSON' && format !== 'XML') throw apiError('InvalidParameter.Format');
  return action;
}

function checkTimestamp(text: string, now: number): number {
  const timestamp = fromWireTime(text);
  if (timestamp === undefined) throw apiError('InvalidTimeStamp.Format');
  if (Math.abs(now - timestamp) > ALLOWED_SKEW_MS) throw apiError('InvalidTimeStamp.Expired');
  return timestamp;
}

/** Reads the authentication of a V1 request from its parameters. */
function readV1(request: ApiRequest): Claim {
  const { parameters, method, query, form } = request;
  const value = (name: string) => parameters.get(name) ?? '';
  for (const name of SYSTEM_PARAMETERS) if (value(name) === '') throw missingParameter(name);
  if (value('SignatureMethod') !== 'HMAC-SHA1') throw apiError('InvalidSignatureMethod');
  if (value('SignatureVersion') !== '1.0') throw invalidParameter('SignatureVersion');
  if (value('Signature') === '') throw apiError('IncompleteSignature');
  return {
    accessKeyId: value('AccessKeyId'),
    securityToken: parameters.get('SecurityToken') || undefined,
    nonce: value('SignatureNonce'),
    timestamp: value('Timestamp'),
    verify(accessKeySecret) {
      const expected = signV1({ method, parameters: [...query, ...form] }, accessKeySecret);
      if (isSameSignature(expected.signature, value('Signature'))) return;
      throw signatureMismatch(
        `Specified signature is not matched with our calculation. server string to sign is:${expected.stringToSign}`,
      );
    },
  };
}

/** Reads the authentication of a V3 request from its headers. */
function readV3(request: ApiRequest): Claim {
  const { headers } = request;
  const value = (name: string) => headers[name] ?? '';
  for (const name of REQUIRED_HEADERS) if (value(name) === '') throw missingHeader(name);
  const authorization = readAuthorization(value('authorization'));
  if (unsignedHeaders(headers, authorization.signedHeaders).length > 0) throw apiError('IncompleteSignature');
  return {
    accessKeyId: authorization.accessKeyId,
    securityToken: headers['x-acs-security-token'] || undefined,
    nonce: value('x-acs-signature-nonce'),
    timestamp: value('x-acs-date'),
    verify: (accessKeySecret) => verifyV3(request, authorization, accessKeySecret),
  };
}

function readAuthorization(text: string): V3Authorization {
  if (!text.startsWith('ACS3-HMAC-SHA256 ')) throw apiError('InvalidSignatureMethod');
  const authorization = parseAuthorization(text);
  if (authorization === undefined) throw apiError('IncompleteSignature');
  return authorization;
}

function verifyV3(request: ApiRequest, authorization: V3Authorization, accessKeySecret: string): void {
  const { signedHeaders, signature } = authorization;
  const expected = signV3({ ...request, signedHeaders }, accessKeySecret);
  const isHashRight = request.headers['x-acs-content-sha256'] === sha256(request.body);
  if (isHashRight && isSameSignature(expected.signature, signature)) return;
  throw signatureMismatch(
    'Specified signature does not match our calculation. ' +
      `server StringToSign is [${expected.stringToSign}] server CanonicalRequest is [${expected.canonicalRequest}]`,
  );
}

/** The message repeats the string to sign, as the message of the real ICE does. Clients must not log it. */
function signatureMismatch(message: string): ApiError {
  return new ApiError({ status: 400, code: 'SignatureDoesNotMatch', message });
}
