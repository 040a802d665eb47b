import { describe, expect, it } from 'vitest';
import { startGateway, type GraphqlAnswer } from '../support/gateway.ts';
import { expectNoLeaks } from './support/leaks.ts';
import { steadyLoad } from './support/load.ts';

/** Calls of one action that ICE grants in a second. */
const LIMIT = 20;
const LIMITED = { seed: 'none', limits: { GetPackageJob: LIMIT, ListPackageJobs: LIMIT } } as const;
/** The gateway's own limit is not below what ICE grants: it has to find that out. */
const DEFAULT_RATE = { ICE_CALLS_PER_SECOND: '50' };
// No list has the address, so each job takes a call of its own.
const BY_ID = 'query ($ids: [ID!]!) { packageJobsById(ids: $ids) { id outputUrl } }';
const ONE = 'query ($id: ID!) { packageJob(id: $id) { id outputUrl } }';

const addJobs = ({ emulator }: Awaited<ReturnType<typeof startGateway>>, count: number) =>
  Array.from({ length: count }, () => emulator.jobs.add({ finishTime: Date.now() }));

/** How many of these times, in milliseconds, lie in each second of the clock. */
function countBySecond(times: readonly number[]): number[] {
  const counts = new Map<number, number>();
  for (const at of times) {
    const second = Math.floor(at / 1000);
    counts.set(second, (counts.get(second) ?? 0) + 1);
  }
  return [...counts.values()];
}

/** What the error of a read says when there was no call for it in time. */
const REFUSED_FOR_NOW = new Set<unknown>(['OVERLOADED', 'UPSTREAM_THROTTLED']);

expectNoLeaks();

describe('a flood of distinct jobs, more than ICE grants', () => {
  it('settles within what ICE grants, and no caller waits past its deadline', async () => {
    const deadlineMs = 3000;
    const gateway = await startGateway({
      env: { ...DEFAULT_RATE, REQUEST_TIMEOUT_MS: String(deadlineMs) },
      emulator: LIMITED,
    });
    const ids = addJobs(gateway, 800);
    const answers: (Pick<GraphqlAnswer, 'data' | 'errors'> & { readonly elapsedMs: number })[] = [];
    const startedAt = Date.now();
    await steadyLoad({ everyMs: 20, signal: AbortSignal.timeout(9000) }, async (index) => {
      const start = performance.now();
      const { data, errors } = await gateway.query(ONE, { id: ids[index] });
      answers.push({
        ...(data && { data }),
        ...(errors && { errors }),
        elapsedMs: performance.now() - start,
      });
    });
    const calls = gateway.emulator.requests.filter(({ action }) => action === 'GetPackageJob');
    await gateway.close();

    const settled = countBySecond(calls.map(({ at }) => at).filter((at) => at >= startedAt + 3000));
    const codes = Map.groupBy(answers, ({ errors }) => errors?.[0]?.extensions['code'] ?? 'job');

    // Over all seconds, as on a busy machine a call can arrive in the second after the one it was sent in.
    const settledCalls = settled.reduce((sum, count) => sum + count, 0);
    expect(settledCalls).toBeLessThanOrEqual(LIMIT * settled.length);
    expect(Math.max(...answers.map(({ elapsedMs }) => elapsedMs))).toBeLessThan(deadlineMs + 1500);
    expect(codes.get('job')?.length).toBeGreaterThan(5 * LIMIT);
    const failed = answers.flatMap(({ errors = [] }) => errors.map(({ extensions }) => extensions));
    const refused = failed.filter(({ code }) => REFUSED_FOR_NOW.has(code));
    expect(refused.filter(({ retryAfterMs }) => typeof retryAfterMs !== 'number')).toEqual([]);
    // A call that was sent last before its caller's deadline can be in flight when that passes.
    const others = failed.filter(({ code }) => !REFUSED_FOR_NOW.has(code));
    expect(others.filter(({ code }) => code !== 'UPSTREAM_TIMEOUT')).toEqual([]);
    expect(others.length).toBeLessThan(answers.length / 5);
    expect(failed.filter(({ retryable }) => retryable !== true)).toEqual([]);
  });

  it('lets an operation of one job end long before one of a hundred that began with it', async () => {
    const gateway = await startGateway({
      env: { ...DEFAULT_RATE, REQUEST_TIMEOUT_MS: '30000' },
      emulator: LIMITED,
    });
    const [one, ...hundred] = addJobs(gateway, 101);
    // ICE has throttled, and the budget has adapted, before the two begin.
    await gateway.query(BY_ID, { ids: addJobs(gateway, 60) });
    const begin = performance.now();
    const timed = (answer: Promise<GraphqlAnswer>) =>
      answer.then(({ data, errors }) => ({ data, errors, elapsedMs: performance.now() - begin }));
    const [large, small] = await Promise.all([
      timed(gateway.query(BY_ID, { ids: hundred })),
      timed(gateway.query(ONE, { id: one })),
    ]);
    await gateway.close();

    expect(large).toMatchObject({
      data: { packageJobsById: hundred.map((id) => ({ id })) },
      errors: undefined,
    });
    expect(small).toMatchObject({ data: { packageJob: { id: one } }, errors: undefined });
    expect(large.elapsedMs).toBeGreaterThan(3000);
    expect(small.elapsedMs).toBeLessThan(large.elapsedMs / 2);
  });
});
