import { describe, expect, it } from 'vitest';
import { post, startGateway } from '../../support/gateway.ts';
import { sha256 } from '../../support/hash.ts';
import { apolloManifest, writeManifest } from '../../support/manifest.ts';
import { JOB, JOBS, useCachingGateway } from '../support/response-cache.ts';

const cache = useCachingGateway();

const forOne = () => ({ query: JOB, variables: { id: cache.finished } });

/** Extensions that say nothing. */
const EMPTY = { clientLibrary: {} };
const hashed = (text: string) => ({
  extensions: { persistedQuery: { version: 1, sha256Hash: sha256(text) } },
});

describe('an operation that is prepared', () => {
  it('is answered from memory with other variables', async () => {
    await cache.send({ query: JOBS, variables: { ids: [cache.finished, cache.unfinished] } });
    await cache.prepare(JOB, { id: cache.finished });
    const { text } = await cache.send({ query: JOB, variables: { id: cache.unfinished } });
    expect(JSON.parse(text)).toEqual({
      data: { packageJob: { id: cache.unfinished, status: 'INIT', isFinished: false } },
    });
    expect(cache.servedFromMemory()).toBe(1);
  });

  it('goes on when a job is not in memory', async () => {
    await cache.prepare(JOB, { id: cache.finished });
    const { text } = await cache.send({ query: JOB, variables: { id: cache.unfinished } });
    expect(text).toContain('INIT');
    expect({ cache: cache.servedFromMemory(), calls: cache.calls() }).toEqual({ cache: 0, calls: 2 });
  });

  it('goes on when part of what it shows takes a call', async () => {
    const query = 'query Url($id: ID!) { packageJob(id: $id) { outputUrl } }';
    await cache.prepare(query, { id: cache.finished });
    const createTime = cache.now();
    const listed = cache.gateway.emulator.jobs.add({ createTime, finishTime: createTime });
    await cache.send({ query: '{ packageJobs(first: 1) { nodes { id } } }' });
    cache.reset();
    const { text } = await cache.send({ query, variables: { id: listed } });
    expect(text).toMatch(/"outputUrl":"http/);
    expect(cache.servedFromMemory()).toBe(0);
  });

  it('is held to the limits by its variables', async () => {
    const fields = Array.from(
      { length: 6 },
      (_, index) => `f${String(index)}: packageJobsById(ids: $ids) { id }`,
    );
    const query = `query Many($ids: [ID!]!) { ${fields.join(' ')} }`;
    await cache.prepare(query, { ids: [cache.finished] });
    const within = await cache.send({ query, variables: { ids: Array<string>(83).fill(cache.finished) } });
    const over = await cache.send({ query, variables: { ids: Array<string>(84).fill(cache.finished) } });
    expect(within.text).toMatch(/^\{"data"/);
    expect(over.text).toContain('OPERATION_TOO_COMPLEX');
    expect(cache.servedFromMemory()).toBe(1);
  });

  it.for([{}, { id: null }, { id: true }, { id: ['x'] }, { id: 'a b' }])(
    'is refused with the variables %j as it was before',
    async (variables) => {
      const query = `# ${cache.finished}\n${JOB}`;
      const before = await cache.send({ query, variables }, { 'x-request-id': 'same' });
      await cache.prepare(query, { id: cache.finished });
      const after = await cache.send({ query, variables }, { 'x-request-id': 'same' });
      expect(after.text).toBe(before.text);
      expect(cache.servedFromMemory()).toBe(0);
    },
  );

  it.for<[string, () => UnusualRequest]>([
    ['a list for one id', () => ({ query: JOB, variables: { id: [cache.finished] } })],
    ['one id for a list', () => ({ query: JOBS, variables: { ids: cache.finished } })],
    ['a list in a list', () => ({ query: JOBS, variables: { ids: [[cache.finished]] } })],
    ['101 ids', () => ({ query: JOBS, variables: { ids: Array<string>(101).fill(cache.finished) } })],
    ['no id', () => ({ query: JOBS, variables: { ids: [] } })],
    ['a null among ids', () => ({ query: JOBS, variables: { ids: [cache.finished, null] } })],
    ['more variables', () => ({ query: JOB, variables: { id: cache.finished, more: 1 } })],
    ['another operation', () => ({ query: JOB, operationName: 'Other', variables: { id: cache.finished } })],
    ['an unknown member', () => ({ query: JOB, id: 'x', variables: { id: cache.finished } })],
    ['an id of no document', () => ({ query: JOB, documentId: 'x', variables: { id: cache.finished } })],
    ['a hash of another document', () => ({ query: JOB, variables: { id: cache.finished }, ...hashed('x') })],
    [
      'a hash of no kind',
      () => ({ ...forOne(), extensions: { persistedQuery: { version: 2, sha256Hash: 'x' } } }),
    ],
    ['an empty hash', () => ({ ...forOne(), extensions: { persistedQuery: {} } })],
    [
      'a hash that is a number',
      () => ({ ...forOne(), extensions: { persistedQuery: { version: 1, sha256Hash: 5 } } }),
    ],
    [
      'what JSON parsers refuse',
      () => ({ ...forOne(), extensions: { clientLibrary: { name: { constructor: { prototype: 1 } } } } }),
    ],
    ['a hash alone', () => ({ variables: { id: cache.finished }, ...hashed(`${cache.finished} x`) })],
  ])('is answered to a request with %s as it was before', async ([, request]) => {
    // A document of its own for each test, which nothing has prepared.
    const unique = (query: string) => `# ${cache.finished}\n${query}`;
    const { query, ...others } = request();
    const body: UnusualRequest = { ...(query !== undefined && { query: unique(query) }), ...others };
    const before = await cache.send(body, { 'x-request-id': 'same' });
    await cache.prepare(unique(JOB), { id: cache.finished });
    await cache.prepare(unique(JOBS), { ids: [cache.finished] });
    // A kept answer would tell nothing.
    const after = await cache.send(
      { ...body, extensions: { ...EMPTY, ...body.extensions } },
      { 'x-request-id': 'same' },
    );
    expect(after.text).toBe(before.text);
    expect(after.status).toBe(before.status);
  });

  it('is held to the limits whatever the order of its variables', async () => {
    const fields = Array.from(
      { length: 6 },
      (_, index) => `q${String(index)}: packageJobsById(ids: $b) { id }`,
    );
    const query = `query($a: [ID!]!, $b: [ID!]!) { p: packageJobsById(ids: $a) { id } ${fields.join(' ')} }`;
    const [many, one] = [Array<string>(100).fill(cache.finished), [cache.finished]];
    await cache.prepare(query, { a: many, b: one });
    await cache.send({ query, variables: { a: many, b: one }, extensions: EMPTY });
    expect(cache.servedFromMemory()).toBe(1);
    const { text } = await cache.send({ query, variables: { b: many, a: one } });
    expect(text).toContain('OPERATION_TOO_COMPLEX');
  });

  it('is not named by a name and a text that look like another text', async () => {
    const query = `query($id: ID!) { packageJob(id: $id) { id } } # text B`;
    const variables = { id: cache.finished };
    await cache.prepare(query, variables);
    const operationName = ' text query($id: ID!) { packageJob(id: $id) { id } } #';
    const { text } = await cache.send({ operationName, query: 'B', variables });
    expect(text).toContain('GRAPHQL_PARSE_FAILED');
  });

  it('gives fields of the same name as one', async () => {
    const query = 'query Twice($id: ID!) { packageJob(id: $id) { id } packageJob(id: $id) { status } }';
    await cache.prepare(query, { id: cache.finished });
    const { text } = await cache.send({ query, variables: { id: cache.finished }, extensions: EMPTY });
    expect(text).toBe(`{"data":{"packageJob":{"id":"${cache.finished}","status":"SUCCESS"}}}\n`);
  });

  it('is one of its document, if that has several', async () => {
    const query = `query A($id: ID!) { packageJob(id: $id) { id } } query B($id: ID!) { packageJob(id: $id) { status } }`;
    const variables = { id: cache.finished };
    for (let time = 0; time < 3; time += 1) {
      const seen: string[] = [];
      for (const operationName of ['A', 'B', undefined]) {
        const extensions = { clientLibrary: { version: String(time) } };
        seen.push((await cache.send({ query, operationName, variables, extensions })).text);
      }
      expect(seen[0]).toBe(`{"data":{"packageJob":{"id":"${cache.finished}"}}}\n`);
      expect(seen[1]).toBe('{"data":{"packageJob":{"status":"SUCCESS"}}}\n');
      expect(seen[2]).toContain('OPERATION_RESOLUTION_FAILURE');
    }
    expect(cache.servedFromMemory()).toBe(2);
  });

  it('is not answered when a parameter of its URL comes twice', async () => {
    const variables = JSON.stringify({ id: cache.finished });
    const get = (search: URLSearchParams) =>
      fetch(`${cache.gateway.url}/graphql?${search.toString()}`, {
        headers: { 'apollo-require-preflight': '1' },
      });
    const once = new URLSearchParams({ query: `# ${cache.finished}\n${JOB}`, variables });
    const twice = new URLSearchParams([...once, ['variables', variables]]);
    const { status } = await get(twice);
    for (const space of ['', ' ', '  ']) {
      const search = new URLSearchParams({ ...Object.fromEntries(once), variables: variables + space });
      expect((await get(search)).status).toBe(200);
    }
    expect(cache.servedFromMemory()).toBe(1);
    expect((await get(twice)).status).toBe(status);
    expect((await get(new URLSearchParams([...once, ['extensions', 'null']]))).status).toBe(400);
  });

  it('shows a finished job as it was last read, however often it was shown before', async () => {
    const query = 'query Read($id: ID!) { packageJob(id: $id) { observedAt } }';
    const read = async (extensions?: object) =>
      (await cache.send({ query, variables: { id: cache.finished }, extensions })).text;
    const day = 86_400_000;
    await cache.prepare(query, { id: cache.finished });
    const texts = new Set<string>();
    for (let time = 0; time < 4; time += 1)
      texts.add(await read({ clientLibrary: { version: String(time) } }));
    expect(texts.size).toBe(1);
    cache.advance(day);
    await read();
    for (let time = 4; time < 8; time += 1)
      texts.add(await read({ clientLibrary: { version: String(time) } }));
    expect(texts.size).toBe(2);
  });
});

describe('a prepared operation on a watched job', () => {
  // The share allows a call in 10 s.
  const slow = useCachingGateway({ POLL_MIN_MS: '100', WATCH_SHARE: '0.01', ICE_CALLS_PER_SECOND: '10' });

  it('tells when it is read next, each time anew', async () => {
    const query = 'query Next($id: ID!) { packageJob(id: $id) { pollAfterMs } }';
    const watching = new AbortController();
    const stream = await fetch(`${slow.gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({
        query: `subscription { packageJobUpdated(ids: ["${slow.unfinished}"]) { id } }`,
      }),
      signal: watching.signal,
    });
    await stream.body?.getReader().read();
    const read = async () => {
      const { text } = await slow.send({ query, variables: { id: slow.unfinished } });
      return (JSON.parse(text) as Told).data.packageJob.pollAfterMs;
    };
    slow.advance(100);
    // The first sweep tells what it costs.
    await expect.poll(read).toBeGreaterThan(5000);
    const told: number[] = [];
    for (const elapsedMs of [0, 0, 0, 300, 300]) {
      slow.advance(elapsedMs);
      told.push(await read());
    }
    watching.abort();
    const [first = Number.NaN, , , later, last] = told;
    expect(later).toBe(first - 300);
    expect(last).toBe(first - 600);
  });
});

/** A body as clients send it, or should not. */
interface UnusualRequest {
  readonly query?: string;
  readonly extensions?: object;
  readonly [member: string]: unknown;
}

interface Told {
  readonly data: { readonly packageJob: { readonly pollAfterMs: number } };
}

describe('with persisted operations only', () => {
  it('a document of the manifest, kept and prepared, lets no other run', async () => {
    const manifest = writeManifest(apolloManifest(JOB));
    const env = { PERSISTED_OPERATIONS: manifest, PERSISTED_ONLY: 'true' };
    const closed = await startGateway({ env });
    const variables = { id: 'no-such-job' };
    for (const id of ['a', 'b', 'c', 'no-such-job', 'no-such-job']) {
      await post(closed.url, { query: JOB, variables: { id } });
    }
    const other = await post(closed.url, { query: `${JOB} `, variables });
    const byId = await post(closed.url, { documentId: sha256(JOB), variables });
    await closed.close();
    expect(other.errors?.[0]?.extensions['code']).toBe('PERSISTED_QUERY_REQUIRED');
    expect(byId.data).toEqual({ packageJob: null });
  });
});

describe('with JIT=off and ANSWERS_MAX_MB=0', () => {
  it('nothing is served from memory', async () => {
    const seen: string[] = [];
    const env = { JIT: 'off', ANSWERS_MAX_MB: '0', LOG_LEVEL: 'debug' };
    const plain = await startGateway({ env, onLogLine: (line) => seen.push(line) });
    for (let time = 0; time < 4; time += 1) await plain.query('{ packageJob(id: "no-such-job") { id } }');
    await plain.close();
    expect(seen.filter((line) => line.includes('answered from memory'))).toEqual([]);
  });
});
