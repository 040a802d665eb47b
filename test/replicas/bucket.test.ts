import { describe, expect, it } from 'vitest';
import { loadScript } from '../../src/replicas/scripts.ts';
import { REDIS, redisOfTest } from '../support/redis.ts';

const { lua } = loadScript('bucket');
const KEY = '{t}:bucket';

async function setUp(size: number, seconds: number) {
  const { client } = await redisOfTest();
  return {
    client,
    take: async (cost: number) => {
      const [isTaken, left] = (await client.eval(lua, 1, KEY, cost, size, seconds)) as [number, string];
      return [isTaken, Number(left)];
    },
    /** Lets so much time pass for the bucket. */
    age: async (milliseconds: number) => {
      await client.hincrbyfloat(KEY, 'at', -milliseconds);
    },
  };
}

describe.skipIf(REDIS.skip)(`the script of a shared bucket, in ${REDIS.label}`, () => {
  it('takes what the bucket has, and nothing of what it has not', async () => {
    const { take } = await setUp(10, 86_400);
    expect(await take(7)).toEqual([1, 3]);
    const [isTaken, left = 0] = await take(4);
    expect([isTaken, Math.floor(left)]).toEqual([0, 3]);
    expect((await take(3))[0]).toBe(1);
  });

  it('fills at a constant rate, up to a full bucket', async () => {
    const { take, age } = await setUp(10, 1000);
    await take(10);
    await age(500_000);
    expect(Math.floor((await take(0))[1] ?? 0)).toBe(5);
    await age(10_000_000);
    expect(await take(10)).toEqual([1, 0]);
  });

  it('gives back, up to a full bucket, of which nothing is kept', async () => {
    const { client, take } = await setUp(10, 86_400);
    await take(4);
    expect(Math.floor((await take(-3))[1] ?? 0)).toBe(9);
    expect(await take(-100)).toEqual([1, 10]);
    expect(await client.exists(KEY)).toBe(0);
  });

  it('is kept until it would be full', async () => {
    const { client, take } = await setUp(10, 100);
    await take(5);
    const ttl = await client.pttl(KEY);
    expect(ttl).toBeGreaterThan(40_000);
    expect(ttl).toBeLessThanOrEqual(50_001);
  });
});
