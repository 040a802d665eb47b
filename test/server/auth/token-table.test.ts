import { createHmac, createPublicKey } from 'node:crypto';
import { CompactEncrypt, importJWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { createSigningKey, startIssuer, type Issuer, type SigningKey } from '../../support/issuer.ts';
import { openSocket } from '../../support/socket.ts';

const QUERY = '{ packageJob(id: "ab4802364a2e49208c99efab82dfa8e8") { id status } }';

let issuer: Issuer;
let other: Issuer;
let stranger: SigningKey;
let gateway: TestGateway;
let finished: string;

beforeAll(async () => {
  issuer = await startIssuer();
  other = await startIssuer(await createSigningKey('other', 'RS256'));
  stranger = await createSigningKey('first');
  gateway = await startGateway({
    env: {
      AUTH: 'jwt',
      JWT_ISSUER: `${issuer.url},${other.url}`,
      JWT_AUDIENCE: 'package-jobs,package-jobs',
      JWT_CLOCK_SKEW_S: '0',
    },
  });
  finished = gateway.emulator.jobs.add({ createTime: 0, finishTime: Date.now() - 1000 });
});

afterAll(async () => {
  await gateway.close();
  await issuer.close();
  await other.close();
});

const seconds = () => Math.floor(Date.now() / 1000);

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token by hand, with any header and any signature. */
function forged(header: object, claims: object, sign: (input: string) => string): string {
  const input = `${part(header)}.${part(claims)}`;
  return `${input}.${sign(input)}`;
}

const claims = () => ({
  iss: issuer.url,
  aud: 'package-jobs',
  sub: 'someone',
  exp: seconds() + 60,
  scope: 'jobs:read',
});

/** HMAC with the public key of the issuer as its secret. */
async function hmacByPublicKey(): Promise<string> {
  const pem = createPublicKey({ key: other.key.jwk, format: 'jwk' })
    .export({ type: 'spki', format: 'pem' })
    .toString();
  return forged({ alg: 'HS256', kid: 'other' }, { ...claims(), iss: other.url }, (input) =>
    createHmac('sha256', pem).update(input).digest('base64url'),
  );
}

async function encrypted(): Promise<string> {
  const key = await importJWK({ ...other.key.jwk, alg: 'RSA-OAEP-256', use: 'enc' });
  return new CompactEncrypt(Buffer.from(JSON.stringify(claims())))
    .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' })
    .encrypt(key);
}

interface Row {
  readonly name: string;
  readonly token: () => Promise<string> | string;
  /** `undefined`: it is accepted. */
  readonly problem: string | undefined;
}

const JWS_HEADERS = ['jku', 'x5u'] as const;

const ROWS: readonly Row[] = [
  { name: 'is good', token: () => issuer.token(), problem: undefined },
  { name: 'is good, of the other issuer', token: () => other.token(), problem: undefined },
  {
    name: 'names its audience in a list',
    token: () => issuer.token({ claims: { aud: ['a', 'package-jobs'] } }),
    problem: undefined,
  },
  {
    name: 'expires at a fraction of a second',
    token: () => issuer.token({ claims: { exp: seconds() + 60.5 } }),
    problem: undefined,
  },
  {
    name: 'names no key',
    token: () => issuer.token({ header: { kid: undefined as never } }),
    problem: undefined,
  },
  {
    name: 'is not signed (`alg: none`)',
    token: () => forged({ alg: 'none' }, claims(), () => ''),
    problem: 'The algorithm of the token is not accepted here',
  },
  {
    name: 'has HS256 with the public key as its secret',
    token: hmacByPublicKey,
    problem: 'The algorithm of the token is not accepted here',
  },
  {
    name: 'names a key that its issuer does not have',
    token: () => issuer.token({ header: { kid: 'none' } }),
    problem: 'The token is signed by a key that its issuer does not have',
  },
  {
    name: 'is signed by a stranger under a known key id',
    token: () => issuer.token({ key: stranger }),
    problem: 'The signature of the token does not verify',
  },
  {
    name: 'is signed by the key of the other issuer',
    token: () => issuer.token({ key: other.key }),
    problem: 'The token is signed by a key that its issuer does not have',
  },
  {
    name: 'is signed by the other issuer under this one’s key id',
    token: () => issuer.token({ key: { ...other.key, kid: 'first' } }),
    problem: 'The token is signed by a key that its issuer does not have',
  },
  ...JWS_HEADERS.map((header) => ({
    name: `tells by \`${header}\` where a key of its own is`,
    token: () => issuer.token({ key: stranger, header: { [header]: `${other.url}/keys` } }),
    problem: 'The signature of the token does not verify',
  })),
  {
    name: 'brings its own key (`jwk`)',
    token: () => issuer.token({ key: stranger, header: { jwk: stranger.jwk } }),
    problem: 'The signature of the token does not verify',
  },
  {
    name: 'asks for what nobody understands (`crit`)',
    token: async () => {
      const [, payload = '', signature = ''] = (await issuer.token()).split('.');
      const header = { alg: 'ES256', kid: 'first', crit: ['x'], x: true };
      return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}.${signature}`;
    },
    problem: 'The token is no signed JWT',
  },
  {
    name: 'has expired',
    token: () => issuer.token({ claims: { exp: seconds() - 1 } }),
    problem: 'The token has expired',
  },
  {
    name: 'never expires',
    token: () => issuer.token({ claims: { exp: undefined } }),
    problem: 'The token has no claim `exp`',
  },
  {
    name: 'expires at a text',
    token: () => issuer.token({ claims: { exp: String(seconds() + 60) } }),
    problem: 'The claim `exp` of the token is not accepted',
  },
  {
    name: 'expires after the end of time',
    token: () => issuer.token({ claims: { exp: 1e300 } }),
    problem: 'The claim `exp` of the token is no time',
  },
  {
    name: 'is not valid yet',
    token: () => issuer.token({ claims: { nbf: seconds() + 60 } }),
    problem: 'The token is not valid yet',
  },
  {
    name: 'is for another audience',
    token: () => issuer.token({ claims: { aud: 'others' } }),
    problem: 'The token is for another audience',
  },
  {
    name: 'is for a list of other audiences',
    token: () => issuer.token({ claims: { aud: ['a', 'b'] } }),
    problem: 'The token is for another audience',
  },
  {
    name: 'names no audience',
    token: () => issuer.token({ claims: { aud: undefined } }),
    problem: 'The token has no claim `aud`',
  },
  {
    name: 'has an issuer with a slash more',
    token: () => issuer.token({ claims: { iss: `${issuer.url}/` } }),
    problem: 'The issuer of the token is not accepted here',
  },
  {
    name: 'names no issuer',
    token: () => issuer.token({ claims: { iss: undefined } }),
    problem: 'The issuer of the token is not accepted here',
  },
  {
    name: 'has a list of issuers',
    token: () => issuer.token({ claims: { iss: [issuer.url] } }),
    problem: 'The claim `iss` of the token is not accepted',
  },
  { name: 'is encrypted (JWE)', token: encrypted, problem: 'The token is no signed JWT' },
  { name: 'is no JWT', token: () => 'abc', problem: 'The token is no signed JWT' },
  { name: 'is three dots', token: () => 'a.b.c', problem: 'The token is no signed JWT' },
  {
    name: 'has more than 8,192 characters',
    token: () => issuer.token({ claims: { roles: 'x'.repeat(8192) } }),
    problem: 'The token has more than 8192 characters',
  },
];

const CHALLENGE = 'Bearer realm="package-job-gateway"';

const ACCEPTED = {
  status: 200,
  problem: undefined,
  code: undefined,
  retryable: undefined,
  challenge: null,
};

const refusedFor = (problem: string) => ({
  status: 401,
  problem,
  code: 'UNAUTHENTICATED',
  retryable: false,
  challenge: `${CHALLENGE}, error="invalid_token", error_description="${problem}"`,
});

interface Told {
  readonly message: string;
  readonly extensions: { readonly code: string; readonly retryable: boolean };
}

const SUBSCRIPTION = 'subscription ($ids: [ID!]!) { packageJobUpdated(ids: $ids) { id status } }';

/** The requests for a stream. */
const STREAMS = [
  { method: 'POST', accept: 'text/event-stream' },
  { method: 'GET', accept: 'text/event-stream' },
  { method: 'POST', accept: 'multipart/mixed;subscriptionSpec="1.0"' },
] as const;

/** How a stream is answered that is asked for with a token. The job has ended, so that the stream ends too. */
async function answerOf({ method, accept }: (typeof STREAMS)[number], authorization: string) {
  const headers = { authorization, accept, 'content-type': 'application/json' };
  const url = new URL(`${gateway.url}/graphql`);
  const variables = { ids: [finished] };
  if (method === 'GET') {
    url.searchParams.set('query', SUBSCRIPTION);
    url.searchParams.set('variables', JSON.stringify(variables));
  }
  const body = method === 'GET' ? null : JSON.stringify({ query: SUBSCRIPTION, variables });
  const response = await fetch(url, { method, headers, body });
  const text = await response.text();
  const isStream = text.includes('"SUCCESS"');
  const { errors: [error] = [] } = isStream ? {} : (JSON.parse(text) as { errors?: Told[] });
  return {
    status: response.status,
    problem: error?.message,
    code: error?.extensions.code,
    retryable: error?.extensions.retryable,
    challenge: response.headers.get('www-authenticate'),
  };
}

describe('a token that', () => {
  it.for(ROWS)(
    '$name has the code that it should by each transport, for one verification at most',
    async ({ token, problem }) => {
      const authorization = `Bearer ${await token()}`;
      const expected = problem === undefined ? ACCEPTED : refusedFor(problem);
      const verify = vi.spyOn(crypto.subtle, 'verify');
      onTestFinished(() => verify.mockRestore());
      for (const scheme of ['Bearer', 'bearer']) {
        const header = authorization.replace('Bearer', scheme);
        const answer = await gateway.query(QUERY, {}, { authorization: header });
        const { code, retryable } = answer.errors?.[0]?.extensions ?? {};
        expect({
          status: answer.status,
          problem: answer.errors?.[0]?.message,
          code,
          retryable,
          challenge: answer.headers.get('www-authenticate'),
        }).toEqual(expected);
      }
      for (const stream of STREAMS) expect(await answerOf(stream, authorization)).toEqual(expected);
      const closed = await initialize({ authorization });
      const reason = problem === undefined ? undefined : `UNAUTHENTICATED: ${problem}`;
      expect(closed).toEqual(reason === undefined ? 'acknowledged' : { code: 4403, reason });
      // It was sent six times. One that is accepted is remembered.
      expect(verify.mock.calls.length).toBeLessThanOrEqual(problem === undefined ? 1 : 6);
      // At the start, and once more for keys that nobody knows.
      for (const { asked } of [issuer, other]) expect(asked).toBeLessThanOrEqual(2);
    },
  );
});

/** What comes of a WebSocket whose first message has this payload. */
async function initialize(
  payload: object,
  headers: Record<string, string> = {},
): Promise<'acknowledged' | { code: number; reason: string }> {
  const { socket, send, message, closed } = await openSocket(gateway.url, { isSilent: true, headers });
  send({ type: 'connection_init', payload });
  const result = await Promise.race([
    message(({ type }) => type === 'connection_ack').then(
      () => 'acknowledged' as const,
      () => closed,
    ),
    closed,
  ]);
  socket.close();
  return result;
}

describe('a WebSocket', () => {
  it('may bring its token in the header, in the first message, or the same in both', async () => {
    const headers = await issuer.bearer();
    expect(await initialize({}, headers)).toBe('acknowledged');
    expect(await initialize({ Authorization: headers.authorization })).toBe('acknowledged');
    expect(await initialize(headers, headers)).toBe('acknowledged');
  });

  it('that brings two tokens, or none, is closed with 4403', async () => {
    const [headers, others] = [await issuer.bearer(), await issuer.bearer({ sub: 'another' })];
    expect(await initialize(others, headers)).toMatchObject({ code: 4403 });
    expect(await initialize({})).toMatchObject({ code: 4403 });
    expect(await initialize({ authorization: 5 })).toMatchObject({ code: 4403 });
  });
});
