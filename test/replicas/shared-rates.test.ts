import { describe, expect, it } from 'vitest';
import { createSharedRate } from '../../src/replicas/shared-rates.ts';
import { SharedStates } from '../../src/replicas/states.ts';
import { FRESHNESS } from '../support/jobs.ts';
import { connect, PATIENT_MS, REDIS, redisOfTest, untilJoined } from '../support/redis.ts';
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

  it('are given the starts of the calls that a look has claimed, within the limit, in the round trip of the look', async () => {
    const redis = await redisOfTest();
    const action = 'GetPackageJob';
    const replicaOf = (name: string) => {
      const connection = connect(redis.address, name, PATIENT_MS);
      const rate = createSharedRate({ connection, events: connection.events, action, limit: 5 });
      const states = new SharedStates(connection, 60_000, Date.now, rate);
      const look = async (...ids: string[]) => {
        const wanted = ids.map((id) => ({ id, newerThan: undefined, purpose: 'detail' as const }));
        const found = await states.read(wanted, { freshness: FRESHNESS, claimMs: 60_000 });
        return found.map(({ standing }) => standing);
      };
      return { connection, rate, states, look };
    };
    const [first, second] = [replicaOf('r1'), replicaOf('r2')];
    await untilJoined(first.connection, second.connection);
    const started = async () => {
      const log = await redis.client.lrange(first.connection.key('starts', action), 0, -1);
      return log.map((entry) => entry.split(' ').slice(1).join(' '));
    };
    expect(await first.look('a', 'b')).toEqual(['claimed', 'claimed']);
    expect(await started()).toEqual(['r1 2']);
    // What another one reads takes no start.
    expect(await second.look('a', 'b')).toEqual(['awaited', 'awaited']);
    const now = Date.now();
    await first.states.write([['a', { job: null, observedAt: now, validatedAt: now, lastGetAt: now }]]);
    await second.look('a');
    expect(await started()).toEqual(['r1 2']);
  });

  it('use starts that were taken in advance first, while they count', async () => {
    const redis = await redisOfTest();
    const connection = connect(redis.address, 'r1', PATIENT_MS);
    const rate = createSharedRate({
      connection,
      events: connection.events,
      action: 'GetPackageJob',
      limit: 5,
    });
    await untilJoined(connection);
    const granted = async (wanted: number) => (await rate.take(wanted, 1)).granted;
    const commands = () => redis.client.llen(connection.key('starts', 'GetPackageJob'));
    // As if sent later, so that a slow machine uses them in time.
    rate.taken([2, 0, 0, 3, 5000, 5000], performance.now() + 60_000);
    expect([await granted(1), await commands()]).toEqual([1, 0]);
    // One is left of them, and Redis grants the other.
    expect([await granted(2), await commands()]).toEqual([2, 1]);
    rate.taken([2, 0, 0, 3, 5000, 5000], performance.now() - 100);
    rate.taken([3, 0, 0, 0, 5000, 5000], performance.now() - 50);
    expect([await granted(1), await commands()]).toEqual([1, 2]);
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
