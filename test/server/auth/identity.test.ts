import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { startIssuer, type Issuer } from '../../support/issuer.ts';
import { openSocket } from '../../support/socket.ts';

const JOB = 'ab4802364a2e49208c99efab82dfa8e8';
const READ = `{ packageJob(id: "${JOB}") { id } }`;
const SUBMIT = `mutation {
  submitPackageJob(input: {
    inputs: [{ type: MEDIA, media: "a" }], output: { type: OSS, media: "oss://bucket/key" }
  }) { packageJob { status } }
}`;

let issuer: Issuer;
let gateway: TestGateway;

beforeAll(async () => {
  issuer = await startIssuer();
  gateway = await startGateway({ env: { ...issuer.env, JWT_CLOCK_SKEW_S: '0' } });
});

afterAll(async () => {
  await gateway.close();
  await issuer.close();
});

beforeEach(() => gateway.emulator.resetRequests());

/** The codes of an operation by POST and over a WebSocket. */
async function codesOf(query: string, claims: Record<string, unknown>): Promise<unknown[]> {
  const headers = await issuer.bearer(claims);
  const { errors } = await gateway.query(query, {}, headers);
  const { socket, send, message } = await openSocket(gateway.url, { headers });
  send({ id: '1', type: 'subscribe', payload: { query } });
  const { type, payload } = await message(({ type }) => type === 'next' || type === 'error');
  socket.close();
  const refused = type === 'error' ? (payload as { extensions: { code: string } }[]) : [];
  return [errors?.[0]?.extensions['code'], refused[0]?.extensions.code];
}

const SUBSCRIBE_ALL = 'subscription { packageJobsUpdated { id } }';
const SUBSCRIBE = `subscription { packageJobUpdated(ids: ["${JOB}"]) { id } }`;

describe('a scope', () => {
  it.for([
    ['jobs:read', READ, undefined],
    [['jobs:read'], READ, undefined],
    ['openid jobs:read', READ, undefined],
    ['jobs:submit', READ, 'FORBIDDEN'],
    ['jobs:reader', READ, 'FORBIDDEN'],
    [undefined, READ, 'FORBIDDEN'],
    [5, READ, 'FORBIDDEN'],
    ['', '{ packageJobs { nodes { id } } }', 'FORBIDDEN'],
    ['', `{ node(id: "${JOB}") { id } }`, 'FORBIDDEN'],
    ['', `{ nodes(ids: ["${JOB}"]) { id } }`, 'FORBIDDEN'],
    ['', `{ packageJobsById(ids: ["${JOB}"]) { id } }`, 'FORBIDDEN'],
    ['', `query { ...q } fragment q on Query { a: packageJob(id: "${JOB}") { id } }`, 'FORBIDDEN'],
    ['', '{ __typename }', undefined],
    ['', '{ __schema { queryType { name } } }', undefined],
    ['jobs:submit', SUBMIT, undefined],
    ['jobs:read', SUBMIT, 'FORBIDDEN'],
  ] as const)('%j lets a bearer do %s: %s', async ([scope, query, code]) => {
    expect(await codesOf(query, { scope })).toEqual([code, code]);
  });

  it('that is missing is told in the challenge, with 403, and without a call of ICE', async () => {
    const headers = await issuer.bearer({ scope: 'jobs:submit' });
    const answer = await gateway.query(READ, {}, headers);
    expect(answer.status).toBe(403);
    expect(answer.headers.get('www-authenticate')).toBe(
      'Bearer realm="package-job-gateway", error="insufficient_scope", ' +
        'error_description="Reading jobs needs a token with the scope jobs:read", scope="jobs:read"',
    );
    expect(gateway.emulator.countRequests()).toBe(0);
  });

  it.for([SUBSCRIBE, SUBSCRIBE_ALL])('is needed for %s, by each transport', async (query) => {
    const headers = await issuer.bearer({ scope: '' });
    const { socket, send, message } = await openSocket(gateway.url, { headers });
    send({ id: '1', type: 'subscribe', payload: { query } });
    const { payload } = await message(({ type }) => type === 'error');
    expect(payload).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    socket.close();
    for (const accept of ['text/event-stream', 'multipart/mixed;subscriptionSpec="1.0"']) {
      const response = await fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: { ...headers, accept, 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      });
      expect(response.status).toBe(403);
      expect(await response.text()).toContain('"FORBIDDEN"');
    }
  });
});

