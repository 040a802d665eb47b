import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { IceError } from '../../src/ice/errors.ts';
import { REDIS, redisOfTest } from '../support/redis.ts';
import { action, after, flood, peakOf, startReplicas } from './support/shared-budgets.ts';

describe.skipIf(REDIS.skip)(`call budgets that share a rate through ${REDIS.label}`, () => {
  it('are fair between clients of different replicas', async () => {
    const { address } = await redisOfTest();
    const { replicas, starts } = await startReplicas(address, 2, 20);
    flood(replicas[0], 'ann');
    for (const client of ['bob', 'cid', 'dan']) flood(replicas[1], client);
    await after(starts, 100);
    const counts = Map.groupBy(starts.slice(20, 100), ({ client }) => client);
    for (const client of ['ann', 'bob', 'cid', 'dan'])
      expect([client, (counts.get(client)?.length ?? 0) >= 10]).toEqual([client, true]);
    // Half of the starts would be what two replicas have that know nothing of clients.
    expect(counts.get('ann')?.length).toBeLessThanOrEqual(35);
  });

  it('let a client of an idle replica in soon, while others flood', async () => {
    const { address } = await redisOfTest();
    const { replicas, starts } = await startReplicas(address, 3, 20);
    flood(replicas[0], 'ann');
    flood(replicas[1], 'bob');
    await after(starts, 40);
    const before = starts.length;
    await replicas[2]?.call('eve');
    expect(starts.length - before).toBeLessThanOrEqual(20);
  });

  it('stop all when ICE throttles one, and settle below what it grants', async () => {
    const { address } = await redisOfTest();
    const granted: number[] = [];
    let throttled = 0;
    const { replicas, starts } = await startReplicas(address, 4, 40, () => {
      const now = performance.now();
      while ((granted[0] ?? Infinity) <= now - 1000) granted.shift();
      if (granted.length < 10) {
        granted.push(now);
        return Promise.resolve();
      }
      throttled += 1;
      return Promise.reject(new IceError('UPSTREAM_THROTTLED', { action, retryAfterMs: 1000 }));
    });
    for (const [index, replica] of replicas.entries()) flood(replica, `c${String(index)}`);
    await expect.poll(() => throttled, { interval: 1 }).toBeGreaterThan(0);
    await expect.poll(() => Math.max(...replicas.map(({ shared }) => shared.pausedMs))).toBeGreaterThan(0);
    await expect.poll(() => replicas[0]?.shared.callsPerSecond, { timeout: 20_000 }).toBeLessThanOrEqual(10);
    const [before, refused] = [starts.length, throttled];
    await after(starts, before + 30);
    expect(throttled).toBe(refused);
  });

  it('divide the limit by the replicas while Redis hangs, and share again when it is back', async () => {
    const redis = await redisOfTest();
    const { replicas, starts } = await startReplicas(redis.address, 2, 20);
    for (const [index, replica] of replicas.entries()) flood(replica, `c${String(index)}`);
    await after(starts, 20);
    const left = Promise.all(replicas.map(({ connection }) => once(connection.events, 'left')));
    redis.freeze();
    await left;
    expect(replicas.map(({ budget }) => budget.callsPerSecond)).toEqual([10, 10]);
    await after(starts, starts.length + 20);
    const joined = Promise.all(replicas.map(({ connection }) => once(connection.events, 'joined')));
    redis.thaw();
    await joined;
    await after(starts, starts.length + 20);
    expect(peakOf(starts)).toBeLessThanOrEqual(20);
  });

  it('start no more calls in any second when Redis is lost and comes back empty', async () => {
    const redis = await redisOfTest();
    const { replicas, starts } = await startReplicas(redis.address, 3, 15);
    // One uses all there is, the others begin when Redis is gone.
    flood(replicas[0], 'ann');
    await after(starts, 20);
    await redis.kill();
    flood(replicas[1], 'bob');
    flood(replicas[2], 'cid');
    await after(starts, starts.length + 15);
    await redis.restart();
    await expect.poll(() => replicas.every(({ shared }) => shared.isShared), { timeout: 10_000 }).toBe(true);
    await after(starts, starts.length + 30);
    expect(peakOf(starts)).toBeLessThanOrEqual(15);
  });
});
