import { hash } from 'node:crypto';
import {
  decodeJwt,
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from 'jose';
import { LRUCache } from 'lru-cache';
import { BOUNDS } from '../../bounds.ts';
import type { Principal } from '../client.ts';
import { SignatureError, TokenError } from './errors.ts';
import type { IssuerKeys } from './issuer-keys.ts';
import { ID_BYTES, type Claims, type ReadPrincipal } from './principal.ts';
import { createVerifications } from './verifications.ts';

/** An issuer whose tokens are accepted. */
export interface Issuer {
  /** As tokens have it, to the letter. */
  readonly issuer: string;
  /** A token is for one of them. */
  readonly audiences: readonly string[];
  /** The claim that names it, as a text or in a list. @default aud */
  readonly audienceClaim?: string;
  readonly keys: IssuerKeys;
}

export interface TokensOptions {
  readonly issuers: readonly Issuer[];
  readonly algorithms: readonly string[];
  readonly clockSkewS: number;
  readonly readPrincipal: ReadPrincipal;
  /** The clock, in milliseconds since 1970. */
  readonly now: () => number;
}

/** Says whom tokens are for. */
export interface Tokens {
  /**
   * Whom a token is for. It is known at once when the token was verified before.
   *
   * @param client the address that sent it, whose turn it takes
   * @throws {TokenError} when it is not accepted, at once or later
   * @throws {KeysUnavailableError} when the keys of its issuer cannot be had, later
   * @throws {RateLimitedError} when too many tokens of the client wait, or did not verify, at once or later
   */
  principalOf(token: string, client: string): Principal | Promise<Principal>;
  /** Whether a token is still accepted whose principal this is. */
  isCurrent(principal: Principal): boolean;
}

/** A token that was refused. */
interface Refused {
  /** Why, as its bearer is told. */
  readonly message: string;
  /** How long it is refused without being looked at, in milliseconds since 1970. */
  readonly until: number;
}

/** How long a token is refused without being looked at, in milliseconds. Its issuer may get other keys. */
const REFUSED_MS = 30_000;

/** About what a refused token takes in memory with its hash, in bytes. All messages are the same few texts. */
const REFUSED_BYTES = 300;

/** About what a principal takes in memory with its hash, in bytes, besides its texts. */
const PRINCIPAL_BYTES = 400;

/** The last second that is taken for an expiry: a time that dates can have. */
const LAST_SECOND = 253_402_300_799;

export function createTokens(options: TokensOptions): Tokens {
  const { readPrincipal, now } = options;
  const issuers = new Map(options.issuers.map((issuer) => [issuer.issuer, issuer]));
  /** By the hash of the token, so that no token is kept. */
  const remembered = new LRUCache<string, Principal>({
    maxSize: BOUNDS.rememberedTokens.max,
    sizeCalculation: ({ issuer, subject = '', view }) =>
      PRINCIPAL_BYTES + issuer.length + subject.length + ID_BYTES * (view.jobIds?.size ?? 0),
  });
  /** Apps whose token is refused send it again and again. */
  const refused = new LRUCache<string, Refused>({
    maxSize: BOUNDS.refusedTokens.max,
    sizeCalculation: () => REFUSED_BYTES,
  });
  const isCurrent = ({ endsAt }: Principal) => now() < endsAt;
  const verifications = createVerifications(now);

  function claimsOf(token: NewToken): Promise<Claims> {
    const issuer = issuers.get(issuerIn(token.token));
    if (issuer === undefined) throw new TokenError('The issuer of the token is not accepted here');
    return readClaims(token, issuer, options);
  }

  async function verify(token: string, digest: string, client: string): Promise<Principal> {
    try {
      const claims = await verifications.run(client, async (turn) => claimsOf({ token, client, turn }));
      const principal = readPrincipal(claims);
      remembered.set(digest, principal);
      return principal;
    } catch (error) {
      if (error instanceof SignatureError || isExpired(error))
        refused.set(digest, { message: error.message, until: now() + REFUSED_MS });
      throw error;
    }
  }

  function throwIfRefused(digest: string): void {
    const found = refused.get(digest);
    if (found === undefined) return;
    if (now() < found.until) throw new TokenError(found.message);
    refused.delete(digest);
  }

  return {
    isCurrent,
    principalOf(token, client) {
      if (token.length > BOUNDS.token.max)
        throw new TokenError(`The token has more than ${String(BOUNDS.token.max)} characters`);
      const digest = hash('sha256', token, 'base64');
      const known = remembered.get(digest);
      if (known !== undefined) {
        if (isCurrent(known)) return known;
        remembered.delete(digest);
        throw new TokenError(EXPIRED);
      }
      throwIfRefused(digest);
      verifications.check(client);
      return verify(token, digest, client);
    },
  };
}

export const EXPIRED = 'The token has expired';
const isExpired = (error: unknown): error is TokenError =>
  error instanceof TokenError && error.message === EXPIRED;
const MALFORMED = 'The token is no signed JWT';
const OTHER_AUDIENCE = 'The token is for another audience';

/** The issuer that a token names. Nothing of the token is verified by then. */
function issuerIn(token: string): string {
  try {
    return String(decodeJwt(token).iss);
  } catch {
    throw new TokenError(MALFORMED);
  }
}

/** A token that was not verified before. */
interface NewToken {
  readonly token: string;
  readonly client: string;
  /** Has to be awaited ahead of looking at the signature. */
  readonly turn: () => Promise<void>;
}

async function readClaims(
  token: NewToken,
  { issuer, audiences, audienceClaim = 'aud', keys }: Issuer,
  { algorithms, clockSkewS, now }: TokensOptions,
): Promise<Claims> {
  const rules: JWTVerifyOptions = {
    issuer,
    // jose knows no other claim for it.
    ...(audienceClaim === 'aud' && { audience: [...audiences] }),
    algorithms: [...algorithms],
    clockTolerance: clockSkewS,
    currentDate: new Date(now()),
    requiredClaims: ['exp', audienceClaim],
  };
  const claims = await verifyBy(token, keys, rules).catch((error: unknown) => {
    throw refusalOf(error);
  });
  const named = new Set<unknown>([claims[audienceClaim]].flat());
  if (!audiences.some((audience) => named.has(audience))) throw new TokenError(OTHER_AUDIENCE);
  const { exp = Infinity } = claims;
  if (exp > LAST_SECOND) throw new TokenError('The claim `exp` of the token is no time');
  return { ...claims, iss: issuer, exp };
}

async function verifyBy(
  { token, client, turn }: NewToken,
  keys: IssuerKeys,
  rules: JWTVerifyOptions,
): Promise<JWTPayload> {
  const getKey: JWTVerifyGetKey = async (header, jws) => {
    const key = await keys.getKey(header, jws, client);
    await turn();
    return key;
  };
  try {
    return (await jwtVerify(token, getKey, rules)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    await turn();
    return verifyByOneOf(token, error, rules);
  }
}

/** A token that names no key can be signed by any key of its algorithm. */
async function verifyByOneOf(
  token: string,
  keys: errors.JWKSMultipleMatchingKeys,
  rules: JWTVerifyOptions,
): Promise<JWTPayload> {
  let tried = 0;
  for await (const key of keys) {
    try {
      return (await jwtVerify(token, key, rules)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
    tried += 1;
    if (tried >= BOUNDS.keysTried.max) break;
  }
  throw new errors.JWSSignatureVerificationFailed();
}

/** What a bearer is told of a token that jose refuses. */
function refusalOf(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) return new TokenError(EXPIRED);
  if (error instanceof errors.JWTClaimValidationFailed) return new TokenError(claimRefusal(error));
  if (error instanceof errors.JOSEAlgNotAllowed)
    return new TokenError('The algorithm of the token is not accepted here');
  if (error instanceof errors.JWKSNoMatchingKey)
    return new TokenError('The token is signed by a key that its issuer does not have');
  if (error instanceof errors.JWSSignatureVerificationFailed) return new SignatureError();
  if (error instanceof errors.JOSEError) return new TokenError(MALFORMED);
  // What WebCrypto says of a key that cannot verify, such as one that is too short.
  if (error instanceof TypeError || error instanceof DOMException) return new SignatureError();
  return error;
}

function claimRefusal({ claim, reason }: errors.JWTClaimValidationFailed): string {
  if (reason === 'missing') return `The token has no claim \`${claim}\``;
  if (claim === 'nbf' && reason === 'check_failed') return 'The token is not valid yet';
  if (claim === 'aud') return OTHER_AUDIENCE;
  return `The claim \`${claim}\` of the token is not accepted`;
}
