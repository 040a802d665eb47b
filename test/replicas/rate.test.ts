import { describe, expect, it } from 'vitest';
import { loadScript } from '../../src/replicas/scripts.ts';
import { REDIS, redisOfTest } from '../support/redis.ts';

const { lua } = loadScript('rate');
const KEYS = ['{t}:rate', '{t}:starts', '{t}:takers'] as const;
const [STATE, STARTS, TAKERS] = KEYS;

interface Reply {
  readonly granted: number;
  readonly waitMs: number;
  readonly pausedMs: number;
  readonly free: number;
  readonly rate: number;
  readonly own: number;
}

/** The script on a Redis of its own. What has passed is written there with times of the past, so no test waits. */
async function setUp(limit: number) {
  const { client } = await redisOfTest();
  const run = async (task: string, replica: string, first: number, second: number): Promise<Reply> => {
    const reply = await client.eval(lua, KEYS.length, ...KEYS, task, replica, limit, first, second);
    const [granted = 0, waitMs = 0, pausedMs = 0, free = 0, rate = 0, own = 0] = (reply as unknown[]).map(
      Number,
    );
    return { granted, waitMs, pausedMs, free, rate: rate / 1000, own: own / 1000 };
  };
  const now = async () => {
    const [seconds = 0, microseconds = 0] = (await client.time()).map(Number);
    return 1000 * seconds + Math.floor(microseconds / 1000);
  };
  return {
    client,
    now,
    take: (replica: string, wanted: number, clients = 1) => run('take', replica, wanted, clients),
    log: (replica: string, starts: number) => run('log', replica, starts, 1),
    throttled: (replica: string, ageMs: number, waitMs: number) => run('throttled', replica, ageMs, waitMs),
    /** Starts of a replica so long ago. */
    started: async (replica: string, count: number, ageMs: number) => {
      const at = (await now()) - ageMs;
      await client.rpush(STARTS, `${String(at)} ${replica} ${String(count)}`);
      await client.hset(TAKERS, replica, `${String(count)} 1 0 ${String(at)}`);
    },
  };
}