describe('a stored response', () => {
  const READ_LATER = `query Later { packageJob(id: "${JOB}") { name } }`;

  /** Asks until the response comes from memory. */
  async function ask(claims: Record<string, unknown>) {
    return gateway.query(READ_LATER, {}, await issuer.bearer(claims));
  }

  it('is private, and is given for no longer than the token lasts', async () => {
    const now = Math.floor(Date.now() / 1000);
    const [long, short] = [{ exp: now + 100_000 }, { exp: now + 50 }];
    for (let count = 0; count < 4; count += 1) {
      for (const claims of [long, short]) {
        const { headers, data } = await ask(claims);
        expect(data).toEqual({ packageJob: { name: 'job-name' } });
        expect(headers.get('vary')).toContain('Authorization');
        expect(headers.get('cache-control')).toMatch(/^private, max-age=\d+$/);
        const [maxAge] = /\d+/.exec(headers.get('cache-control') ?? '') ?? [];
        const ageS = Number(headers.get('age') ?? 0);
        expect(Number(maxAge)).toBeLessThanOrEqual(ageS + claims.exp - now);
      }
    }
  });

  it.for([
    [20, /^private, max-age=(\d+)$/],
    [-5, /^private, no-cache$/],
  ] as const)(
    'is kept by no cache past `exp`, %i s from now, although the token is accepted for some seconds longer by default',
    async ([leftS, expected]) => {
      const skewed = await startGateway({ env: issuer.env });
      onTestFinished(() => skewed.close());
      const bearer = await issuer.bearer({ exp: Math.floor(Date.now() / 1000) + leftS });
      // The later ones come from memory.
      for (let count = 0; count < 3; count += 1) {
        const { data, headers } = await skewed.query(READ_LATER, {}, bearer);
        expect(data).toEqual({ packageJob: { name: 'job-name' } });
        const control = headers.get('cache-control') ?? '';
        expect(control).toMatch(expected);
        const lastsS = Number(expected.exec(control)?.[1] ?? 0) - Number(headers.get('age') ?? 0);
        expect(lastsS).toBeLessThanOrEqual(Math.max(0, leftS));
      }
    },
  );

  it('is not given to a bearer without the scope, or without a token', async () => {
    await ask({});
    await ask({});
    expect((await ask({ scope: 'jobs:submit' })).errors?.[0]?.extensions['code']).toBe('FORBIDDEN');
    expect((await gateway.query(READ_LATER)).errors?.[0]?.extensions['code']).toBe('UNAUTHENTICATED');
  });

  it('is not given once the token has expired', async () => {
    const headers = await issuer.bearer({ exp: Date.now() / 1000 + 2 });
    await gateway.query(READ_LATER, {}, headers);
    const code = async () =>
      (await gateway.query(READ_LATER, {}, headers)).errors?.[0]?.extensions['code'] ?? 'none';
    expect(await code()).toBe('none');
    await expect.poll(code, { interval: 100, timeout: 5000 }).toBe('UNAUTHENTICATED');
  });
});

const soonEnding = () => issuer.bearer({ exp: Date.now() / 1000 + 2 });

const post = async (headers: Record<string, string>, query: string) => {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
  return response.text();
};

/** A job that does not finish meanwhile. */
const unfinished = () => gateway.emulator.jobs.add({ finishTime: Infinity });
const subscribe = (id: string) => `subscription { packageJobUpdated(ids: ["${id}"]) { status } }`;

describe('when its token ends', () => {
  it('a WebSocket is closed with 4403', async () => {
    const { send, message, closed } = await openSocket(gateway.url, { headers: await soonEnding() });
    send({ id: '1', type: 'subscribe', payload: { query: subscribe(unfinished()) } });
    await message(({ type }) => type === 'next');
    expect(await closed).toEqual({ code: 4403, reason: 'UNAUTHENTICATED: The token has expired' });
  });

  it('an event stream ends with an error, and without `complete`', async () => {
    const text = await post(
      { ...(await soonEnding()), accept: 'text/event-stream' },
      subscribe(unfinished()),
    );
    const events = text.split('\n\n').filter((event) => event.startsWith('event:'));
    expect(text).not.toContain('event: complete');
    expect(events.at(-1)).toMatch(/^event: next\ndata: \{"errors":\[\{.*"code":"UNAUTHENTICATED"/);
  });

  it('a multipart stream ends with an error', async () => {
    const accept = 'multipart/mixed;subscriptionSpec="1.0"';
    const text = await post({ ...(await soonEnding()), accept }, subscribe(unfinished()));
    expect(text).toMatch(/"payload":null,"errors":\[\{.*"code":"UNAUTHENTICATED".*--graphql--\r\n$/s);
  });

  it('a wait is answered with the present state', async () => {
    const query = `{ packageJob(id: "${unfinished()}", wait: { until: FINISHED, timeoutSeconds: 50 }) { status } }`;
    expect(JSON.parse(await post(await soonEnding(), query))).toEqual({
      data: { packageJob: { status: 'INIT' } },
    });
  });
});
