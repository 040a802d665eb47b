import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { describe, expect } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { sha256 } from '../support/hash.ts';
import { it } from '../support/it.ts';
import { nginx, startHttpCache, type CachedAnswer, type SendThroughCache } from './support/nginx.ts';

const JOB = 'query Job($id: ID!) { packageJob(id: $id) { id status } }';
const OBSERVED = 'query Observed($id: ID!) { packageJob(id: $id) { status observedAt pollAfterMs } }';
const MANY = 'query Many($ids: [ID!]!) { packageJobsById(ids: $ids) { id name status } }';
const PREFLIGHTED = { 'apollo-require-preflight': '1' };

function urlOf(query: string, variables: object = {}): string {
  return `/graphql?${new URLSearchParams({ query, variables: JSON.stringify(variables) }).toString()}`;
}

function reader(send: SendThroughCache, path: string) {
  return (headers: Readonly<Record<string, string>> = {}) =>
    send('GET', path, { ...PREFLIGHTED, ...headers });
}

/** A job that has finished, and one that has been running for 20 s and will not end by itself. */
function addJobs({ emulator }: TestGateway): { finished: string; unfinished: string } {
  const now = Date.now();
  return {
    finished: emulator.jobs.add({ createTime: now - 60_000, finishTime: now - 1000 }),
    unfinished: emulator.jobs.add({ createTime: now - 20_000, finishTime: Infinity }),
  };
}

/** Asks again and again until the cache has done something else than to answer by itself. */
async function untilAsked(get: () => Promise<CachedAnswer>): Promise<CachedAnswer> {
  for (;;) {
    const answer = await get();
    if (answer.cache !== 'HIT') return answer;
  }
}

