import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type GraphqlAnswer, type TestGateway } from '../../support/gateway.ts';
import { startIssuer, type Issuer } from '../../support/issuer.ts';

const COST = 500;

const now = Date.now();
let issuer: Issuer;
let gateway: TestGateway;
beforeAll(async () => {
  issuer = await startIssuer();
  gateway = await startGateway({
    now: () => now,
    env: { ...issuer.env, RATE_LIMIT: `${String(COST)}/50`, CORS_ORIGINS: 'https://app.example.com' },
  });
});
afterAll(async () => {
  await gateway.close();
  await issuer.close();
});

interface Receipt {
  readonly cost: { readonly requested: number; readonly actual: number };
  readonly upstream: { readonly calls: number };
}

let subjects = 0;

/** A bearer whom nobody has seen before. */
function newBearer() {
  subjects += 1;
  return issuer.bearer({ sub: String(subjects) });
}

const leftOf = ({ headers }: Pick<GraphqlAnswer, 'headers'>) =>
  Number(/;r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1] ?? NaN);

const JOB = 'query Job($id: ID!) { packageJob(id: $id) { id status } }';
const CURRENT = { accept: 'application/graphql-response+json' };
const RECEIPT = { 'x-upstream-receipt': '1' };
const addFinished = () => gateway.emulator.jobs.add({ createTime: now - 60_000, finishTime: now - 1000 });

describe('the limit', () => {
  it('is that of a principal, whatever token it shows, and of no other behind its address', async () => {
    const id = addFinished();
    const [first, second] = [
      await issuer.bearer({ sub: 'alice', jti: '1' }),
      await issuer.bearer({ sub: 'alice', jti: '2' }),
    ];
    expect(leftOf(await gateway.query(JOB, { id }, { ...first, ...RECEIPT }))).toBe(COST - 3);
    expect(leftOf(await gateway.query(JOB, { id }, { ...second, ...RECEIPT }))).toBe(COST - 6);
    expect(leftOf(await gateway.query(JOB, { id }, { ...(await newBearer()), ...RECEIPT }))).toBe(COST - 3);
  });

  it('is not used up, nor told, by what is refused before it: no token, another site, no operation', async () => {
    const bearer = await newBearer();
    const url = `${gateway.url}/graphql`;
    const refused = [
      await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }),
      await fetch(url, { method: 'POST', headers: { ...bearer, 'content-type': 'text/plain' }, body: '{}' }),
      await fetch(`${url}?query=%7B__typename%7D`, { headers: bearer }),
      await fetch(url, { method: 'PUT', headers: bearer }),
      await fetch(url, { method: 'OPTIONS', headers: { origin: 'https://app.example.com' } }),
    ];
    for (const { headers } of refused) expect(headers.get('ratelimit')).toBeNull();
    expect(leftOf(await gateway.query('{ __typename }', {}, bearer))).toBe(COST - 1);
  });

  it('counts 1 for a document that is refused', async () => {
    const bearer = await newBearer();
    for (const query of ['{', '{ x }', '{ packageJob(id: 5.5) { id } }'])
      await gateway.query(query, {}, bearer);
    expect(leftOf(await gateway.query('{ __typename }', {}, bearer))).toBe(COST - 4);
  });

  it('is readable by apps of other origins', async () => {
    const headers = { ...(await newBearer()), origin: 'https://app.example.com' };
    const exposed = (await gateway.query('{ __typename }', {}, headers)).headers.get(
      'access-control-expose-headers',
    );
    expect(exposed).toContain('ratelimit-policy, ratelimit,');
  });
});

describe('an operation', () => {
  it('is charged for what it could come to, and gets back the rest', async () => {
    const bearer = await newBearer();
    const ids = [addFinished(), addFinished()];
    const query = 'query ($ids: [ID!]!) { packageJobsById(ids: $ids) { id status userData } }';
    const all = [...ids, ...Array.from({ length: 18 }, (_, index) => `unknown-${String(index)}`)];
    const answer = await gateway.query(query, { ids: all }, { ...bearer, ...RECEIPT });
    // It has called ICE more often than its response has fields.
    expect(answer.extensions?.['cost']).toEqual({
      requested: 61,
      actual: expect.any(Number),
      left: leftOf(answer),
    });
    const { cost, upstream } = answer.extensions as unknown as Receipt;
    const { actual } = cost;
    expect(actual).toBe(Math.max(7, upstream.calls));
    expect(leftOf(answer)).toBe(COST - actual);
  });

  it('holds what it could come to while it is executed, and while it waits', async () => {
    const bearer = await newBearer();
    const id = gateway.emulator.jobs.add({ finishTime: Infinity });
    const query = `query ($id: ID!, $ids: [ID!]!) {
      packageJob(id: $id, wait: { until: FINISHED, timeoutSeconds: 3 }) { id }
      packageJobsById(ids: $ids) { id status userData name }
    }`;
    const ids = Array.from({ length: 20 }, (_, index) => `none-${String(index)}`);
    const left = async () => leftOf(await gateway.query('{ __typename }', {}, bearer));
    const waiting = gateway.query(query, { id, ids }, { ...bearer, ...RECEIPT });
    await expect.poll(left, { timeout: 3000 }).toBeLessThan(COST - 83);
    const { extensions } = await waiting;
    const { requested, actual } = (extensions as unknown as Receipt).cost;
    expect([requested, actual < requested]).toEqual([83, true]);
    expect(await left()).toBeGreaterThan(COST - 83);
  });

  it('that fails costs as many calls of ICE as it took, and 1 at least', async () => {
    const bearer = await newBearer();
    gateway.emulator.faults.add({ kind: 'status', status: 403, code: 'Forbidden.RAM', times: 'always' });
    const { errors, ...answer } = await gateway.query(JOB, { id: 'a-job' }, bearer);
    gateway.emulator.faults.clear();
    expect(errors?.[0]?.extensions['code']).toBe('UPSTREAM_REJECTED');
    expect(leftOf(answer)).toBe(COST - 1);
  });

  it('that costs more than there ever is, is too complex', async () => {
    const query =
      'query ($ids: [ID!]!) { packageJobsById(ids: $ids) { id status userData name code message } }';
    const ids = Array.from({ length: 100 }, (_, index) => `job-${String(index)}`);
    const bearer = await newBearer();
    const { status, errors, headers } = await gateway.query(query, { ids }, { ...bearer, ...CURRENT });
    expect(status).toBe(400);
    expect(errors?.[0]).toMatchObject({
      message: 'The operation has a cost of 601; the limit is 500',
      extensions: { code: 'OPERATION_TOO_COMPLEX', limit: 'RATE_LIMIT', maximum: COST, value: 601 },
    });
    expect(leftOf({ headers })).toBe(COST - 1);
  });
});

