import { missingHeader, missingParameter, invalidParameter, Refusal, refuse, throttled } from './errors.ts';
import type { ApiRequest } from './request.ts';
import {
  isSameSignature,
  parseAuthorization,
  requiredHeaders,
  sha256,
  signV1,
  signV3,
  unsignedHeaders,
} from './signature.ts';
import type { V3Authorization } from './signature.ts';
import { fromWireTime, iceVersion, isIceAction } from './wire.ts';
import type { IceAction } from './wire.ts';

export interface EmulatorCredentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** Present for a session (STS) triple: requests must then carry exactly this token. */
  readonly securityToken?: string;
}

/** How far a request's timestamp may be from the server's clock, either way, in milliseconds. */
const allowedSkewMs = 15 * 60_000;

const systemParameters = [
  'AccessKeyId',
  'SignatureMethod',
  'SignatureVersion',
  'SignatureNonce',
  'Timestamp',
];

export interface AdmissionOptions {
  readonly credentials: readonly EmulatorCredentials[];
  /** Calls per second and action; Infinity switches the limit off. */
  readonly limits: Readonly<Record<IceAction, number>>;
}

/**
 * Decides whether a request may be performed. In this order: method and path, action and version,
 * completeness, timestamp, access key, security token, signature, nonce, call rate.
 *
 * A nonce is spent only by a request whose signature is right, and a request that is refused
 * costs nothing of the call rate.
 */
export class Admission {
  readonly #credentials: ReadonlyMap<string, EmulatorCredentials>;
  readonly #limits: Readonly<Record<IceAction, number>>;
  readonly #nonces = new NonceBook();
  readonly #windows = new Map<IceAction, { second: number; calls: number }>();

  constructor({ credentials, limits }: AdmissionOptions) {
    this.#credentials = new Map(credentials.map((credential) => [credential.accessKeyId, credential]));
    this.#limits = limits;
  }

  /** @throws {Refusal} when the request may not be performed at `now` (milliseconds since the epoch) */
  admit(request: ApiRequest, now: number): IceAction {
    const action = checkTarget(request);
    const claim = request.scheme === 'V3' ? readV3(request) : readV1(request);
    const timestamp = checkTimestamp(claim.timestamp, now);
    const credential = this.#credentials.get(claim.accessKeyId);
    if (credential === undefined) throw refuse('InvalidAccessKeyId.NotFound');
    this.#checkToken(credential, claim.securityToken);
    claim.verify(credential.accessKeySecret);
    this.#nonces.spend(`${claim.accessKeyId} ${claim.nonce}`, timestamp, now);
    this.#countCall(action, now);
    return action;
  }

