import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { request } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { sha256 } from '../../support/hash.ts';

const START = Date.now();
let now = START;
let gateway: TestGateway;
/** Jobs made for each test. */
let finished: string;
let unfinished: string;

beforeAll(async () => {
  gateway = await startGateway({ now: () => now });
});
afterAll(() => gateway.close());
beforeEach(() => {
  finished = gateway.emulator.jobs.add({ createTime: now - 60_000, finishTime: now - 1000 });
  unfinished = gateway.emulator.jobs.add({ createTime: now - 42_000, finishTime: Infinity });
});

const PREFLIGHTED = { 'apollo-require-preflight': '1' };

interface Seen {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

/** Sends just these headers; fetch adds some that have to do with caches. */
function send(
  method: string,
  parameters: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Seen> {
  const isPost = method === 'POST';
  const { promise, resolve, reject } = Promise.withResolvers<Seen>();
  const search = isPost ? '' : `?${new URLSearchParams(parameters).toString()}`;
  const outgoing = request(
    `${gateway.url}/graphql${search}`,
    {
      method,
      headers: isPost ? { 'content-type': 'application/json', ...headers } : { ...PREFLIGHTED, ...headers },
    },
    (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () => {
        const seen = response.headers as Record<string, string>;
        resolve({ status: response.statusCode ?? 0, headers: seen, body: Buffer.concat(chunks) });
      });
    },
  );
  outgoing.once('error', reject);
  outgoing.end(isPost ? JSON.stringify(parameters) : undefined);
  return promise;
}

const get = (query: string, headers?: Record<string, string>) => send('GET', { query }, headers);
const ask = (...ids: string[]) => `{ packageJobsById(ids: ${JSON.stringify(ids)}) { id status observedAt } }`;

const many = () => `{ packageJobsById(ids: ${JSON.stringify(Array(20).fill(finished))}) { id name status } }`;

describe('Cache-Control', () => {
  const cases: readonly (readonly [string, () => string, string])[] = [
    ['finished jobs', () => ask(finished), 'max-age=86400'],
    // A tenth of its age.
    ['an unfinished job', () => ask(unfinished), 'max-age=4'],
    ['jobs of both kinds: the shorter', () => ask(finished, unfinished), 'max-age=4'],
    ['jobs of both kinds, the other way round', () => ask(unfinished, finished), 'max-age=4'],
    ['an id of no job', () => ask(finished, 'no-such-job'), 'max-age=1'],
    ['a page, which may have another job at any time', () => '{ packageJobs { nodes { id } } }', 'no-cache'],
    [
      'a page beside a job',
      () => `{ packageJobs { nodes { id } } packageJob(id: "${finished}") { id } }`,
      'no-cache',
    ],
    ['no job', () => '{ __typename }', 'no-cache'],
    ['a job that was waited for', () => `{ packageJob(id: "${finished}", wait: {}) { id } }`, 'no-store'],
    ['an error', () => '{ packageJob(id: "a b") { id } }', 'no-store'],
    ['what is refused', () => '{ nothing }', 'no-store'],
  ];

  it.for(cases)('of %s', async ([, query, expected]) => {
    for (let time = 0; time < 4; time += 1) {
      expect((await get(query())).headers['cache-control']).toBe(expected);
      expect((await send('POST', { query: query() })).headers['cache-control']).toBe(expected);
    }
  });

  it('of a finished job counts from when it was read', async () => {
    await get(ask(finished));
    now += 90_000;
    expect((await get(`# anew\n${ask(finished)}`)).headers['cache-control']).toBe('max-age=86310');
  });

  it('never lets a shared cache keep what was asked for with credentials', async () => {
    for (const credentials of [{ authorization: 'Bearer example' }, { cookie: 'session=example' }]) {
      const first = await get(ask(finished), credentials);
      const second = await get(ask(finished), credentials);
      expect(first.headers['cache-control']).toBe('private, max-age=86400');
      expect(second.headers['cache-control']).toBe('private, max-age=86400');
      expect((await get('{ packageJobs { nodes { id } } }', credentials)).headers['cache-control']).toBe(
        'private, no-cache',
      );
    }
  });

  it('is no-store for a persisted query that is not known, and for the one that makes it known', async () => {
    const query = ask(finished);
    const extensions = JSON.stringify({ persistedQuery: { version: 1, sha256Hash: sha256(query) } });
    const miss = await send('GET', { extensions });
    const known = await send('GET', { query, extensions });
    const hit = await send('GET', { extensions });
    expect([miss, known, hit].map(({ headers }) => headers['cache-control'])).toEqual([
      'no-store',
      'no-store',
      'max-age=86400',
    ]);
  });

  it('is no-store with a receipt, and the receipt is made for each request', async () => {
    await get(ask(finished));
    for (const cacheHits of [1, 1]) {
      const { headers, body } = await get(ask(finished), { 'x-upstream-receipt': '1' });
      expect(headers['cache-control']).toBe('no-store');
      expect(JSON.parse(body.toString())).toMatchObject({
        extensions: { upstream: { calls: 0, cacheHits } },
      });
    }
  });
});

describe('Vary', () => {
  it('names what an answer to one URL depends on, in every answer of GraphQL', async () => {
    for (const query of [ask(finished), ask(finished), '{ nothing }']) {
      const { headers } = await get(query);
      expect(headers['vary']).toBe(
        'Origin, Accept, Accept-Encoding, Authorization, Cookie, Prefer, X-Upstream-Receipt',
      );
    }
  });
});

describe('If-None-Match', () => {
  it.for(['GET', 'HEAD'])('is answered to %s with 304 while the content is the same', async (method) => {
    const query = ask(finished);
    const { etag = '' } = (await send(method, { query })).headers;
    expect(etag).toMatch(/^W\/"[^"]+"$/);
    for (const tag of [etag, `"other", ${etag}`, etag.slice(2), '*']) {
      const { status, headers, body } = await send(method, { query }, { 'if-none-match': tag });
      expect({ status, length: body.length }).toEqual({ status: 304, length: 0 });
      expect(headers).toMatchObject({ etag, 'cache-control': 'max-age=86400', vary: expect.any(String) });
      expect(headers).not.toHaveProperty('content-length');
    }
    expect((await send(method, { query }, { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('is answered with the whole answer once the content has changed', async () => {
    const query = ask(unfinished);
    const { etag = '' } = (await get(query)).headers;
    gateway.emulator.jobs.finish(unfinished, { status: 'Success' });
    now += 1000;
    const { status, headers, body } = await get(query, { 'if-none-match': etag });
    expect(status).toBe(200);
    expect(headers['etag']).not.toBe(etag);
    expect(body.toString()).toContain('SUCCESS');
  });

  it('is answered with 304 for a persisted query too', async () => {
    const query = ask(finished);
    const extensions = JSON.stringify({ persistedQuery: { version: 1, sha256Hash: sha256(query) } });
    await send('POST', { query, extensions: JSON.parse(extensions) });
    const { etag = '' } = (await send('GET', { extensions })).headers;
    for (let time = 0; time < 3; time += 1) {
      expect((await send('GET', { extensions }, { 'if-none-match': etag })).status).toBe(304);
    }
  });

  it('is for GET and HEAD: a POST has no entity tag, and its whole answer each time', async () => {
    for (let time = 0; time < 3; time += 1) {
      const { status, headers } = await send('POST', { query: ask(finished) }, { 'if-none-match': '*' });
      expect(status).toBe(200);
      expect(headers).not.toHaveProperty('etag');
    }
  });

  it('is not heeded when the client wants a new answer from end to end', async () => {
    const query = ask(finished);
    const { etag = '' } = (await get(query)).headers;
    const headers = { 'if-none-match': etag, 'cache-control': 'no-cache' };
    expect((await get(query, headers)).status).toBe(200);
  });
});

describe('a body over 1 KiB', () => {
  const decoders: Record<string, (body: Buffer) => Buffer> = {
    br: brotliDecompressSync,
    gzip: gunzipSync,
    none: (body) => body,
  };

  it.for([
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip', 'gzip'],
    ['br;q=0.5, gzip', 'gzip'],
    ['br;q=0, gzip;q=0', 'none'],
    ['identity', 'none'],
    ['zstd', 'none'],
    ['', 'none'],
  ])('goes out to who accepts "%s" as %s, anew and kept', async ([accept = '', expected = '']) => {
    const query = many();
    const plain = await get(query);
    for (const send of [get, get, get]) {
      const { headers, body } = await send(query, { 'accept-encoding': accept });
      expect(headers['content-encoding'] ?? 'none').toBe(expected);
      expect(decoders[expected]?.(body).toString()).toBe(plain.body.toString());
      expect(headers['etag']).toBe(plain.headers['etag']);
      expect(Number(headers['content-length'])).toBe(body.length);
      expect(body.length < plain.body.length).toBe(expected !== 'none');
    }
  });

  it('is compressed for POST as well, and a smaller one is not', async () => {
    const accept = { 'accept-encoding': 'gzip' };
    const large = await send('POST', { query: many() }, accept);
    const small = await send('POST', { query: ask(finished) }, accept);
    expect(large.headers['content-encoding']).toBe('gzip');
    expect(small.headers).not.toHaveProperty('content-encoding');
  });
});

describe('HEAD', () => {
  it('is answered with the headers of GET and no body', async () => {
    const query = ask(finished);
    const { headers: expected } = await get(query);
    const { status, headers, body } = await send('HEAD', { query });
    expect({ status, length: body.length }).toEqual({ status: 200, length: 0 });
    for (const name of ['etag', 'cache-control', 'vary', 'content-type', 'content-length']) {
      expect(headers[name]).toBe(expected[name]);
    }
  });
});

describe('OPTIONS', () => {
  it('tells what the path takes, to a preflight and to anybody else', async () => {
    const preflight = await send(
      'OPTIONS',
      {},
      { origin: 'http://localhost:3000', 'access-control-request-method': 'POST' },
    );
    const production = await startGateway({ env: { CORS_ORIGINS: 'https://app.example.com', IDE: 'false' } });
    const plain = await fetch(`${production.url}/graphql`, { method: 'OPTIONS' });
    await production.close();
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({
      allow: 'GET, HEAD, OPTIONS, POST',
      'access-control-allow-origin': 'http://localhost:3000',
    });
    expect(plain.status).toBe(204);
    expect(plain.headers.get('allow')).toBe('GET, HEAD, OPTIONS, POST');
  });
});
