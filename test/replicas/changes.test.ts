import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Changes } from '../../src/replicas/changes.ts';
import { SharedStates } from '../../src/replicas/states.ts';
import { jobWith } from '../support/job.ts';
import { connect, PATIENT_MS, REDIS, redisOfTest, type RedisServer } from '../support/redis.ts';

async function reader(redis: RedisServer) {
  const connection = connect(redis.address, undefined, PATIENT_MS);
  const states = new SharedStates(connection, 60_000, Date.now);
  const told: string[] = [];
  const again: string[] = [];
  let missed = 0;
  const changes = new Changes({
    connection,
    events: connection.events,
    states,
    onChange: (id, { job }) => told.push(`${id} ${String(job?.status)}`),
    onRead: ({ id }) => again.push(id),
    onMissed: () => (missed += 1),
  });
  onTestFinished(() => changes.close());
  await connection.first;
  await expect.poll(() => missed).toBe(1);
  const write = (id: string, status: 'INIT' | 'SUCCESS') => {
    const now = Date.now();
    return states.write([
      [id, { job: jobWith({ id, status }), observedAt: now, validatedAt: now, lastGetAt: now }],
    ]);
  };
  return { connection, told, again, missed: () => missed, write, states };
}

describe.skipIf(REDIS.skip)(`changes in ${REDIS.label}`, () => {
  it('come to every replica in order, from the moment on at which it joined', async () => {
    const redis = await redisOfTest();
    const first = await reader(redis);
    await first.write('a', 'INIT');
    await expect.poll(() => first.told).toEqual(['a INIT']);
    const second = await reader(redis);
    await second.write('b', 'INIT');
    await first.write('a', 'SUCCESS');
    await expect.poll(() => first.told).toEqual(['a INIT', 'b INIT', 'a SUCCESS']);
    await expect.poll(() => second.told).toEqual(['b INIT', 'a SUCCESS']);
    expect([first.missed(), second.missed()]).toEqual([1, 1]);
  });

  it('say of which unfinished jobs another replica has read the same again, in order with changes', async () => {
    const redis = await redisOfTest();
    const [first, second] = [await reader(redis), await reader(redis)];
    const order: string[] = [];
    second.told.push = (text) => order.push(text);
    second.again.push = (id) => order.push(`${id} again`);
    // Each of them is later than the one before.
    const write = async (...args: Parameters<typeof first.write>) => {
      const before = Date.now();
      await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(before));
      await first.write(...args);
    };
    await write('a', 'INIT');
    await write('a', 'INIT');
    await write('a', 'SUCCESS');
    await write('a', 'SUCCESS');
    await write('b', 'INIT');
    await write('b', 'INIT');
    await expect.poll(() => order.length).toBe(5);
    expect(order.filter((text) => !text.endsWith('again'))).toEqual(['a INIT', 'a SUCCESS', 'b INIT']);
    expect(order.filter((text) => text.endsWith('again'))).toEqual(['a again', 'b again']);
    expect(order.indexOf('b again')).toBeGreaterThan(order.indexOf('b INIT'));
    expect(first.again).toEqual([]);
    expect(await redis.client.xlen(first.states.reads)).toBe(2);
  });

  it('are bounded', async () => {
    const redis = await redisOfTest();
    const { states } = await reader(redis);
    const now = Date.now();
    for (let part = 0; part < 110; part += 1) {
      const entries = Array.from({ length: 100 }, (_, index) => {
        const id = `${String(part)}-${String(index)}`;
        return [id, { job: jobWith({ id }), observedAt: now, validatedAt: now, lastGetAt: now }] as const;
      });
      // A machine that is busy can be late with it.
      await vi.waitFor(() => states.write(entries), { timeout: 20_000 });
    }
    const length = await redis.client.xlen(states.changes);
    expect(length).toBeGreaterThanOrEqual(10_000);
    expect(length).toBeLessThan(10_500);
  });

  it('that were missed are said to be: when Redis was emptied, and after each reconnect', async () => {
    const redis = await redisOfTest();
    const { told, missed, write } = await reader(redis);
    await write('a', 'INIT');
    await write('b', 'INIT');
    await expect.poll(() => told.length).toBe(2);
    await redis.client.flushall();
    await write('c', 'INIT');
    await expect.poll(missed).toBe(2);
    expect(told.at(-1)).toBe('c INIT');
    await redis.restart();
    await expect.poll(missed, { timeout: 20_000 }).toBe(3);
    await write('d', 'INIT');
    await expect.poll(() => told.at(-1)).toBe('d INIT');
  });

  it('go on to be read when only the connection that waits for them breaks', async () => {
    const redis = await redisOfTest();
    const { told, write } = await reader(redis);
    await write('a', 'INIT');
    await expect.poll(() => told.length).toBe(1);
    const clients = String(await redis.client.client('LIST'));
    const waiting = clients.split('\n').find((line) => line.includes('cmd=xread'));
    const id = Number(/id=(\d+)/.exec(waiting ?? '')?.[1]);
    await redis.client.client('KILL', 'ID', id);
    await write('b', 'INIT');
    await expect.poll(() => told, { timeout: 20_000 }).toEqual(['a INIT', 'b INIT']);
  });
});
