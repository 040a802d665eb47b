import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import { readBody, splitUrl } from './request.ts';

/** The prefix of the paths of the discovery document and of the keys. */
export const ISSUER_PREFIX = '/.well-known/';

const DISCOVERY = `${ISSUER_PREFIX}openid-configuration`;
const KEYS = `${ISSUER_PREFIX}jwks.json`;
const ALGORITHM = 'ES256';

/** Whom the tokens are for: the gateway. */
const AUDIENCE = 'package-jobs';

/** What a bearer can be allowed. */
export const TOKEN_SCOPES = ['jobs:read', 'jobs:submit'] as const;

/** The longest time of a token, in seconds: 30 days. */
export const MAX_TOKEN_S = 30 * 86_400;

export interface TokenRequest {
  /** Whose jobs it is for: the claim `sub`. @default it has none */
  readonly owner?: string;
  /** @default jobs:read */
  readonly scopes?: readonly (typeof TOKEN_SCOPES)[number][];
  /** The only jobs that it is for: the claim `job_ids`. @default it has none */
  readonly jobIds?: readonly string[];
  /** For how long it is good, in seconds. @default 3600 */
  readonly expiresInS?: number;
}

interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

/**
 * An issuer of tokens, for development and for tests of apps. The key that signs them is made in memory when it is first needed.
 * It is never written anywhere, and gone with the process.
 */
export class TokenIssuer {
  readonly #now: () => number;
  #key: Promise<SigningKey> | undefined;

  /** @param now milliseconds since the epoch */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** A token of the issuer at this URL. */
  async issue(
    url: string,
    { owner, scopes = ['jobs:read'], jobIds, expiresInS = 3600 }: TokenRequest,
  ): Promise<string> {
    const { kid, privateKey } = await this.#signingKey();
    const issuedAt = Math.floor(this.#now() / 1000);
    const claims = {
      scope: scopes.join(' '),
      ...(owner !== undefined && { sub: owner }),
      ...(jobIds !== undefined && { job_ids: jobIds }),
    };
    return new SignJWT(claims)
      .setProtectedHeader({ alg: ALGORITHM, kid })
      .setIssuer(url)
      .setAudience(AUDIENCE)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + expiresInS)
      .sign(privateKey);
  }

  /** Answers for the discovery document and the keys. There is nothing else under {@link ISSUER_PREFIX}. */
  async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    await readBody(incoming);
    const content = await this.#contentOf(splitUrl(incoming.url ?? '/').path, issuerUrl(incoming));
    const headers = { 'content-type': 'application/json;charset=utf-8' };
    response.writeHead(content === undefined ? 404 : 200, headers).end(JSON.stringify(content ?? {}));
  }

  async #contentOf(path: string, url: string): Promise<object | undefined> {
    if (path === KEYS) return { keys: [(await this.#signingKey()).jwk] };
    if (path !== DISCOVERY) return undefined;
    return {
      issuer: url,
      jwks_uri: `${url}${KEYS}`,
      response_types_supported: ['none'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [ALGORITHM],
      scopes_supported: TOKEN_SCOPES,
    };
  }

  #signingKey(): Promise<SigningKey> {
    this.#key ??= createSigningKey();
    return this.#key;
  }
}

/** The issuer that a request has reached. */
export function issuerUrl({ socket }: Pick<IncomingMessage, 'socket'>): string {
  return `http://127.0.0.1:${String(socket.localPort)}`;
}

async function createSigningKey(): Promise<SigningKey> {
  const kid = randomUUID();
  const { privateKey, publicKey } = await generateKeyPair(ALGORITHM);
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: ALGORITHM, use: 'sig' } };
}
