import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config.ts';
import { startEmulator, type Emulator } from '../../../src/emulator/server.ts';
import { startGateway, type Gateway } from '../../../src/gateway.ts';
import { operations, type GeneratedOperation } from '../support/operations.ts';
import { NO_LIMITS } from '../../support/limits.ts';

/** How many operations are generated for each of four tests. */
const QUARTER = 150;
/** Generated operations under way at the same time, so that both gateways have something to do while one waits. */
const AT_ONCE = 10;
const OPERATIONS = new URL('../../../schema/operations/', import.meta.url);

// Time stands still, so that both gateways read the same and no answer grows old.
const now = Date.now();
let emulator: Emulator;
/** By graphql-js alone. */
let plain: Gateway;
/** With answers that are kept, and compiled operations. */
let fast: Gateway;
let ids: string[];

beforeAll(async () => {
  emulator = await startEmulator({ seed: 'demo', limits: NO_LIMITS, now: () => now });
  const upstream = { endpoint: new URL(emulator.endpoint), credentials: emulator.credentials };
  const start = (env: Record<string, string>) =>
    startGateway(
      readConfig({
        PORT: '0',
        METRICS_PORT: '0',
        UPSTREAM: 'emulator',
        ALLOW_SUBMIT: 'false',
        ICE_CALLS_PER_SECOND: '10000',
        // On a machine that is busy with other things a state must not be served stale by one of them alone.
        ICE_TIMEOUT_MS: '60000',
        REQUEST_TIMEOUT_MS: '60000',
        ...env,
      }),
      upstream,
      pino({ level: 'error' }),
      () => now,
    );
  [plain, fast] = await Promise.all([start({ JIT: 'off', ANSWERS_MAX_MB: '0' }), start({})]);
  const finished = { createTime: now - 60_000, finishTime: now - 1000 };
  ids = [
    emulator.jobs.add({ ...finished, userData: '{"a":[1,"ü"]}' }),
    emulator.jobs.add({ ...finished, userData: 'no JSON' }),
    emulator.jobs.add({ finishTime: Infinity, createTime: now - 30_000 }),
    'ab4802364a2e49208c99efab82dfa8e8',
    'unheard-of',
  ];
  emulator.faults.add({
    kind: 'status',
    status: 403,
    code: 'Forbidden.RAM',
    jobId: 'refused',
    times: 'always',
  });
});

afterAll(async () => {
  await Promise.all([plain.close(), fast.close()]);
  await emulator.close();
});

const HEADERS = ['content-type', 'cache-control', 'vary', 'etag', 'retry-after', 'allow', 'x-request-id'];

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
}

/** All that a client sees, but for the ids that ICE gives its answers and what the answer cost. */
async function see({ url }: Gateway, { method, path, body }: Sent): Promise<string> {
  const headers = { 'content-type': 'application/json', 'x-request-id': 'same' };
  const response = await fetch(url + path, { method, headers, ...(body !== undefined && { body }) });
  const text = (await response.text()).replaceAll(/"requestId":"[0-9A-F-]{36}"/g, '"requestId":"?"');
  const seen = HEADERS.map((name) => `${name}: ${String(response.headers.get(name))}`);
  return `${String(response.status)}\n${seen.join('\n')}\n\n${text}`;
}

/**
 * Sends each request so often that it is executed, compiled, prepared and kept; gives all that is answered differently.
 * By graphql-js it is sent once, as its answer is the same as long as time stands still.
 */
async function differences(
  requests: readonly Sent[],
): Promise<{ request: Sent; expected: string; seen: string }[]> {
  const found = [];
  const answered = await Promise.all(
    requests.map(async (request) => ({ request, expected: await see(plain, request) })),
  );
  for (const { request, expected } of [...answered, ...answered, ...answered]) {
    const seen = await see(fast, request);
    if (seen !== expected) found.push({ request, expected, seen });
  }
  return found;
}

const asPost = ({ query, variables }: GeneratedOperation): Sent[] =>
  variables.map((values) => ({
    method: 'POST',
    path: '/graphql',
    body: JSON.stringify({ query, variables: values }),
  }));

