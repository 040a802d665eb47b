import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { startIssuer, type Issuer } from '../../support/issuer.ts';

let issuer: Issuer;
let gateway: TestGateway;
beforeAll(async () => {
  issuer = await startIssuer();
  const env = { ...issuer.env, RATE_LIMIT: '1000/60', ANSWERS_MAX_MB: '0', ICE_LIST_BATCHING: 'off' };
  const now = Date.now();
  gateway = await startGateway({ env, emulator: { seed: 'none' }, now: () => now });
  for (let count = 0; count < 30; count += 1) gateway.emulator.jobs.add({ finishTime: Infinity });
});
afterAll(async () => {
  await gateway.close();
  await issuer.close();
});

const LIST = 'query ($first: Int) { packageJobs(first: $first) { nodes { id status } } }';
/** The fields of a page of so many jobs: `packageJobs`, `nodes`, and two of each job. */
const fieldsOf = (jobs: number) => 1 + 1 + 2 * jobs;

let clients = 0;
/** What a list is told to cost by `extensions.cost`, and by the header. */
async function costOf(variables: Record<string, unknown>, claims: object = {}) {
  clients += 1;
  const bearer = await issuer.bearer({ ...claims, sub: `client-${String(clients)}` });
  const { extensions, headers, data } = await gateway.query(LIST, variables, {
    ...bearer,
    'x-upstream-receipt': '1',
  });
  const { requested, actual, left } = (extensions?.['cost'] ?? {}) as Partial<Record<string, number>>;
  const byHeader = 1000 - Number(/r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]);
  expect([byHeader, 1000 - (left ?? NaN)]).toEqual([actual, actual]);
  const page = data?.['packageJobs'] as { nodes: unknown[] } | undefined;
  return { requested, actual, jobs: page?.nodes.length };
}

describe('a list costs', () => {
  it.each([{}, { first: null }, { first: 20 }])(
    '20 jobs with %j, which is what it reads',
    async (variables) => {
      expect(await costOf(variables)).toEqual({ requested: 1 + 20 * 3, actual: fieldsOf(20), jobs: 20 });
    },
  );

  it('the calls that it can take where these are more than its fields', async () => {
    expect(await costOf({ first: 1 })).toEqual({ requested: 9, actual: fieldsOf(1), jobs: 1 });
  });

  it('as much as there are jobs for a token that names them, and their calls where these are more', async () => {
    const [id, ...ids] = Array.from({ length: 13 }, () =>
      gateway.emulator.jobs.add({ finishTime: Infinity }),
    );
    const one = { job_ids: [id] };
    expect(await costOf({ first: 100 }, one)).toEqual({ requested: 4, actual: fieldsOf(1), jobs: 1 });
    const all = { job_ids: ids };
    expect(await costOf({ first: 1 }, all)).toEqual({ requested: 12, actual: 12, jobs: 1 });
    expect(await costOf({ first: 100 }, { job_ids: [] })).toEqual({ requested: 4, actual: 2, jobs: 0 });
  });
});
