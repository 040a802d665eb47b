import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { startIssuer } from '../../support/issuer.ts';
import { UPGRADE } from '../support/asked.ts';
import { JSON_TYPE, message } from '../support/wire-request.ts';
import { sendBytes } from '../support/wire-response.ts';

const COST = 1000;
const ORIGIN = 'http://localhost:3000';
const now = Date.now();

let gateway: TestGateway;
beforeAll(async () => {
  const env = { RATE_LIMIT: `${String(COST)}/60`, TRUST_PROXY: '1' };
  gateway = await startGateway({ env, now: () => now });
});
afterAll(() => gateway.close());

type Headers = Readonly<Record<string, string>>;

/** A request that is refused below GraphQL. */
interface Row {
  readonly name: string;
  readonly status: number;
  /** The request, with the headers that say who sends it. */
  readonly bytes: (client: Headers) => Buffer;
  /** Whether a page of another origin can read the refusal. @default true */
  readonly isShared?: false;
}

const post =
  (body: string, headers: Headers = {}) =>
  (client: Headers) =>
    message('POST', '/graphql', { ...JSON_TYPE, ...client, ...headers }, body);
const send =
  (method: string, target: string, headers: Headers = {}) =>
  (client: Headers) =>
    message(method, target, { ...client, ...headers });
const TYPENAME = JSON.stringify({ query: '{ __typename }' });

/** Requests for an operation, whatever comes of them. The gateway has begun with each. */
const CHARGED: readonly Row[] = [
  { name: 'a body that is no JSON', status: 400, bytes: post('{"query":') },
  { name: 'a body without an operation', status: 400, bytes: post('{}') },
  { name: 'a body that is too large', status: 413, bytes: post('x'.repeat(300_000)) },
  {
    name: 'what cannot be written as the client wants it',
    status: 406,
    bytes: post(TYPENAME, { accept: 'image/png' }),
  },
  {
    name: 'a document that does not parse',
    status: 400,
    bytes: post('{"query":"{"}', { accept: 'application/graphql-response+json' }),
  },
  {
    name: 'a mutation by GET',
    status: 405,
    bytes: send('GET', '/graphql?query=mutation%7B__typename%7D', JSON_TYPE),
  },
];

/** Requests that are no operation, or that a check refuses before the gateway looks at their operation. */
const FREE: readonly Row[] = [
  { name: 'an unknown path', status: 404, bytes: send('GET', '/nothing') },
  { name: 'a path that is no UTF-8', status: 400, bytes: send('GET', '/%ff') },
  { name: 'a path with a sign of its own', status: 400, bytes: send('GET', '/100%') },
  { name: 'a path like that of GraphQL', status: 400, bytes: send('GET', '/graphql%ff?query=a') },
  { name: 'a WebSocket at such a path', status: 400, bytes: send('GET', '/%e2%82', UPGRADE) },
  { name: 'such a path with an unknown method', status: 400, bytes: send('PROPFIND', '/%ff') },
  { name: 'a target that is no path', status: 400, bytes: send('GET', 'ftp://127.0.0.1/graphql') },
  { name: 'another method', status: 405, bytes: send('PUT', '/graphql') },
  { name: 'a method that nothing takes', status: 405, bytes: send('PROPFIND', '/graphql') },
  { name: 'another media type', status: 415, bytes: post(TYPENAME, { 'content-type': 'text/plain' }) },
  {
    name: 'another expectation',
    status: 417,
    bytes: post(TYPENAME, { expect: 'nothing' }),
  },
  { name: 'another transfer coding', status: 501, bytes: post('', { 'transfer-encoding': 'gzip, chunked' }) },
  { name: 'another host', status: 421, bytes: post(TYPENAME, { host: 'other.example' }) },
  { name: 'two hosts', status: 400, bytes: post(TYPENAME, { host: 'a, b' }) },
  { name: 'what a page could have sent', status: 400, bytes: send('GET', '/graphql?query=%7B__typename%7D') },
  {
    name: 'more headers than there may be',
    status: 431,
    bytes: post(
      TYPENAME,
      Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`x-${String(index)}`, 'a'])),
    ),
  },
  // There is no request for these, or its connection is none of HTTP any more.
  {
    name: 'a head that is too long',
    status: 431,
    isShared: false,
    bytes: post(TYPENAME, { x: 'y'.repeat(20_000) }),
  },
  { name: 'what is no HTTP', status: 400, isShared: false, bytes: () => Buffer.from('hello\r\n\r\n') },
  { name: 'a tunnel', status: 405, isShared: false, bytes: send('CONNECT', 'a.example:443') },
  {
    name: 'a WebSocket without a key',
    status: 400,
    isShared: false,
    bytes: send('GET', '/graphql', { ...UPGRADE, 'sec-websocket-key': '' }),
  },
  {
    name: 'a WebSocket of a page that may open none',
    status: 403,
    isShared: false,
    bytes: send('GET', '/graphql', { ...UPGRADE, origin: 'https://attacker.example' }),
  },
];