describe.skipIf(nginx.skip)(`behind ${nginx.label} as a shared cache`, () => {
  it('a finished job is answered by the cache alone', async () => {
    const gateway = await startGateway();
    const get = reader(await startHttpCache(gateway.url), urlOf(JOB, { id: addJobs(gateway).finished }));
    const first = await get();
    await gateway.close();
    const second = await get();
    expect([first.cache, second.cache]).toEqual(['MISS', 'HIT']);
    expect(second.status).toBe(200);
    expect(second.body).toEqual(first.body);
    expect(second.body.toString()).toContain('SUCCESS');
  });

  it('a client that has the answer of a finished job is told so by the cache', async ({ gateway }) => {
    const get = reader(await startHttpCache(gateway.url), urlOf(JOB, { id: addJobs(gateway).finished }));
    const { etag = '' } = (await get()).headers;
    const again = await get({ 'if-none-match': etag });
    expect({ cache: again.cache, status: again.status }).toEqual({ cache: 'HIT', status: 304 });
  });

  it('HEAD is answered by what GET left in the cache', async ({ gateway }) => {
    const send = await startHttpCache(gateway.url);
    const path = urlOf(JOB, { id: addJobs(gateway).finished });
    const { headers } = await send('GET', path, PREFLIGHTED);
    const head = await send('HEAD', path, PREFLIGHTED);
    expect({ cache: head.cache, status: head.status, length: head.body.length }).toEqual({
      cache: 'HIT',
      status: 200,
      length: 0,
    });
    expect(head.headers['etag']).toBe(headers['etag']);
  });

  it('an unfinished job is asked for again after its max-age, with no answer while nothing changed', async ({
    gateway,
  }) => {
    const get = reader(await startHttpCache(gateway.url), urlOf(JOB, { id: addJobs(gateway).unfinished }));
    const first = await get();
    expect(first.headers['cache-control']).toBe('max-age=2');
    expect((await get()).cache).toBe('HIT');
    const later = await untilAsked(get);
    expect(later.cache).toBe('REVALIDATED');
    expect(later.body).toEqual(first.body);
    expect((await get()).cache).toBe('HIT');
  });

  it('a job that changes is never shown older than its max-age', async ({ gateway }) => {
    const { unfinished } = addJobs(gateway);
    const get = reader(await startHttpCache(gateway.url), urlOf(OBSERVED, { id: unfinished }));
    const seen = async () => {
      const sentAt = Date.now();
      const answer = await get();
      const { data } = JSON.parse(answer.body.toString()) as {
        data: { packageJob: { status: string; observedAt: string; pollAfterMs: number | null } };
      };
      return { ...answer, ...data.packageJob, ageMs: sentAt - Date.parse(data.packageJob.observedAt) };
    };
    await seen();
    expect((await seen()).cache).toBe('HIT');
    gateway.emulator.jobs.finish(unfinished, { status: 'Success' });
    let oldestMs = 0;
    let last = await seen();
    for (; last.status !== 'SUCCESS'; last = await seen()) {
      const maxAgeMs = 1000 * Number(/max-age=(\d+)/.exec(last.headers['cache-control'] ?? '')?.[1]);
      // The gateway itself gives a state of up to a second, and nginx counts in whole seconds.
      expect(last.ageMs).toBeLessThan(maxAgeMs + 2000);
      oldestMs = Math.max(oldestMs, last.ageMs);
    }
    expect(oldestMs).toBeGreaterThan(0);
    expect(last).toMatchObject({ cache: 'EXPIRED', pollAfterMs: null });
    expect((await seen()).cache).toBe('HIT');
  });

  it.for([
    ['a key', { authorization: 'Bearer example' }, { authorization: 'Bearer another' }],
    ['a cookie', { cookie: 'session=example' }, { cookie: 'session=another' }],
  ] as const)(
    'what was asked for with %s is not stored, and its caller not answered from the store',
    async ([, own, others], { gateway }) => {
      const get = reader(await startHttpCache(gateway.url), urlOf(JOB, { id: addJobs(gateway).finished }));
      const seen: (string | undefined)[] = [];
      for (const headers of [own, own, others, {}, {}, own]) seen.push((await get(headers)).cache);
      expect(seen).toEqual(['MISS', 'MISS', 'MISS', 'MISS', 'HIT', 'MISS']);
    },
  );

  it('every client gets an encoding it takes', async ({ gateway }) => {
    const { finished } = addJobs(gateway);
    const path = urlOf(MANY, { ids: Array<string>(20).fill(finished) });
    const get = reader(await startHttpCache(gateway.url), path);
    const decoders: readonly (readonly [string, (body: Buffer) => Buffer])[] = [
      ['br', brotliDecompressSync],
      ['gzip', gunzipSync],
      ['identity', (body) => body],
    ];
    const texts = new Set<string>();
    for (const expected of ['MISS', 'HIT']) {
      for (const [encoding, decode] of decoders) {
        const { cache, headers, body } = await get({ 'accept-encoding': encoding });
        expect([cache, headers['content-encoding'] ?? 'identity']).toEqual([expected, encoding]);
        texts.add(decode(body).toString());
      }
    }
    expect(texts.size).toBe(1);
  });

  it.for([
    ['an error', () => urlOf('{ packageJob(id: "a b") { id } }')],
    ['what is refused', () => urlOf('{ nothing }')],
    ['a page, which may have another job at any time', () => urlOf('{ packageJobs { nodes { id } } }')],
    ['a wait', (id: string) => urlOf('query($id: ID!) { packageJob(id: $id, wait: {}) { id } }', { id })],
  ] as const)('%s is not stored', async ([, path], { gateway }) => {
    const get = reader(await startHttpCache(gateway.url), path(addJobs(gateway).finished));
    for (let time = 0; time < 3; time += 1) expect((await get()).cache).toBe('MISS');
  });

  it('a persisted query is stored once it is known, and not while it is not', async ({ gateway }) => {
    const variables = JSON.stringify({ id: addJobs(gateway).finished });
    const extensions = JSON.stringify({ persistedQuery: { version: 1, sha256Hash: sha256(JOB) } });
    const hash = `/graphql?${new URLSearchParams({ variables, extensions }).toString()}`;
    const full = `${hash}&${new URLSearchParams({ query: JOB }).toString()}`;
    const send = await startHttpCache(gateway.url);
    const seen: string[] = [];
    for (const path of [hash, full, hash, hash]) {
      const { cache, body } = await send('GET', path, PREFLIGHTED);
      seen.push(`${cache ?? ''} ${body.includes('SUCCESS') ? 'data' : 'error'}`);
    }
    expect(seen).toEqual(['MISS error', 'MISS data', 'MISS data', 'HIT data']);
  });
});