describe.skipIf(REDIS.skip)(`the script of the shared rate, in ${REDIS.label}`, () => {
  it('grants all replicas together as many starts as one may make', async () => {
    const { take } = await setUp(5);
    await expect(take('a', 3)).resolves.toMatchObject({ granted: 3, free: 2, waitMs: 0 });
    await expect(take('b', 3)).resolves.toMatchObject({ granted: 2, free: 0 });
    const { granted, waitMs } = await take('c', 1);
    expect([granted, waitMs > 0, waitMs <= 1050]).toEqual([0, true, true]);
  });

  it('counts starts of the last 1050 ms', async () => {
    const { started, take } = await setUp(5);
    await started('a', 5, 1051);
    await expect(take('b', 5)).resolves.toMatchObject({ granted: 5 });
    const other = await setUp(5);
    await other.started('a', 5, 900);
    await expect(other.take('b', 5)).resolves.toMatchObject({ granted: 0 });
  });

  it('counts starts of a replica out that leave the span while another asks', async () => {
    const { client, now, started, take } = await setUp(5);
    await started('a', 3, 1100);
    await client.hset(TAKERS, 'a', `3 1 0 ${String(await now())}`);
    await take('b', 1);
    await expect(client.hget(TAKERS, 'a')).resolves.toMatch(/^0 1 0 /);
    await expect(take('b', 4)).resolves.toMatchObject({ granted: 4 });
  });

  it('says when the first start leaves the span', async () => {
    const { started, take } = await setUp(2);
    await started('a', 2, 500);
    const { waitMs } = await take('b', 1);
    expect(waitMs).toBeGreaterThan(400);
    expect(waitMs).toBeLessThanOrEqual(550);
  });

  it('forgets starts of a time that is yet to come, as after a failover to another clock', async () => {
    const { started, take } = await setUp(5);
    await started('a', 5, -600_000);
    await expect(take('b', 5)).resolves.toMatchObject({ granted: 5 });
  });

  it('counts starts that were made without asking, however many there are', async () => {
    const { log, take } = await setUp(5);
    await log('a', 7);
    await expect(take('b', 1)).resolves.toMatchObject({ granted: 0, free: 0 });
  });

  it('lets one replica have what others do not use', async () => {
    const { take } = await setUp(10);
    await take('b', 1);
    await expect(take('a', 10)).resolves.toMatchObject({ granted: 9 });
  });

  it('leaves to a replica below its part what it asked for in vain, and tells the part', async () => {
    const { started, take } = await setUp(10);
    await started('a', 8, 500);
    // Of the 2 that are left, b may have both.
    await expect(take('b', 4)).resolves.toMatchObject({ granted: 2, own: 5 });
    const { client, now } = await setUp(10);
    // Room for one, and b waits for it.
    await client.rpush(STARTS, `${String((await now()) - 100)} a 7`, `${String((await now()) - 90)} b 2`);
    await client.hset(TAKERS, 'a', `7 1 0 ${String(await now())}`, 'b', `2 1 3 ${String(await now())}`);
    const run = (replica: string) =>
      client.eval(lua, 3, ...KEYS, 'take', replica, 10, 1, 1) as Promise<number[]>;
    expect((await run('a'))[0]).toBe(0);
    expect((await run('b'))[0]).toBe(1);
  });

  it('gives parts by the number of clients', async () => {
    const { take } = await setUp(20);
    await take('a', 1, 1);
    await take('b', 1, 3);
    await expect(take('a', 1, 1)).resolves.toMatchObject({ granted: 1 });
    const { client } = await setUp(20);
    for (const [replica, clients] of [
      ['a', 1],
      ['b', 3],
    ] as const)
      await client.eval(lua, 3, ...KEYS, 'log', replica, 20, 10, clients);
    const [, , , , , own] = (await client.eval(lua, 3, ...KEYS, 'take', 'b', 20, 1, 3)) as number[];
    expect(own).toBe(15_000);
  });

  it('stops all replicas for as long as ICE asks one to wait, a minute at most', async () => {
    const { throttled, take } = await setUp(10);
    await take('a', 1);
    await throttled('a', 0, 400);
    const { granted, waitMs, pausedMs } = await take('b', 1);
    expect([granted, waitMs === pausedMs, waitMs > 0, waitMs <= 400]).toEqual([0, true, true, true]);
    await throttled('a', 0, 3_600_000);
    expect((await take('b', 1)).waitMs).toBeLessThanOrEqual(60_000);
  });

  it('goes by what was granted in the second before the first throttled answer, once the pause is over', async () => {
    const { client, now, started, throttled, take } = await setUp(30);
    await started('a', 30, 200);
    for (let call = 0; call < 10; call += 1) await throttled('a', 200, 500);
    // 20 of 30 were granted.
    await client.hset(STATE, 'paused', (await now()) - 1);
    const { rate } = await take('b', 1);
    expect(Math.floor(rate)).toBe(18);
    await client.hset(STATE, 'at', (await now()) - 30_000);
    await expect(take('b', 1)).resolves.toMatchObject({ rate: 19 });
    await client.hset(STATE, 'at', (await now()) - 65_000);
    expect(Math.floor((await take('b', 1)).rate)).toBe(24);
    await client.hset(STATE, 'at', (await now()) - 600_000);
    await expect(take('b', 1)).resolves.toMatchObject({ rate: 30 });
  });

  it('halves at most, and lowers once for answers to calls that started before the first', async () => {
    const { client, now, throttled, take } = await setUp(50);
    await take('a', 1);
    await throttled('a', 0, 1);
    await throttled('b', 500, 1);
    await expect(client.hget(STATE, 'throttled')).resolves.toBe('2');
    await client.hset(STATE, 'paused', (await now()) - 1);
    expect(Math.floor((await take('b', 1)).rate)).toBe(22);
  });

  it('forgets a pause and a throttling of a clock that was ahead', async () => {
    const { client, now, take, throttled } = await setUp(10);
    const ahead = (await now()) + 600_000;
    await client.hset(STATE, 'paused', ahead, 'refusedAt', ahead);
    await expect(take('a', 1)).resolves.toMatchObject({ granted: 1, pausedMs: 0 });
    await throttled('a', 0, 1);
    await expect(client.hget(STATE, 'refused')).resolves.toBe('10');
  });

  it('keeps nothing of a replica that has not asked for a span, and nothing at all after an hour', async () => {
    const { client, started, take } = await setUp(10);
    await started('gone', 1, 2000);
    await take('a', 1);
    await expect(client.hkeys(TAKERS)).resolves.toEqual(['a']);
    for (const key of [STARTS, TAKERS]) expect(await client.pttl(key)).toBeGreaterThan(3_000_000);
  });
});