/** Node's parser refuses it in the middle, when the gateway has begun with it. */
const BEGUN: Row = {
  name: 'a chunk without a length',
  status: 400,
  isShared: false,
  bytes: (client) =>
    Buffer.concat([
      message('POST', '/graphql', { ...JSON_TYPE, ...client, 'transfer-encoding': 'chunked' }),
      Buffer.from('zz\r\n'),
    ]),
};

let clients = 0;
function newClient(): Headers {
  clients += 1;
  return { 'x-forwarded-for': `192.0.2.${String(clients)}`, origin: ORIGIN };
}

/** What a client has left by the header of a response. `undefined`: it does not say. */
const leftBy = ({ headers }: { readonly headers: Headers }) =>
  /^"RATE_LIMIT";r=(\d+)/.exec(headers['ratelimit'] ?? '')?.[1];

async function refusalOf({ bytes, isShared, status }: Row) {
  const client = newClient();
  const response = await sendBytes(gateway.url, bytes(client));
  const { errors } = JSON.parse(response.body) as { errors: { extensions: Record<string, unknown> }[] };
  expect(response.status).toBe(status);
  expect(errors[0]?.extensions).toMatchObject({ code: expect.any(String), retryable: false });
  expect(response.headers).toMatchObject({
    'x-request-id': errors[0]?.extensions['requestId'],
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    ...(isShared !== false && { 'access-control-allow-origin': ORIGIN }),
  });
  const next = await sendBytes(gateway.url, post(TYPENAME, { 'x-upstream-receipt': '1' })(client));
  return { told: leftBy(response), charged: COST - 1 - Number(leftBy(next)) };
}

describe('a refusal below GraphQL', () => {
  it.for(CHARGED)('of $name costs 1, and says what is left', async (row) => {
    expect(await refusalOf(row)).toEqual({ told: String(COST - 1), charged: 1 });
  });

  it.for(FREE)('of $name costs nothing, and tells of no limit', async (row) => {
    expect(await refusalOf(row)).toEqual({ told: undefined, charged: 0 });
  });

  it('of a body that is no HTTP any more costs 1, and tells of no limit', async () => {
    expect(await refusalOf(BEGUN)).toEqual({ told: undefined, charged: 1 });
  });

  it('for want of a token costs nothing, and tells of no limit', async () => {
    const issuer = await startIssuer();
    const closed = await startGateway({ env: { ...issuer.env, RATE_LIMIT: `${String(COST)}/60` } });
    const refused = await closed.query('{ __typename }');
    const accepted = await closed.query('{ __typename }', {}, await issuer.bearer());
    expect([refused.status, refused.headers.get('ratelimit'), accepted.headers.get('ratelimit')]).toEqual([
      401,
      null,
      expect.stringContaining(`r=${String(COST - 1)}`),
    ]);
    await closed.close();
    await issuer.close();
  });
});
