import { describe, expect, it, onTestFinished } from 'vitest';
import { Interest } from '../../src/replicas/interest.ts';
import { connect, PATIENT_MS, REDIS, redisOfTest } from '../support/redis.ts';

/** A replica that wants what the test says. */
async function member(redis: Awaited<ReturnType<typeof redisOfTest>>, replicaId: string, wanted: string[]) {
  const connection = connect(redis.address, replicaId, PATIENT_MS);
  const interest = new Interest({ connection, events: connection.events, wanted: () => wanted });
  await connection.first;
  await interest.renew();
  return { connection, interest, wanted, others: () => [...interest.others].toSorted() };
}

describe.skipIf(REDIS.skip)(`what replicas want, in ${REDIS.label}`, () => {
  it('is known to the others, less what they want themselves', async () => {
    const redis = await redisOfTest();
    const first = await member(redis, 'r1', ['a', 'b']);
    const second = await member(redis, 'r2', ['b', 'c']);
    const third = await member(redis, 'r3', ['d']);
    const others = () => [first, second, third].map((one) => one.others());
    await expect.poll(others, { timeout: 20_000 }).toEqual([
      ['c', 'd'],
      ['a', 'd'],
      ['a', 'b', 'c'],
    ]);
  });

  it('grows with what is new, and is left out some seconds after nobody wanted it', async () => {
    const redis = await redisOfTest();
    const first = await member(redis, 'r1', ['a']);
    const second = await member(redis, 'r2', ['z']);
    first.wanted.push('b');
    await expect.poll(second.others, { timeout: 20_000 }).toEqual(['a', 'b']);
    first.wanted.splice(0, 1);
    // It is renewed once a second.
    await expect.poll(second.others, { timeout: 20_000 }).toEqual(['b']);
  });

  it('costs no list of jobs while it does not change', async () => {
    const redis = await redisOfTest();
    const first = await member(redis, 'r1', ['a']);
    await member(redis, 'r2', ['b']);
    await expect.poll(first.others, { timeout: 20_000 }).toEqual(['b']);
    await redis.client.config('RESETSTAT');
    await first.interest.renew();
    await first.interest.renew();
    expect(await redis.client.info('commandstats')).not.toContain('cmdstat_sunion');
  });

  it('is forgotten when the replica closes, and some seconds after it has died', async () => {
    const redis = await redisOfTest();
    const [closed, dead, left] = [
      await member(redis, 'r1', ['a']),
      await member(redis, 'r2', ['b']),
      await member(redis, 'r3', ['c']),
    ];
    await expect.poll(left.others, { timeout: 20_000 }).toEqual(['a', 'b']);
    await closed.interest.close();
    await expect.poll(left.others, { timeout: 20_000 }).toEqual(['b']);
    await dead.connection.close();
    await expect.poll(left.others, { timeout: 20_000 }).toEqual([]);
  });

  it('is told anew to a Redis that has lost it', async () => {
    const redis = await redisOfTest();
    const first = await member(redis, 'r1', ['a']);
    const second = await member(redis, 'r2', ['b']);
    await redis.client.flushall();
    await expect
      .poll(() => redis.client.scard(first.connection.key('interest', 'r1')), { timeout: 20_000 })
      .toBe(1);
    await expect.poll(() => [first.others(), second.others()], { timeout: 20_000 }).toEqual([['b'], ['a']]);
  });

  it('is told in parts where it is much, and is bounded', async () => {
    const redis = await redisOfTest();
    const many = Array.from({ length: 20_500 }, (_, index) => `j${String(index)}`);
    const first = await member(redis, 'r1', many);
    const second = await member(redis, 'r2', ['b']);
    await expect.poll(() => second.interest.others.size, { timeout: 20_000 }).toBe(20_000);
    onTestFinished(() => first.interest.close());
  });
});