  #checkToken({ securityToken: expected }: EmulatorCredentials, received: string | undefined): void {
    if (received === expected) return;
    if (received === undefined) throw refuse('MissingSecurityToken');
    const isOfAnotherKey = [...this.#credentials.values()].some((other) => other.securityToken === received);
    throw refuse(
      isOfAnotherKey ? 'InvalidSecurityToken.MismatchWithAccessKey' : 'InvalidSecurityToken.Malformed',
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

/** Remembers each nonce for 15 minutes after it could last be used. */
class NonceBook {
  readonly #expiries = new Map<string, number>();

  /** @throws {Refusal} SignatureNonceUsed */
  spend(nonce: string, timestamp: number, now: number): void {
    this.#forgetOldest(now);
    if ((this.#expiries.get(nonce) ?? -Infinity) >= now) throw refuse('SignatureNonceUsed');
    this.#expiries.set(nonce, Math.max(timestamp, now) + allowedSkewMs);
  }

  // A map keeps the order of insertion, so the oldest stand in front and each call removes few.
  #forgetOldest(now: number): void {
    for (const [nonce, expiry] of this.#expiries) {
      if (expiry >= now) return;
      this.#expiries.delete(nonce);
    }
  }
}

/** What a request says about itself; `verify` throws when it cannot have been signed with that secret. */
interface Claim {
  readonly accessKeyId: string;
  readonly securityToken: string | undefined;
  readonly nonce: string;
  readonly timestamp: string;
  readonly verify: (accessKeySecret: string) => void;
}

function checkTarget({ method, path, scheme, action, version, parameters }: ApiRequest): IceAction {
  if (method !== 'GET' && method !== 'POST') throw refuse('UnsupportedHTTPMethod');
  if (path !== '/') throw refuse('InvalidApi.NotFound');
  if (!action) throw scheme === 'V3' ? missingHeader('x-acs-action') : missingParameter('Action');
  if (!version) throw scheme === 'V3' ? missingHeader('x-acs-version') : missingParameter('Version');
  if (version !== iceVersion) throw refuse('InvalidVersion');
  if (!isIceAction(action)) throw refuse('InvalidAction.NotFound');
  const format = parameters.get('Format')?.toUpperCase() ?? 'XML';
  if (scheme === 'V1' && format !== 'JSON' && format !== 'XML') throw refuse('InvalidParameter.Format');
  return action;
}

function checkTimestamp(text: string, now: number): number {
  const timestamp = fromWireTime(text);
  if (timestamp === undefined) throw refuse('InvalidTimeStamp.Format');
  if (Math.abs(now - timestamp) > allowedSkewMs) throw refuse('InvalidTimeStamp.Expired');
  return timestamp;
}

function readV1(request: ApiRequest): Claim {
  const { parameters, method, query, form } = request;
  const value = (name: string) => parameters.get(name) ?? '';
  for (const name of systemParameters) if (value(name) === '') throw missingParameter(name);
  if (value('SignatureMethod') !== 'HMAC-SHA1') throw refuse('InvalidSignatureMethod');
  if (value('SignatureVersion') !== '1.0') throw invalidParameter('SignatureVersion');
  if (value('Signature') === '') throw refuse('IncompleteSignature');
  return {
    accessKeyId: value('AccessKeyId'),
    securityToken: parameters.get('SecurityToken') || undefined,
    nonce: value('SignatureNonce'),
    timestamp: value('Timestamp'),
    verify(accessKeySecret) {
      const expected = signV1({ method, parameters: [...query, ...form] }, accessKeySecret);
      if (isSameSignature(expected.signature, value('Signature'))) return;
      throw mismatch(
        `Specified signature is not matched with our calculation. server string to sign is:${expected.stringToSign}`,
      );
    },
  };
}

function readV3(request: ApiRequest): Claim {
  const { headers } = request;
  const value = (name: string) => headers[name] ?? '';
  for (const name of requiredHeaders) if (value(name) === '') throw missingHeader(name);
  const authorization = readAuthorization(value('authorization'));
  if (unsignedHeaders(headers, authorization.signedHeaders).length > 0) throw refuse('IncompleteSignature');
  return {
    accessKeyId: authorization.accessKeyId,
    securityToken: headers['x-acs-security-token'] || undefined,
    nonce: value('x-acs-signature-nonce'),
    timestamp: value('x-acs-date'),
    verify: (accessKeySecret) => verifyV3(request, authorization, accessKeySecret),
  };
}

function readAuthorization(text: string): V3Authorization {
  if (!text.startsWith('ACS3-HMAC-SHA256 ')) throw refuse('InvalidSignatureMethod');
  const authorization = parseAuthorization(text);
  if (authorization === undefined) throw refuse('IncompleteSignature');
  return authorization;
}

function verifyV3(request: ApiRequest, authorization: V3Authorization, accessKeySecret: string): void {
  const { signedHeaders, signature } = authorization;
  const expected = signV3({ ...request, signedHeaders }, accessKeySecret);
  const isHashRight = request.headers['x-acs-content-sha256'] === sha256(request.body);
  if (isHashRight && isSameSignature(expected.signature, signature)) return;
  throw mismatch(
    'Specified signature does not match our calculation. ' +
      `server StringToSign is [${expected.stringToSign}] server CanonicalRequest is [${expected.canonicalRequest}]`,
  );
}

/** Echoes the string to sign, as the real gateway does: callers must keep it out of their logs. */
function mismatch(message: string): Refusal {
  return new Refusal({ status: 400, code: 'SignatureDoesNotMatch', message });
}
