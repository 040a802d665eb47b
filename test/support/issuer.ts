import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  exportJWK,
  generateKeyPair,
  SignJWT,
  type CryptoKey,
  type JWK,
  type JWTHeaderParameters,
} from 'jose';

/** A key pair of an issuer. */
export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

/** Creates a key pair whose public half can stand in a key set. */
export async function createSigningKey(kid: string, alg = 'ES256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** What differs from a token that is good for an hour. */
export interface TokenOptions {
  /** `undefined` leaves a claim out. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Partial<JWTHeaderParameters>;
  readonly key?: SigningKey;
}

/** An issuer of tokens on a port of its own, with its discovery document and its keys. */
export interface Issuer {
  /** As its tokens have it. */
  readonly url: string;
  readonly key: SigningKey;
  /** The variables of a gateway that takes its tokens, for the audience `package-jobs`. */
  readonly env: Readonly<Record<string, string>>;
  /** How often its keys were asked for. */
  asked: number;
  /** The keys that it tells of. */
  keys: readonly SigningKey[];
  /** Answers for its keys in its place. */
  answer: RequestListener | undefined;
  token(options?: TokenOptions): Promise<string>;
  /** A bearer's header. */
  bearer(claims?: TokenOptions['claims']): Promise<{ authorization: string }>;
  close(): Promise<void>;
}

export async function startIssuer(first?: SigningKey): Promise<Issuer> {
  const key = first ?? (await createSigningKey('first'));
  const server = createServer((request, response) => {
    if (request.url === '/.well-known/openid-configuration') {
      response.end(JSON.stringify({ issuer: issuer.url, jwks_uri: `${issuer.url}/keys` }));
      return;
    }
    issuer.asked += 1;
    if (issuer.answer !== undefined) issuer.answer(request, response);
    else response.end(JSON.stringify({ keys: issuer.keys.map(({ jwk }) => jwk) }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const token = ({ claims = {}, header = {}, key = issuer.key }: TokenOptions = {}) => {
    const now = Math.floor(Date.now() / 1000);
    const usual = {
      iss: url,
      aud: 'package-jobs',
      sub: 'someone',
      exp: now + 3600,
      scope: 'jobs:read jobs:submit',
    };
    return new SignJWT({ ...usual, ...claims })
      .setProtectedHeader({ alg: key.alg, kid: key.kid, ...header })
      .sign(key.privateKey);
  };
  const issuer: Issuer = {
    url,
    key,
    env: { AUTH: 'jwt', JWT_ISSUER: url, JWT_AUDIENCE: 'package-jobs' },
    asked: 0,
    keys: [key],
    answer: undefined,
    token,
    bearer: async (claims = {}) => ({ authorization: `Bearer ${await token({ claims })}` }),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return issuer;
}
