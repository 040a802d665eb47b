import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createSharedBuckets } from '../../src/replicas/shared-buckets.ts';
import { createBuckets } from '../../src/server/rate-limit/buckets.ts';
import { connect, REDIS, redisOfTest, untilJoined } from '../support/redis.ts';

const POLICY = { cost: 10, seconds: 86_400 };

async function setUp() {
  const redis = await redisOfTest();
  const connections = [connect(redis.address), connect(redis.address)];
  await untilJoined(...connections);
  const buckets = connections.map((connection) =>
    createSharedBuckets(
      POLICY,
      connection,
      createBuckets(POLICY, () => 0),
    ),
  );
  const take = async (replica: number, client: string, cost: number) => {
    const taken = await buckets[replica]?.take(client, cost);
    return [taken?.isTaken, Math.round(taken?.left ?? -1)];
  };
  return { redis, connections, take };
}

describe.skipIf(REDIS.skip)(`buckets that replicas share through ${REDIS.label}`, () => {
  it('have the same for a client at every replica, and another for another client', async () => {
    const { take } = await setUp();
    expect(await take(0, 'ann', 6)).toEqual([true, 4]);
    expect(await take(1, 'ann', 6)).toEqual([false, 4]);
    expect(await take(1, 'ann', -3)).toEqual([true, 7]);
    expect(await take(0, 'ann', 7)).toEqual([true, 0]);
    expect(await take(1, 'bob', 10)).toEqual([true, 0]);
  });

  it('take no more than there is, however many take at once', async () => {
    const { take } = await setUp();
    const taken = await Promise.all(Array.from({ length: 40 }, (_, index) => take(index % 2, 'ann', 1)));
    expect(taken.filter(([isTaken]) => isTaken)).toHaveLength(10);
  });

  it('show no client in their keys', async () => {
    const { redis, take } = await setUp();
    await take(0, '192.0.2.77', 1);
    const keys = await redis.client.keys('*');
    expect(keys.filter((key) => key.includes('bucket'))).toHaveLength(1);
    expect(keys.join(' ')).not.toContain('192.0.2.77');
  });

  it('are those of each replica while Redis is away, and are shared again when it is back', async () => {
    const { redis, connections, take } = await setUp();
    await take(0, 'ann', 10);
    const left = Promise.all(connections.map(({ events }) => once(events, 'left')));
    await redis.kill();
    await left;
    expect(await take(0, 'ann', 6)).toEqual([true, 4]);
    expect(await take(1, 'ann', 6)).toEqual([true, 4]);
    const joined = Promise.all(connections.map(({ events }) => once(events, 'joined')));
    await redis.restart();
    await joined;
    expect(await take(0, 'ann', 6)).toEqual([true, 4]);
    expect(await take(1, 'ann', 6)).toEqual([false, 4]);
  });

  it('answer from the replica when Redis is late', async () => {
    const { redis, take } = await setUp();
    redis.freeze();
    expect(await take(0, 'ann', 6)).toEqual([true, 4]);
    redis.thaw();
  });
});
