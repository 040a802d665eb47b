import { describe, expect, it } from 'vitest';
import { sha256 } from '../../support/hash.ts';
import {
  chunked,
  JOB,
  JOBS,
  raw,
  statusOf,
  useCachingGateway,
  type Answer,
} from '../support/response-cache.ts';

const cache = useCachingGateway({ CORS_ORIGINS: 'https://app.example.com' });

/** Those that are the same for each answer. */
const headersOf = ({ headers }: Answer) => ({
  ...Object.fromEntries(headers),
  date: '',
  'server-timing': '',
});

describe('a request that comes again', () => {
  it('is answered with the same body and headers, and without a call of ICE', async () => {
    const body = { query: JOB, variables: { id: cache.finished } };
    const first = await cache.send(body, { 'x-request-id': 'same' });
    const second = await cache.send(body, { 'x-request-id': 'same' });
    expect(second.text).toBe(first.text);
    expect(headersOf(second)).toEqual(headersOf(first));
    expect(second.headers.get('server-timing')).toContain('0 calls');
    expect(cache.servedFromMemory()).toBe(1);
    expect(cache.calls()).toBe(1);
  });

  it('has a request id of its own', async () => {
    const body = { query: JOB, variables: { id: cache.finished } };
    const ids = new Set<string | null>();
    for (let time = 0; time < 3; time += 1) ids.add((await cache.send(body)).headers.get('x-request-id'));
    expect(ids.size).toBe(3);
  });

  it('is answered when its bytes come one by one, and when others come with them', async () => {
    const text = JSON.stringify({ query: JOB, variables: { id: cache.finished } });
    await cache.send(JSON.parse(text));
    const head = `POST /graphql HTTP/1.1\r\nhost: ${new URL(cache.gateway.url).host}\r\ncontent-type: application/json\r\n`;
    const kept = `${head}content-length: ${String(text.length)}\r\n\r\n${text}`;
    const other = JSON.stringify({ query: '{ other: __typename }' });
    const slow = `${head}content-length: ${String(other.length)}\r\n\r\n${other}`;
    const last = `${head}connection: close\r\ncontent-length: ${String(text.length)}\r\n\r\n${text}`;
    const answers = await raw(cache.gateway.url, [...kept.split(''), slow + kept + slow, ...last.split('')]);
    const order = [...answers.matchAll(/\{"data":\{"(\w+)"/g)].map(([, field]) => field);
    expect(order).toEqual(['packageJob', 'other', 'packageJob', 'other', 'packageJob']);
    expect(cache.servedFromMemory()).toBeGreaterThanOrEqual(1);
  });

  it('goes on when its length is not announced', async () => {
    const body = { query: JOB, variables: { id: cache.finished } };
    await cache.send(body);
    const text = await chunked(cache.gateway.url, JSON.stringify(body));
    expect(text).toContain('"isFinished":true');
    expect(cache.servedFromMemory()).toBe(0);
  });
});

describe('the headers of an answer', () => {
  it.for([
    ['small', () => JSON.stringify([cache.finished]), ''],
    ['unfinished', () => JSON.stringify([cache.unfinished]), ''],
    ['compressed', () => JSON.stringify(Array(50).fill(cache.finished)), 'accept-encoding: gzip\r\n'],
    ['known to the client', () => JSON.stringify([cache.finished]), 'if-none-match: *\r\n'],
  ] as const)('come once each, and are the same each time, when it is %s', async ([, ids, header]) => {
    const host = new URL(cache.gateway.url).host;
    const namesOf = async (variables: string) => {
      const search = new URLSearchParams({ query: JOBS, variables }).toString();
      const head = `GET /graphql?${search} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n${header}`;
      const text = await raw(cache.gateway.url, [`${head}apollo-require-preflight: 1\r\n\r\n`]);
      const lines = text.slice(0, text.indexOf('\r\n\r\n')).split('\r\n');
      return lines.slice(1).map((line) => line.slice(0, line.indexOf(':')).toLowerCase());
    };
    // Made by Apollo Server, kept, made anew as it is prepared, and kept of that.
    const variables = `{ "ids": ${ids()} }`;
    const first = (await namesOf(variables)).toSorted();
    for (const again of [variables, `${variables} `, `${variables}  `, `${variables}  `, `${variables}  `]) {
      const names = await namesOf(again);
      expect(names.length).toBe(new Set(names).size);
      expect(names.toSorted()).toEqual(first);
    }
    expect(cache.servedFromMemory()).toBeGreaterThan(2);
  });
});

describe('a change that the store got', () => {
  it('is seen by the next request, however young the kept answer is', async () => {
    const body = { query: JOB, variables: { id: cache.unfinished } };
    await cache.send(body);
    expect((await cache.send(body)).text).toContain('INIT');
    expect(cache.servedFromMemory()).toBe(1);
    cache.gateway.emulator.jobs.finish(cache.unfinished, { status: 'Success' });
    // The same moment: the answer would still be fresh.
    await cache.send({ query: '{ packageJobs(first: 100) { nodes { id } } }' });
    expect((await cache.send(body)).text).toContain('SUCCESS');
  });

  it('is seen by an operation that is prepared', async () => {
    await cache.prepare(JOB, { id: cache.unfinished });
    cache.gateway.emulator.jobs.finish(cache.unfinished, { status: 'Fail' });
    await cache.send({ query: '{ packageJobs(first: 100) { nodes { id } } }' });
    expect((await cache.send({ query: JOB, variables: { id: cache.unfinished } })).text).toContain('FAIL');
  });
});

describe('a kept answer', () => {
  it.for([
    ['of an unfinished job', () => [cache.unfinished], 1000],
    ['of a finished and an unfinished job', () => [cache.finished, cache.unfinished], 1000],
    ['of an id of no job', () => ['no-such-job'], 1000],
    ['of a finished job', () => [cache.finished], 86_400_000],
  ] as const)('%s lasts as long as the shortest-lived state', async ([, ids, lifetimeMs]) => {
    const body = { query: JOBS, variables: { ids: ids() } };
    await cache.send(body);
    const before = cache.calls();
    cache.advance(lifetimeMs - 1);
    await cache.send(body);
    expect({ cache: cache.servedFromMemory(), calls: cache.calls() - before }).toEqual({
      cache: 1,
      calls: 0,
    });
    cache.advance(1);
    await cache.send(body);
    expect(cache.servedFromMemory()).toBe(1);
    expect(cache.calls()).toBeGreaterThan(before);
  });

  it('tells its age, as what it says of its lifetime counts from when it was made', async () => {
    const body = { query: JOB, variables: { id: cache.finished } };
    const made = await cache.send(body);
    cache.advance(90_000);
    const kept = await cache.send(body);
    expect(made.headers.get('age')).toBe(null);
    expect(kept.headers.get('age')).toBe('90');
    expect(kept.headers.get('cache-control')).toBe(made.headers.get('cache-control'));
  });

  it('is not given when the clock was set back', async () => {
    const body = { query: JOB, variables: { id: cache.finished } };
    await cache.send(body);
    cache.advance(-5000);
    await cache.send(body);
    cache.advance(5000);
    expect(cache.servedFromMemory()).toBe(0);
    await cache.send(body);
    cache.reset();
    cache.advance(-5000);
    await cache.send(body);
    cache.advance(5000);
    expect(cache.servedFromMemory()).toBe(0);
  });

  it.for([
    ['an error', () => ({ query: JOB, variables: { id: 'a b' } })],
    ['a page', () => ({ query: '{ packageJobs(first: 1) { nodes { id } } }' })],
    ['a wait', () => ({ query: `{ packageJob(id: "${cache.finished}", wait: {}) { id } }` })],
    [
      'a submission',
      () => ({
        query:
          'mutation { submitPackageJob(input: { inputs: [{ type: OSS, media: "oss://b/a" }], output: { type: OSS, media: "oss://b/c" } }) { packageJob { id } } }',
      }),
    ],
  ] as const)('is never that of %s', async ([, body]) => {
    for (let time = 0; time < 3; time += 1) await cache.send(body());
    expect(cache.servedFromMemory()).toBe(0);
  });

  it('is not given for a job that failed to be read', async () => {
    cache.gateway.emulator.faults.add({
      kind: 'status',
      status: 403,
      code: 'Forbidden.RAM',
      jobId: cache.finished,
    });
    const body = { query: JOB, variables: { id: cache.finished } };
    expect((await cache.send(body)).text).toContain('UPSTREAM_REJECTED');
    expect((await cache.send(body)).text).toContain('SUCCESS');
  });

  it('does not keep a client from registering a document again', async () => {
    const extensions = { persistedQuery: { version: 1, sha256Hash: sha256(JOB) } };
    const registration = { query: JOB, variables: { id: cache.finished }, extensions };
    for (let time = 0; time < 3; time += 1) await cache.send(registration);
    expect(cache.servedFromMemory()).toBe(0);
  });
});

describe('a body that is too long', () => {
  it('is refused before it has come', async () => {
    const head = `POST /graphql HTTP/1.1\r\nhost: ${new URL(cache.gateway.url).host}\r\n`;
    const parts = [`${head}content-type: application/json\r\ncontent-length: 300000\r\n\r\n`];
    expect(await raw(cache.gateway.url, parts)).toMatch(/^HTTP\/1.1 413 /);
  });
});

describe('callers', () => {
  it('without credentials are told from those with empty ones', async () => {
    const body = { query: JOB, variables: { id: cache.finished } };
    const controls: unknown[] = [];
    for (const headers of [{ authorization: '' }, {}, { authorization: '' }, {}]) {
      const answer = await cache.send(body, headers);
      controls.push(answer.headers.get('cache-control')?.includes('private'));
    }
    expect(controls).toEqual([true, false, true, false]);
  });

  it.for([
    ['authorization', 'Bearer one', 'Bearer two'],
    ['cookie', 'session=one', 'session=two'],
    ['authorization', 'Bearer one', undefined],
  ] as const)('with a different %s (%s, %s) never share an answer', async ([name, one, two]) => {
    // A text of its own, which is not prepared yet.
    const body = { query: `# ${cache.finished}\n${JOB}`, variables: { id: cache.finished } };
    await cache.send(body, { [name]: one });
    await cache.send(body, two === undefined ? {} : { [name]: two });
    expect(cache.servedFromMemory()).toBe(0);
    await cache.send(body, { [name]: one });
    expect(cache.servedFromMemory()).toBe(1);
  });
});

describe('a request that differs from one that was accepted', () => {
  it.for<[string, Record<string, string>, number]>([
    ['in its content type', { 'content-type': 'text/plain' }, 415],
    ['in having no content type', { 'content-type': '' }, 415],
    ['in its host', { host: 'evil.example.com' }, 421],
    ['in what it accepts', { accept: 'text/html' }, 406],
  ])('%s is refused, kept answer or not', async ([, headers, status]) => {
    const text = JSON.stringify({ query: JOB, variables: { id: cache.finished } });
    const all = { 'content-type': 'application/json', host: new URL(cache.gateway.url).host, ...headers };
    const before = await statusOf(cache.gateway.url, text, all);
    for (let time = 0; time < 3; time += 1) await cache.send(JSON.parse(text), { accept: '*/*' });
    cache.reset();
    expect([before, await statusOf(cache.gateway.url, text, all)]).toEqual([status, status]);
    expect(cache.servedFromMemory()).toBe(0);
  });

  it.for(['x-apollo-operation-name', 'apollo-require-preflight'])(
    'in having no %s, or an empty one, is refused as forgery',
    async (name) => {
      const search = new URLSearchParams({
        query: JOB,
        variables: JSON.stringify({ id: cache.finished }),
      }).toString();
      const get = (headers: Record<string, string>) =>
        fetch(`${cache.gateway.url}/graphql?${search}`, { headers });
      for (let time = 0; time < 3; time += 1) {
        expect((await get({ [name]: 'undefined' })).status).toBe(200);
      }
      expect(cache.servedFromMemory()).toBe(2);
      expect((await get({})).status).toBe(400);
      expect((await get({ [name]: '' })).status).toBe(400);
    },
  );

  it('in its origin gets only what that origin may have', async () => {
    const body = { query: JOB, variables: { id: cache.finished } };
    const allowed = { origin: 'https://app.example.com' };
    for (let time = 0; time < 3; time += 1) {
      const { headers } = await cache.send(body, allowed);
      expect(headers.get('access-control-allow-origin')).toBe(allowed.origin);
    }
    const { headers } = await cache.send(body, { origin: 'https://evil.example.com' });
    expect(headers.get('access-control-allow-origin')).not.toBe(allowed.origin);
  });

  it('in its media type is answered with that', async () => {
    const body = { query: JOB, variables: { id: cache.finished } };
    for (const type of ['application/json', 'application/graphql-response+json']) {
      for (let time = 0; time < 3; time += 1) {
        expect((await cache.send(body, { accept: type })).headers.get('content-type')).toContain(type);
      }
    }
  });

  it('in asking for more than the answer gets that', async () => {
    const body = { query: JOB, variables: { id: cache.finished } };
    for (let time = 0; time < 2; time += 1) await cache.send(body);
    const waited = await cache.send(body, { prefer: 'wait=5' });
    const receipt = await cache.send(body, { 'x-upstream-receipt': '1' });
    expect(waited.headers.get('preference-applied')).toBe('wait=5');
    expect(JSON.parse(receipt.text)).toHaveProperty('extensions.upstream');
  });
});
