import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';

type Headers = Readonly<Record<string, string>>;

/** Two sets of headers of one request, and whether they ask for one response. */
interface Pair {
  readonly name: string;
  readonly first: Headers;
  readonly second: Headers;
}

const JSON_TYPE = { 'content-type': 'application/json' };

const NOT_SELECTING: readonly Pair[] = [
  { name: 'another allowed host', first: { host: '127.0.0.1' }, second: { host: 'localhost:4000' } },
  {
    name: 'a parameter of the media type',
    first: JSON_TYPE,
    second: { 'content-type': 'application/json; charset=utf-8' },
  },
  {
    name: 'the media type in other letters',
    first: JSON_TYPE,
    second: { 'content-type': 'Application/JSON' },
  },
  { name: 'the name of the operation', first: {}, second: { 'x-apollo-operation-name': 'Job' } },
  { name: 'a wish for a preflight', first: {}, second: { 'apollo-require-preflight': 'true' } },
  { name: 'another user agent', first: { 'user-agent': 'a' }, second: { 'user-agent': 'b' } },
  { name: 'an id of the request', first: { 'x-request-id': 'a' }, second: { 'x-request-id': 'b' } },
];

const SELECTING: readonly Pair[] = [
  {
    name: 'accept',
    first: { accept: 'application/json' },
    second: { accept: 'application/graphql-response+json' },
  },
  { name: 'no accept', first: { accept: 'application/json' }, second: {} },
  { name: 'origin', first: { origin: 'http://localhost:1' }, second: { origin: 'http://localhost:2' } },
  { name: 'no origin', first: { origin: 'http://localhost:1' }, second: {} },
  { name: 'authorization', first: { authorization: 'a' }, second: { authorization: 'b' } },
  { name: 'no authorization', first: { authorization: 'a' }, second: {} },
  { name: 'cookie', first: { cookie: 'a=1' }, second: { cookie: 'a=2' } },
  { name: 'no cookie', first: { cookie: 'a=1' }, second: {} },
  { name: 'a value under another name', first: { authorization: 'a' }, second: { cookie: 'a' } },
];

describe('requests for one operation', () => {
  let gateway: TestGateway;
  let inMemory = 0;
  let asked: Readonly<Record<'POST' | 'GET', { readonly path: string; readonly body: string }>>;
  beforeAll(async () => {
    gateway = await startGateway({
      // Without prepared operations, whatever is answered from memory was stored.
      env: { JIT: 'off', ANSWERS_MAX_MB: '64' },
      onLogLine: (line) => (inMemory += Number(line.includes('answered from memory'))),
    });
  });
  afterAll(() => gateway.close());
  beforeEach(() => {
    const id = gateway.emulator.jobs.add({
      createTime: Date.now() - 60_000,
      finishTime: Date.now() - 1000,
    });
    const query = `query Job { packageJob(id: "${id}") { id } }`;
    const search = new URLSearchParams({ query });
    asked = {
      POST: { path: '/graphql', body: JSON.stringify({ query }) },
      GET: { path: `/graphql?${search.toString()}`, body: '' },
    };
    inMemory = 0;
  });

  /** Asks once, and tells how many requests were answered from memory so far. */
  async function ask(method: 'POST' | 'GET', headers: Headers): Promise<number> {
    const { path, body } = asked[method];
    const all = { ...(method === 'POST' ? JSON_TYPE : { 'apollo-require-preflight': '1' }), ...headers };
    const length = { 'content-length': String(Buffer.byteLength(body)) };
    const options = { method, agent: false, headers: { ...all, ...(method === 'POST' && length) } };
    const outgoing = request(gateway.url + path, options);
    const responded = once(outgoing, 'response') as Promise<[IncomingMessage]>;
    outgoing.end(body);
    const [response] = await responded;
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
    expect([response.statusCode, text]).toMatchObject([200, expect.stringContaining('"data"')]);
    return inMemory;
  }

  describe.for(['POST', 'GET'] as const)('by %s', (method) => {
    it.for(NOT_SELECTING)(
      'share one response whatever this header says: $name',
      async ({ first, second }) => {
        expect(await ask(method, first)).toBe(0);
        expect(await ask(method, second)).toBe(1);
        expect(await ask(method, first)).toBe(2);
      },
    );

    it.for(SELECTING)(
      'have responses of their own where this header differs: $name',
      async ({ first, second }) => {
        expect(await ask(method, first)).toBe(0);
        expect(await ask(method, second)).toBe(0);
        // Each is stored beside the other.
        expect(await ask(method, first)).toBe(1);
        expect(await ask(method, second)).toBe(2);
      },
    );
  });
});
