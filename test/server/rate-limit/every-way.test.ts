import { parseList } from 'structured-headers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { WAYS, type Outcome } from './support/ways.ts';

const COST = 300;
const SECONDS = 30;

let now = Date.now();
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({
    now: () => now,
    env: {
      RATE_LIMIT: `${String(COST)}/${String(SECONDS)}`,
      TRUST_PROXY: '1',
      JIT: 'on',
      ANSWERS_MAX_MB: '64',
    },
  });
});
afterAll(() => gateway.close());

let addresses = 0;
const newClient = () => {
  addresses += 1;
  return { url: gateway.url, address: `192.0.2.${String(addresses)}` };
};

/** What is left by the headers of a response, as a parser of structured fields reads them. A message has no headers. */
function leftBy({ headers }: Outcome): unknown[] {
  if (headers === undefined) return [];
  const [[policy, policyParameters] = [], ...morePolicies] = parseList(headers.get('ratelimit-policy') ?? '');
  const [[name, parameters] = [], ...more] = parseList(headers.get('ratelimit') ?? '');
  expect([policy, name, ...morePolicies, ...more]).toEqual(['RATE_LIMIT', 'RATE_LIMIT']);
  expect(Object.fromEntries(policyParameters ?? [])).toEqual({ q: COST, w: SECONDS, 'pjg-unit': 'cost' });
  const { r, ...others } = Object.fromEntries(parameters ?? []);
  expect(others).toEqual({ t: 1 });
  return [r];
}

describe.for(WAYS)('operations $name', ({ cost, open }) => {
  it('of one client are refused within 1 % of what it may use, and those of others are not', async () => {
    const id = gateway.emulator.jobs.add({ createTime: now - 60_000, finishTime: now - 1000 });
    const [greedy, other] = [await open(newClient(), id), await open(newClient(), id)];
    // After this the response is stored, and its operation is prepared.
    const first = await open(newClient(), id);
    for (let count = 0; count < 3; count += 1) await first.ask();
    const [told, expected]: [unknown[], unknown[]] = [[], []];
    let used = 0;
    let outcome = await greedy.ask();
    for (; !outcome.isRefused && used < COST; outcome = await greedy.ask()) {
      expect(outcome.error).toBeUndefined();
      used += cost;
      told.push(...leftBy(outcome));
      expected.push(...(outcome.headers === undefined ? [] : [COST - used]));
    }
    expect(told).toEqual(expected);
    expect(outcome.isRefused).toBe(true);
    expect(used).toBeGreaterThanOrEqual(0.99 * COST);
    expect(used).toBeLessThanOrEqual(COST);
    expect((await other.ask()).isRefused).toBe(false);

    // Nothing was known of the operation when it was refused. Once it is, the client is told when there is enough for it.
    for (let refusals = 1; outcome.isRefused; refusals += 1) {
      expect(refusals).toBeLessThanOrEqual(2);
      expect(leftBy(outcome).length).toBe(outcome.headers === undefined ? 0 : 1);
      const { error } = outcome;
      expect(error).toMatchObject({
        policy: 'RATE_LIMIT',
        retryable: true,
        retryAfterMs: expect.any(Number),
      });
      now += Number(error?.['retryAfterMs']);
      outcome = await greedy.ask();
    }
    expect((await greedy.ask()).isRefused).toBe(true);
    for (const asker of [greedy, other, first]) asker.close();
  });
});
