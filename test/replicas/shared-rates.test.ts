import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createBudget, type Budget } from '../../src/ice/budget.ts';
import { IceError } from '../../src/ice/errors.ts';
import type { SharedRate } from '../../src/ice/shared-rate.ts';
import { createSharedRate } from '../../src/replicas/shared-rates.ts';
import type { RedisAddress } from '../../src/redis-config.ts';
import { connect, REDIS, redisOfTest } from '../support/redis.ts';

const action = 'GetPackageJob';

interface Replica {
  readonly budget: Budget;
  readonly shared: SharedRate;
  readonly connection: ReturnType<typeof connect>;
  /** Makes a call of a client, which takes no time. */
  call(client: string): Promise<void>;
}

/** Replicas in one process, so that one clock tells when each call starts. `end` makes what comes of one. */
async function startReplicas(
  address: RedisAddress,
  count: number,
  limit: number,
  end: (replica: string, client: string) => Promise<void> = () => Promise.resolve(),
): Promise<{ replicas: Replica[]; starts: { at: number; replica: string; client: string }[] }> {
  const starts: { at: number; replica: string; client: string }[] = [];
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const replicas = Array.from({ length: count }, (_, index): Replica => {
    const name = `r${String(index)}`;
    const connection = connect(address, name);
    const shared = createSharedRate({ connection, events: connection.events, action, limit });
    const bounds = { maxConcurrency: 100, maxQueued: 10_000, maxQueuedOfClient: 10_000 };
    const budget = createBudget({ action, callsPerSecond: limit, ...bounds, shared });
    const turnKeys = new Map<string, object>();
    return {
      budget,
      shared,
      connection,
      call(client) {
        const turnKey = turnKeys.get(client) ?? {};
        turnKeys.set(client, turnKey);
        return budget.run({ signal: stop.signal, client, turnKey }, () => {
          starts.push({ at: performance.now(), replica: name, client });
          return end(name, client);
        });
      },
    };
  });
  await Promise.all(replicas.map(({ connection }) => connection.first));
  await expect.poll(() => replicas.map(({ connection }) => connection.replicas), { timeout: 10_000 }).toEqual(
    replicas.map(() => count),
  );
  return { replicas, starts };
}

/** Has many calls of a client wait at a replica. What is left of them when the test ends is dropped. */
function flood(replica: Replica | undefined, client: string, calls = 1000): void {
  for (let call = 0; call < calls; call += 1) replica?.call(client).catch(() => undefined);
}

/** The most starts in any second. */
function peakOf(starts: readonly { readonly at: number }[]): number {
  const times = starts.map(({ at }) => at).toSorted((a, b) => a - b);
  return Math.max(0, ...times.map((from, first) => times.filter((at, index) => index >= first && at < from + 1000).length));
}

const after = (starts: readonly unknown[], count: number) =>
  expect.poll(() => starts.length, { timeout: 30_000, interval: 20 }).toBeGreaterThanOrEqual(count);

describe.skipIf(REDIS.skip)(`call budgets that share a rate through ${REDIS.label}`, () => {
  it('start no more calls in any second than one may, and as many', async () => {
    const { address } = await redisOfTest();
    const { replicas, starts } = await startReplicas(address, 4, 20);
    const startedAt = performance.now();
    for (const [index, replica] of replicas.entries()) flood(replica, `c${String(index)}`);
    await after(starts, 80);
    const seconds = (performance.now() - startedAt) / 1000;
    expect(peakOf(starts)).toBeLessThanOrEqual(20);
    // A burst of 20 at first, then up to 20 in each span. A slow machine starts fewer.
    expect(starts.length).toBeLessThanOrEqual(20 * (1 + seconds));
  });

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
    await expect
      .poll(() => replicas[0]?.shared.callsPerSecond, { timeout: 20_000 })
      .toBeLessThanOrEqual(10);
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
