import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startGateway } from '../support/gateway.ts';
import { sha256 } from '../support/hash.ts';
import { chunked, JOB, JOBS, raw, statusOf, useFrontGateway, type Answer } from './support/front.ts';

const front = useFrontGateway({ CORS_ORIGINS: 'https://app.example.com' });

/** Those that are the same for each answer. */
const headersOf = ({ headers }: Answer) => ({
  ...Object.fromEntries(headers),
  date: '',
  'server-timing': '',
});

describe('a request that comes again', () => {
  it('is answered with the same body and headers, and without a call of ICE', async () => {
    const body = { query: JOB, variables: { id: front.finished } };
    const first = await front.send(body, { 'x-request-id': 'same' });
    const second = await front.send(body, { 'x-request-id': 'same' });
    expect(second.text).toBe(first.text);
    expect(headersOf(second)).toEqual(headersOf(first));
    expect(second.headers.get('server-timing')).toContain('0 calls');
    expect(front.answeredInFront()).toBe(1);
    expect(front.calls()).toBe(1);
  });

  it('has a request id of its own', async () => {
    const body = { query: JOB, variables: { id: front.finished } };
    const ids = new Set<string | null>();
    for (let time = 0; time < 3; time += 1) ids.add((await front.send(body)).headers.get('x-request-id'));
    expect(ids.size).toBe(3);
  });

  it('is answered when its bytes come one by one, and when others come with them', async () => {
    const text = JSON.stringify({ query: JOB, variables: { id: front.finished } });
    await front.send(JSON.parse(text));
    const head = `POST /graphql HTTP/1.1\r\nhost: ${new URL(front.gateway.url).host}\r\ncontent-type: application/json\r\n`;
    const kept = `${head}content-length: ${String(text.length)}\r\n\r\n${text}`;
    const other = JSON.stringify({ query: '{ other: __typename }' });
    const slow = `${head}content-length: ${String(other.length)}\r\n\r\n${other}`;
    const last = `${head}connection: close\r\ncontent-length: ${String(text.length)}\r\n\r\n${text}`;
    const answers = await raw(front.gateway.url, [...kept.split(''), slow + kept + slow, ...last.split('')]);
    const order = [...answers.matchAll(/\{"data":\{"(\w+)"/g)].map(([, field]) => field);
    expect(order).toEqual(['packageJob', 'other', 'packageJob', 'other', 'packageJob']);
    expect(front.answeredInFront()).toBeGreaterThanOrEqual(1);
  });

  it('goes on when its length is not announced', async () => {
    const body = { query: JOB, variables: { id: front.finished } };
    await front.send(body);
    const text = await chunked(front.gateway.url, JSON.stringify(body));
    expect(text).toContain('"isFinished":true');
    expect(front.answeredInFront()).toBe(0);
  });
});

describe('a change that the store has learnt', () => {
  it('is seen by the next request, however young the kept answer is', async () => {
    const body = { query: JOB, variables: { id: front.unfinished } };
    await front.send(body);
    expect((await front.send(body)).text).toContain('INIT');
    expect(front.answeredInFront()).toBe(1);
    front.gateway.emulator.jobs.finish(front.unfinished, { status: 'Success' });
    // The same moment: the answer would still be fresh.
    await front.send({ query: '{ packageJobs(first: 100) { nodes { id } } }' });
    expect((await front.send(body)).text).toContain('SUCCESS');
  });

  it('is seen by an operation that is prepared', async () => {
    await front.prepare(JOB, { id: front.unfinished });
    front.gateway.emulator.jobs.finish(front.unfinished, { status: 'Fail' });
    await front.send({ query: '{ packageJobs(first: 100) { nodes { id } } }' });
    expect((await front.send({ query: JOB, variables: { id: front.unfinished } })).text).toContain('FAIL');
  });
});

describe('a kept answer', () => {
  it.for([
    ['of an unfinished job', () => [front.unfinished], 1000],
    ['of a finished and an unfinished job', () => [front.finished, front.unfinished], 1000],
    ['of an id of no job', () => ['no-such-job'], 1000],
    ['of a finished job', () => [front.finished], 86_400_000],
  ] as const)('%s lasts as long as the shortest-lived state', async ([, ids, lifetimeMs]) => {
    const body = { query: JOBS, variables: { ids: ids() } };
    await front.send(body);
    const before = front.calls();
    front.advance(lifetimeMs - 1);
    await front.send(body);
    expect({ front: front.answeredInFront(), calls: front.calls() - before }).toEqual({ front: 1, calls: 0 });
    front.advance(1);
    await front.send(body);
    expect(front.answeredInFront()).toBe(1);
    expect(front.calls()).toBeGreaterThan(before);
  });

  it('tells its age, as what it says of its lifetime counts from when it was made', async () => {
    const body = { query: JOB, variables: { id: front.finished } };
    const made = await front.send(body);
    front.advance(90_000);
    const kept = await front.send(body);
    expect(made.headers.get('age')).toBe(null);
    expect(kept.headers.get('age')).toBe('90');
    expect(kept.headers.get('cache-control')).toBe(made.headers.get('cache-control'));
  });

  it('is not given when the clock was set back', async () => {
    const body = { query: JOB, variables: { id: front.finished } };
    await front.send(body);
    front.advance(-5000);
    await front.send(body);
    front.advance(5000);
    expect(front.answeredInFront()).toBe(0);
  });

  it.for([
    ['an error', () => ({ query: JOB, variables: { id: 'a b' } })],
    ['a page', () => ({ query: '{ packageJobs(first: 1) { nodes { id } } }' })],
    ['a wait', () => ({ query: `{ packageJob(id: "${front.finished}", wait: {}) { id } }` })],
    [
      'a submission',
      () => ({
        query:
          'mutation { submitPackageJob(input: { inputs: [{ type: OSS, media: "oss://b/a" }], output: { type: OSS, media: "oss://b/c" } }) { packageJob { id } } }',
      }),
    ],
  ] as const)('is never that of %s', async ([, body]) => {
    for (let time = 0; time < 3; time += 1) await front.send(body());
    expect(front.answeredInFront()).toBe(0);
  });

  it('is not given for a job that failed to be read', async () => {
    front.gateway.emulator.faults.add({
      kind: 'status',
      status: 403,
      code: 'Forbidden.RAM',
      jobId: front.finished,
    });
    const body = { query: JOB, variables: { id: front.finished } };
    expect((await front.send(body)).text).toContain('UPSTREAM_REJECTED');
    expect((await front.send(body)).text).toContain('SUCCESS');
  });

  it('does not keep a client from registering a document again', async () => {
    const extensions = { persistedQuery: { version: 1, sha256Hash: sha256(JOB) } };
    const registration = { query: JOB, variables: { id: front.finished }, extensions };
    for (let time = 0; time < 3; time += 1) await front.send(registration);
    expect(front.answeredInFront()).toBe(0);
  });
});

describe('callers', () => {
  it.for([
    ['authorization', 'Bearer one', 'Bearer two'],
    ['cookie', 'session=one', 'session=two'],
    ['authorization', 'Bearer one', undefined],
  ] as const)('with a different %s (%s, %s) never share an answer', async ([name, one, two]) => {
    // A text of its own, which is not prepared yet.
    const body = { query: `# ${front.finished}\n${JOB}`, variables: { id: front.finished } };
    await front.send(body, { [name]: one });
    await front.send(body, two === undefined ? {} : { [name]: two });
    expect(front.answeredInFront()).toBe(0);
    await front.send(body, { [name]: one });
    expect(front.answeredInFront()).toBe(1);
  });
});

describe('a request that differs from one that was accepted', () => {
  it.for<[string, Record<string, string>, number]>([
    ['in its content type', { 'content-type': 'text/plain' }, 415],
    ['in having no content type', { 'content-type': '' }, 415],
    ['in its host', { host: 'evil.example.com' }, 421],
    ['in what it accepts', { accept: 'text/html' }, 406],
  ])('%s is refused, kept answer or not', async ([, headers, status]) => {
    const text = JSON.stringify({ query: JOB, variables: { id: front.finished } });
    const all = { 'content-type': 'application/json', host: new URL(front.gateway.url).host, ...headers };
    const before = await statusOf(front.gateway.url, text, all);
    for (let time = 0; time < 3; time += 1) await front.send(JSON.parse(text), { accept: '*/*' });
    front.reset();
    expect([before, await statusOf(front.gateway.url, text, all)]).toEqual([status, status]);
    expect(front.answeredInFront()).toBe(0);
  });

  it('in a header that browsers have to ask for is refused as forgery', async () => {
    const search = new URLSearchParams({
      query: JOB,
      variables: JSON.stringify({ id: front.finished }),
    }).toString();
    const get = (headers: Record<string, string>) =>
      fetch(`${front.gateway.url}/graphql?${search}`, { headers });
    for (let time = 0; time < 3; time += 1) {
      expect((await get({ 'x-apollo-operation-name': 'undefined' })).status).toBe(200);
    }
    expect(front.answeredInFront()).toBe(2);
    expect((await get({})).status).toBe(400);
    expect((await get({ 'x-apollo-operation-name': '' })).status).toBe(400);
  });

  it('in its origin gets only what that origin may have', async () => {
    const body = { query: JOB, variables: { id: front.finished } };
    const allowed = { origin: 'https://app.example.com' };
    for (let time = 0; time < 3; time += 1) {
      const { headers } = await front.send(body, allowed);
      expect(headers.get('access-control-allow-origin')).toBe(allowed.origin);
    }
    const { headers } = await front.send(body, { origin: 'https://evil.example.com' });
    expect(headers.get('access-control-allow-origin')).not.toBe(allowed.origin);
  });

  it('in its media type is answered with that', async () => {
    const body = { query: JOB, variables: { id: front.finished } };
    for (const type of ['application/json', 'application/graphql-response+json']) {
      for (let time = 0; time < 3; time += 1) {
        expect((await front.send(body, { accept: type })).headers.get('content-type')).toContain(type);
      }
    }
  });

  it('in asking for more than the answer gets that', async () => {
    const body = { query: JOB, variables: { id: front.finished } };
    for (let time = 0; time < 2; time += 1) await front.send(body);
    const waited = await front.send(body, { prefer: 'wait=5' });
    const receipt = await front.send(body, { 'x-upstream-receipt': '1' });
    expect(waited.headers.get('preference-applied')).toBe('wait=5');
    expect(JSON.parse(receipt.text)).toHaveProperty('extensions.upstream');
  });
});

describe('a gateway that stops', () => {
  it('refuses what it would have answered from memory, as all else', async () => {
    const gateway = await startGateway();
    const query = JSON.stringify({ query: '{ __typename }' });
    const request =
      `POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n` +
      `content-length: ${String(query.length)}\r\n\r\n${query}`;
    const { host, port } = new URL(gateway.url);
    await statusOf(gateway.url, query, { host, 'content-type': 'application/json' });
    const socket = connect(Number(port), '127.0.0.1').setEncoding('utf8');
    const ended = once(socket, 'close');
    let text = '';
    const answered = new Promise<void>((resolve) =>
      socket.on('data', (chunk: string) => {
        text += chunk;
        resolve();
      }),
    );
    // The second is under way, but for its last byte.
    socket.write(request + request.slice(0, -1));
    await answered;
    const closed = gateway.close();
    socket.write(request.slice(-1));
    await ended;
    await closed;
    const [first = '', second = ''] = text.split(/(?<=\})\n?(?=HTTP)/);
    expect(first).toMatch(/^HTTP\/1.1 200 .*"Query"/s);
    expect(second).toMatch(/^HTTP\/1.1 503 .*connection: close.*OVERLOADED/is);
  });
});
