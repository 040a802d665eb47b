import { describe, expect, it } from 'vitest';
import type { Look } from '../../src/jobs/watch/ends.ts';
import { shareLooks } from '../../src/replicas/shared-looks.ts';
import { connect, PATIENT_MS, REDIS, redisOfTest, untilJoined, type RedisServer } from '../support/redis.ts';

const PAUSE_MS = 60_000;

/** A replica that looks for ends of its jobs, and notes each look that it makes. */
function replicaOf(redis: RedisServer, name: string, others: readonly string[] = []) {
  const connection = connect(redis.address, name, PATIENT_MS);
  const made: Look[] = [];
  const own = (look: Look) => Promise.resolve(made.push(look) + 2);
  const looks = shareLooks(own, { connection, interest: { others: new Set(others) }, pauseMs: PAUSE_MS });
  const look = (from: number, to: number) =>
    looks({ from, to, maxPages: 6, isUnfinished: (id) => id === name, turnKey: {} });
  return { connection, made, look };
}

/** The pause is over. */
const passPause = (redis: RedisServer, { connection }: ReturnType<typeof replicaOf>) =>
  redis.client.del(connection.key('look'));

describe.skipIf(REDIS.skip)(`looks for ends through ${REDIS.label}`, () => {
  it('are made once for the jobs of all replicas, by whichever comes first', async () => {
    const redis = await redisOfTest();
    const [a, b] = [replicaOf(redis, 'a', ['of-b']), replicaOf(redis, 'b')];
    await untilJoined(a.connection, b.connection);
    expect(await a.look(1000, 2000)).toBe(3);
    await expect.poll(() => redis.client.get(a.connection.key('look-pages'))).toBe('3');
    // The other one is told what it took.
    expect(await b.look(-500, 900)).toBe(3);
    expect([a.made.length, b.made.length]).toEqual([1, 0]);
    await passPause(redis, a);
    await a.look(1000, 2000);
    const [, second] = a.made;
    expect([second?.from, second?.to]).toEqual([-500, 2000]);
    expect(['a', 'of-b', 'none'].map((id) => second?.isUnfinished(id))).toEqual([true, true, false]);
    await passPause(redis, a);
    await b.look(-500, 900);
    expect(b.made.map(({ from, to }) => [from, to])).toEqual([[-500, 2000]]);
  });

  it('forget the jobs of a replica that does not come again', async () => {
    const redis = await redisOfTest();
    const a = replicaOf(redis, 'a');
    await untilJoined(a.connection);
    await redis.client.hset(
      a.connection.key('look-windows'),
      'gone',
      `0 9000 ${String(Date.now() - 10_000)}`,
    );
    await a.look(1000, 2000);
    expect(a.made.map(({ from, to }) => [from, to])).toEqual([[1000, 2000]]);
  });

  it('are made by each replica for its own jobs while there is no Redis', async () => {
    const redis = await redisOfTest();
    const a = replicaOf(redis, 'a');
    await untilJoined(a.connection);
    await a.look(1000, 2000);
    await redis.kill();
    await expect.poll(() => a.connection.mode).toBe('alone');
    await a.look(1000, 2000);
    expect(a.made.length).toBe(2);
  });

  it('are made for the jobs of this replica where Redis tells no times', async () => {
    const redis = await redisOfTest();
    const a = replicaOf(redis, 'a');
    await untilJoined(a.connection);
    const answers = [
      ['inf', '2000', ''],
      ['0', 'nan', ''],
    ];
    for (const answer of answers) {
      Object.assign(a.connection, { call: () => Promise.resolve(answer) });
      await a.look(1000, 2000);
    }
    expect(a.made.map(({ from, to }) => [from, to])).toEqual([
      [1000, 2000],
      [1000, 2000],
    ]);
  });
});
