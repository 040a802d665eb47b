import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SUBMISSION } from '../support/submission.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import type { Case } from '../support/wire-case.ts';
import { REPRESENTATIONS } from '../support/wire-representations.ts';
import { get, post, type Operation } from '../support/wire-request.ts';
import { REQUESTS } from '../support/wire-requests.ts';
import { sendBytes, type WireResponse } from '../support/wire-response.ts';

const CASES = [...REQUESTS, ...REPRESENTATIONS];

let cached: TestGateway;
let plain: TestGateway;
let id: string;

beforeAll(async () => {
  cached = await startGateway({ env: { JIT: 'on', ANSWERS_MAX_MB: '64' } });
  plain = await startGateway({ env: { JIT: 'off', ANSWERS_MAX_MB: '0' } });
  const [createTime, finishTime] = [Date.now() - 60_000, Date.now() - 1000];
  id = cached.emulator.jobs.add({ createTime, finishTime });
  plain.emulator.jobs.add({ jobId: id, createTime, finishTime });
});

afterAll(async () => {
  await cached.close();
  await plain.close();
});

/** An operation that nobody has asked for. */
let operations = 0;
function newOperation(): Operation {
  operations += 1;
  const query = `query Job($id: ID!) { packageJob(id: $id) { id status } } # ${String(1000 + operations)}`;
  return { query, variables: { id } };
}

/** The request after another client has had the same operation answered, stored and prepared, by both methods. */
async function sendWhenWarm({ bytes }: Case): Promise<WireResponse> {
  const operation = newOperation();
  const usual = { origin: 'http://localhost:3000', 'accept-encoding': 'gzip' };
  for (const ask of [post(usual), post(usual, { extensions: {} }), post(), get(usual), get(), post()]) {
    await sendBytes(cached.url, ask(operation));
  }
  return sendBytes(cached.url, bytes(operation));
}

describe('a request', () => {
  it.for(CASES)('$name: $status, whatever is in memory', async (row) => {
    const operation = newOperation();
    const first = await sendBytes(cached.url, row.bytes(operation));
    expect(first.status).toBe(row.status);
    expect(first.headers['content-type']).toMatch(
      new RegExp(`^${(row.type ?? 'application/json').replace('+', String.raw`\+`)}`),
    );
    const [name, value] = row.header ?? ['x-request-id', /./];
    expect(first.headers[name]).toMatch(value);
    const content =
      row.type === 'text/html'
        ? '<!doctype html>'
        : row.code === undefined
          ? `"data":{"packageJob":{"id":"${id}","status":"SUCCESS"}}`
          : `"code":"${row.code}"`;
    expect(first.body).toContain(content);

    const seen = [first];
    for (let time = 0; time < 3; time += 1) seen.push(await sendBytes(cached.url, row.bytes(operation)));
    seen.push(await sendBytes(plain.url, row.bytes(operation)), await sendWhenWarm(row));
    for (const response of seen) expect(withoutPlaces(response)).toEqual(withoutPlaces(first));
  });
});

/** Refusals of connections without a request have an id of their own. Documents differ in a number of four digits. */
function withoutPlaces({ status, headers, body }: WireResponse): WireResponse {
  const requestId = headers['x-request-id'] ?? '';
  return {
    status,
    headers: { ...headers, 'x-request-id': 'id' },
    body: body.replaceAll(requestId, 'id').replaceAll(/%23\+\d{4}/g, 'number'),
  };
}

const submit = (row: Case) => row.bytes({ query: SUBMISSION, variables: { id } });

describe('a submission', () => {
  const REFUSED = CASES.filter(
    ({ code, status, name }) =>
      code === 'BAD_REQUEST' && status >= 400 && !/GET|query string|EventSource|without/.test(name),
  );

  it.for(REFUSED)('with $name is not made', async (row) => {
    cached.emulator.resetRequests();
    const { status, body } = await sendBytes(cached.url, submit(row));
    expect([status, body]).toEqual([row.status, expect.stringContaining('BAD_REQUEST')]);
    expect(cached.emulator.countRequests()).toBe(0);
  });

  it('as usual is made', async () => {
    cached.emulator.resetRequests();
    const [usual] = CASES;
    if (usual !== undefined) await sendBytes(cached.url, submit(usual));
    expect(cached.emulator.countRequests('SubmitPackageJob')).toBe(1);
  });
});