describe('a client at its limit', () => {
  it.for([
    [{}, 200],
    [{ accept: 'application/json' }, 200],
    [CURRENT, 429],
    [{ accept: 'application/graphql-response+json, application/json;q=0.9' }, 429],
  ] as const)(
    'that accepts %j is refused with %i, with nothing left and with too little',
    async ([accept, status]) => {
      const bearer = { ...(await newBearer()), ...accept };
      const ids = Array.from({ length: 10 }, addFinished);
      const query = 'query ($ids: [ID!]!) { packageJobsById(ids: $ids) { id status userData name code } }';
      const refused: GraphqlAnswer[] = [];
      for (let count = 0; count < 20 && refused.length === 0; count += 1) {
        const answer = await gateway.query(query, { ids }, { ...bearer, ...RECEIPT });
        if (answer.errors !== undefined) refused.push(answer);
      }
      for (let count = 0; count < 60 && refused.length === 1; count += 1) {
        const answer = await gateway.query('{ __typename }', {}, bearer);
        if (answer.errors !== undefined) refused.push(answer);
      }
      expect(refused.map((answer) => answer.status)).toEqual([status, status]);
      for (const { errors, headers } of refused) {
        expect(errors?.map(({ extensions }) => extensions)).toEqual([
          {
            code: 'RATE_LIMITED',
            retryable: true,
            policy: 'RATE_LIMIT',
            retryAfterMs: expect.any(Number),
            requestId: headers.get('x-request-id'),
          },
        ]);
        const waitMs = Number(errors?.[0]?.extensions['retryAfterMs']);
        expect(headers.get('retry-after')).toBe(String(Math.ceil(waitMs / 1000)));
        expect(headers.get('cache-control')).toBe('no-store');
      }
      expect(leftOf(refused[1] ?? { headers: new Headers() })).toBe(0);
    },
  );
});

it('a client that takes streams alone is refused in one, with the time in its head', async () => {
  const bearer = await newBearer();
  const ids = Array.from({ length: 10 }, addFinished);
  const query = 'query ($ids: [ID!]!) { packageJobsById(ids: $ids) { id status userData name code } }';
  const ask = () =>
    fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { ...bearer, 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query, variables: { ids } }),
    });
  let response = await ask();
  let text = await response.text();
  for (let count = 0; count < 20 && !text.includes('RATE_LIMITED'); count += 1) {
    response = await ask();
    text = await response.text();
  }
  const waitMs = /"code":"RATE_LIMITED".*"retryAfterMs":(\d+)/.exec(text)?.[1];
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  expect(response.headers.get('retry-after')).toBe(String(Math.ceil(Number(waitMs) / 1000)));
});

describe('a stored response', () => {
  it('has the figures of whoever gets it', async () => {
    const id = addFinished();
    const [first, second] = [await issuer.bearer({ sub: 'first' }), await issuer.bearer({ sub: 'second' })];
    const left: number[] = [];
    for (const bearer of [first, first, first, second, first, second])
      left.push(leftOf(await gateway.query(JOB, { id }, bearer)));
    expect(left).toEqual([3, 4, 5, 1, 6, 2].map((used) => COST - used));
  });
});

describe('without tokens', () => {
  it('a shared cache may keep responses, and not whose figures they have', async () => {
    const open = await startGateway({ env: { RATE_LIMIT: '1000/60' } });
    const id = open.emulator.jobs.add({ createTime: Date.now() - 60_000, finishTime: Date.now() - 1000 });
    const target = `${open.url}/graphql?query=${encodeURIComponent(`{ packageJob(id: "${id}") { id } }`)}`;
    const get = () => fetch(target, { headers: { 'apollo-require-preflight': '1' } });
    for (let count = 0; count < 3; count += 1) {
      const control = (await get()).headers.get('cache-control');
      expect(control).toMatch(/^max-age=\d+, private="ratelimit"$/);
    }
    await open.close();
  });

  it('nothing is told of a limit that there is not', async () => {
    const open = await startGateway();
    const { headers } = await open.query('{ __typename }');
    await open.close();
    expect([headers.get('ratelimit'), headers.get('ratelimit-policy')]).toEqual([null, null]);
  });
});