const asGet = ({ query, variables }: GeneratedOperation): Sent[] =>
  variables.map((values) => ({
    method: 'GET',
    path: `/graphql?${new URLSearchParams({ query, variables: JSON.stringify(values) }).toString()}`,
  }));

describe('the response cache answers byte for byte as graphql-js does', () => {
  it.for(readdirSync(OPERATIONS))('%s', async (file) => {
    const query = readFileSync(new URL(file, OPERATIONS), 'utf8');
    const variables = [{}, { id: ids[0], ids: [ids[0], ids[2], 'unheard-of'] }, { id: ids[1], ids: [] }];
    const operation = { query, variables: query.includes('$wait') ? variables.slice(1) : variables };
    expect(await differences([...asPost(operation), ...asGet(operation)])).toEqual([]);
  });

  it.for<[string, string, readonly Record<string, unknown>[]]>([
    [
      'a field that is skipped',
      'query($id: ID!) { a: packageJob(id: $id) @skip(if: true) { id } b: packageJob(id: $id) { id } }',
      [{}],
    ],
    [
      'a field that is included',
      'query($id: ID!, $v: Boolean!) { packageJob(id: $id) @include(if: $v) { id } }',
      [{ v: true }, { v: false }, { v: 'INIT' }],
    ],
    [
      'a default of a scalar of ours',
      'query($v: DateTime = "2020-01-01T00:00:00Z") { packageJobs(first: 1, filter: { createdFrom: $v }) { nodes { id } } }',
      [{}, { v: '2021-01-01T00:00:00Z' }, { v: 'yesterday' }],
    ],
    [
      'a default of an object',
      'query($v: PackageJobFilter = { createdFrom: "2020-01-01T00:00:00Z" }) { packageJobs(first: 1, filter: $v) { nodes { id } } }',
      [{}, { v: null }],
    ],
    [
      'an object given as a list',
      'query($v: PackageJobFilter) { packageJobs(first: 1, filter: $v) { nodes { id } } }',
      [{ v: {} }, { v: [] }, { v: null }, { v: 1 }],
    ],
    [
      'an alias that is a prototype',
      'query($id: ID!) { packageJob(id: $id) { __proto__: id status output { __proto__: type } } }',
      [{}],
    ],
    [
      'a prototype beside others',
      '{ __proto__: packageJobs(first: 1) { nodes { id } } __typename constructor: __typename }',
      [{}],
    ],
    ['null for a default', 'query($id: ID = "x") { packageJob(id: $id) { id } }', [{ id: null }, {}]],
  ])('%s', async ([, query, given]) => {
    const variables = given.flatMap((values) =>
      query.includes('$id: ID!') ? ids.map((id) => ({ id, ...values })) : [values],
    );
    expect(await differences([...asPost({ query, variables }), ...asGet({ query, variables })])).toEqual([]);
  });

  // Quarters, so that each has time enough on a machine that is busy with other things.
  it.for([0, 1, 2, 3])(
    'generated operations, right and wrong: quarter %i',
    { timeout: 120_000 },
    async (quarter) => {
      const all = fc.sample(operations({ ids, refused: 'refused' }), {
        numRuns: 4 * QUARTER,
        seed: 20_261_123,
      });
      const generated = all.slice(quarter * QUARTER, (quarter + 1) * QUARTER);
      let clean = 0;
      const check = async (operation: GeneratedOperation, index: number) => {
        const requests = index % 4 === 0 ? asGet(operation) : asPost(operation);
        expect(await differences(requests)).toEqual([]);
        if (requests[0] && !(await see(fast, requests[0])).includes('"errors"')) clean += 1;
      };
      for (let from = 0; from < generated.length; from += AT_ONCE) {
        const some = generated.slice(from, from + AT_ONCE);
        await Promise.all(some.map((operation, index) => check(operation, from + index)));
      }
      // Else most of them would have gone the one way only.
      expect(clean).toBeGreaterThan(QUARTER / 4);
      expect(clean).toBeLessThan((3 * QUARTER) / 4);
    },
  );
});
