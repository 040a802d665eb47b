import { describe, expect, it } from 'vitest';
import { REDIS, redisOfTest } from '../support/redis.ts';
import { after, flood, peakOf, startReplicas } from './support/shared-budgets.ts';

describe.skipIf(REDIS.skip)(`call budgets that share a rate through ${REDIS.label}`, () => {
  it('start no more calls in any second than one may, and as many', async () => {
    const { address } = await redisOfTest();
    const { replicas, starts } = await startReplicas(address, 4, 20);
    const startedAt = performance.now();
    for (const [index, replica] of replicas.entries()) flood(replica, `c${String(index)}`);
    await after(starts, 60);
    const seconds = (performance.now() - startedAt) / 1000;
    expect(peakOf(starts)).toBeLessThanOrEqual(20);
    // A burst of 20 at first, then up to 20 in each span. A slow machine starts fewer.
    expect(starts.length).toBeLessThanOrEqual(20 * (1 + seconds));
  });

  it('do not start a call that has left while it waited for the others, nor keep its place', async () => {
    const { address } = await redisOfTest();
    const { replicas, starts } = await startReplicas(address, 2, 1);
    await replicas[0]?.call('ann');
    const [, second] = replicas;
    const leaving = new AbortController();
    const call = (client: string, signal: AbortSignal) =>
      second?.budget.run({ signal, client, turnKey: {} }, () => {
        starts.push({ at: performance.now(), replica: 'r1', client });
        return Promise.resolve();
      });
    const left = call('bob', leaving.signal);
    await expect.poll(() => second?.budget.queued).toBe(1);
    setTimeout(() => leaving.abort(), 20);
    await expect(left).rejects.toMatchObject({ code: 'OVERLOADED' });
    await call('cid', new AbortController().signal);
    expect(starts.map(({ client }) => client)).toEqual(['ann', 'cid']);
    expect(second?.budget.queued).toBe(0);
  });
});
