import fc from 'fast-check';
import { beforeAll, afterAll, describe, expect, it } from 'vitest';
import { merged, type JobEntry } from '../../src/jobs/store/entry.ts';
import type { Connection } from '../../src/replicas/connection.ts';
import { SharedStates } from '../../src/replicas/states.ts';
import { jobWith } from '../support/job.ts';
import { FRESHNESS } from '../support/jobs.ts';
import { connect, PATIENT_MS, REDIS, redisOfTest, startRedis, type RedisServer } from '../support/redis.ts';

const NOW = Date.UTC(2026, 0, 1);
const TIMES = [0, 1, 2].map((second) => new Date(NOW + 1000 * second).toISOString());

/** Clocks that stand still, so that times come back as they were written. */
const STILL = { earliest: () => NOW + 5000, latest: () => NOW + 5000 };
const now = () => NOW + 5000;

/** Anything that may be known of the job `j1`. */
const entry: fc.Arbitrary<JobEntry> = fc
  .record({
    status: fc.constantFrom('INIT', 'SUCCESS', 'FAIL', 'UNKNOWN', null),
    modifiedTime: fc.constantFrom(null, ...TIMES),
    outputUrl: fc.constantFrom(undefined, null, 'http://bucket/1'),
    userData: fc.constantFrom(null, 'ü "text"'),
    observedAt: fc.integer({ min: 1, max: 5 }),
    validatedAt: fc.integer({ min: 0, max: 5 }),
    lastGetAt: fc.integer({ min: 0, max: 5 }),
    acceptedAt: fc.constantFrom(undefined, 1, -70_000),
  })
  .map(({ status, observedAt, validatedAt, lastGetAt, acceptedAt, ...members }): JobEntry =>
    Object.assign(
      {
        job:
          status === null
            ? null
            : jobWith({ ...members, status, observedAt: new Date(NOW + observedAt).toISOString() }),
        observedAt: NOW + observedAt,
        validatedAt: validatedAt === 0 ? 0 : NOW + validatedAt,
        lastGetAt: lastGetAt === 0 ? 0 : NOW + lastGetAt,
      },
      acceptedAt !== undefined && { acceptedAt: NOW + acceptedAt },
    ),
  );

function statesOf(redis: Pick<RedisServer, 'address'>, replicaId?: string) {
  const connection = connect(redis.address, replicaId, PATIENT_MS);
  return { connection, states: new SharedStates(connection, 60_000, Date.now) };
}

/** States whose clock stands still. */
function statesAtRest(connection: Connection): SharedStates {
  const atRest = new Proxy(connection, {
    get(target, name) {
      if (name === 'clock') return STILL;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return new SharedStates(atRest, 60_000, now);
}

const INIT: JobEntry = {
  job: jobWith({ modifiedTime: TIMES[0] ?? null, createTime: TIMES[0] ?? null }),
  observedAt: 1,
  validatedAt: 1,
  lastGetAt: 1,
};

const ids = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${name}${String(index)}`);

/** The state as it is read at this moment. */
function fresh(entry: JobEntry, ageMs = 0): JobEntry {
  const at = Date.now() - ageMs;
  return { ...entry, observedAt: at, validatedAt: at, lastGetAt: at };
}

describe.skipIf(REDIS.skip)(`states of jobs in ${REDIS.label}`, () => {
  let shared: RedisServer;
  beforeAll(async () => {
    shared = await startRedis();
  });
  afterAll(() => shared.close());

  it('are stored by the very rule of memory, whatever comes after whatever', async () => {
    const { connection } = statesOf(shared);
    await connection.first;
    const states = statesAtRest(connection);
    let id = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 6 }), async (entries) => {
        id += 1;
        const [first, ...rest] = entries as [JobEntry, ...JobEntry[]];
        let expected = first;
        await states.write([[`j${String(id)}`, first]]);
        for (const next of rest) {
          const [better] = await states.write([[`j${String(id)}`, next]]);
          expected = merged(next, expected);
          expect(better?.[1] ?? next).toEqual(expected);
        }
        const [found] = await states.read(
          [{ id: `j${String(id)}`, newerThan: undefined, purpose: 'summary' }],
          { freshness: FRESHNESS, claimMs: 0 },
        );
        expect(found?.entry).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('tell all replicas of a change, and not of a state that was only read again', async () => {
    const { client } = shared;
    const { connection, states } = statesOf(shared);
    await connection.first;
    const before = await client.xlen(states.changes);
    await states.write([['tell', fresh(INIT)]]);
    await states.write([['tell', fresh(INIT)]]);
    expect((await client.xlen(states.changes)) - before).toBe(1);
    const done: JobEntry = fresh({
      ...INIT,
      job: jobWith({ status: 'SUCCESS', modifiedTime: TIMES[1] ?? null }),
    });
    await states.write([['tell', done]]);
    const last = await client.xrevrange(states.changes, '+', '-', 'COUNT', 1);
    const change = states.changeOf(last[0]?.[1] ?? []);
    expect([change?.id, change?.entry.job?.status]).toEqual(['tell', 'SUCCESS']);
  });

  it('are kept for as long as they are of use', async () => {
    const { client } = shared;
    const { connection, states } = statesOf(shared);
    await connection.first;
    await states.write([
      ['open', fresh(INIT)],
      ['done', fresh({ ...INIT, job: jobWith({ status: 'FAIL' }) })],
    ]);
    const ttls = await Promise.all(['open', 'done'].map((id) => client.pttl(connection.key('job', id))));
    expect(ttls[0]).toBeGreaterThan(590_000);
    expect(ttls[1]).toBeGreaterThan(50_000);
    expect(ttls[1]).toBeLessThanOrEqual(60_000);
  });

  it('are read by one replica only, when all of them need one', async () => {
    const redis = await redisOfTest();
    const replicas = ['r1', 'r2', 'r3'].map((replicaId) => statesOf(redis, replicaId));
    await Promise.all(replicas.map(({ connection }) => connection.first));
    const standings = async () => {
      const found = await Promise.all(
        replicas.map(({ states }) =>
          states.read([{ id: 'j1', newerThan: undefined, purpose: 'summary' }], {
            freshness: FRESHNESS,
            claimMs: 10_000,
          }),
        ),
      );
      return found.map(([one]) => String(one?.standing)).toSorted((a, b) => a.localeCompare(b));
    };
    expect(await standings()).toEqual(['awaited', 'awaited', 'claimed']);
    await replicas[0]?.states.write([['j1', fresh(INIT)]]);
    expect(await standings()).toEqual(['fresh', 'fresh', 'fresh']);
    // Who tells a state ends its own claim, and no other.
    const key = replicas[0]?.connection.key('job', 'j1') ?? '';
    await redis.client.hset(key, { c: Date.now() + 10_000, k: 'r2' });
    await replicas[0]?.states.write([['j1', fresh(INIT)]]);
    expect(await redis.client.hget(key, 'k')).toBe('r2');
    await replicas[1]?.states.write([['j1', fresh(INIT)]]);
    expect(await redis.client.hget(key, 'k')).toBeNull();
  });

  it('are left to the replica that reads a list, until it has claimed what it takes along', async () => {
    const redis = await redisOfTest();
    const [first, second] = [statesOf(redis, 'r1'), statesOf(redis, 'r2')];
    await Promise.all([first.connection.first, second.connection.first]);
    const all = ['a', 'b', 'c'].flatMap((name) => ids(name, 4));
    await first.states.write(all.map((id) => [id, fresh(INIT, 5000)]));
    await first.states.write([['young', fresh(INIT, 100)]]);
    const look = async ({ states }: typeof first, own: readonly string[], along: readonly string[] = []) => {
      const wanted = [
        ...own.map((id) => ({ id, newerThan: undefined, purpose: 'summary' as const })),
        ...along.map((id) => ({ id, newerThan: undefined, purpose: 'along' as const })),
      ];
      const found = await states.read(wanted, { freshness: FRESHNESS, claimMs: 10_000, alongMs: 250 });
      return found.map(({ standing }) => standing);
    };
    // Another one that is due at the same moment waits, also for what has not been claimed yet.
    const lead = first.connection.key('leader');
    await redis.client.set(lead, 'r1');
    expect(await look(second, ids('c', 1))).toEqual(['awaited']);
    await redis.client.del(lead);
    // What is young, unknown or not listed is not taken along.
    expect(await look(first, ids('a', 2), ['b0', 'young', 'unknown'])).toEqual([
      'claimed',
      'claimed',
      'claimed',
      'fresh',
      'stale',
    ]);
    expect(await redis.client.exists(lead)).toBe(0);
    expect(await look(second, ['a0', 'b0', 'c0'])).toEqual(['awaited', 'awaited', 'claimed']);
    // Nothing is taken along where nothing has to be read.
    expect(await look(second, ['a0'], ['b1', 'b2'])).toEqual(['awaited', 'stale', 'stale']);
    // A claim of its own is not taken along again.
    expect(await look(first, ['a3'], ['b0', 'b3'])).toEqual(['claimed', 'stale', 'claimed']);
  });

  it('are left for a moment to the sweep that is due, if they were swept before', async () => {
    const redis = await redisOfTest();
    const { connection } = statesOf(redis, 'r1');
    await connection.first;
    const states = statesAtRest(connection);
    const tell = (id: string, ageMs: number) => {
      const at = now() - FRESHNESS.unfinishedMs - ageMs;
      return states.write([[id, { ...INIT, observedAt: at, validatedAt: at, lastGetAt: at }]]);
    };
    await tell('due', 490);
    await tell('late', 500);
    const look = async (purpose: 'sweep' | 'summary') => {
      const wanted = ['due', 'late', 'new'].map((id) => ({ id, newerThan: undefined, purpose }));
      const found = await states.read(wanted, { freshness: FRESHNESS, claimMs: 10_000 });
      return found.map(({ standing }) => standing);
    };
    // Nobody has swept.
    expect(await look('summary')).toEqual(['claimed', 'claimed', 'claimed']);
    expect(await look('sweep')).toEqual(['claimed', 'claimed', 'claimed']);
    expect(await look('summary')).toEqual(['awaited', 'claimed', 'claimed']);
    expect(await look('sweep')).toEqual(['claimed', 'claimed', 'claimed']);
    // It has gone.
    await redis.client.del(connection.key('sweeper'));
    expect(await look('summary')).toEqual(['claimed', 'claimed', 'claimed']);
  });

  it('can be read by another replica once a claim is given up, or has run out', async () => {
    const redis = await redisOfTest();
    const [first, second] = [statesOf(redis, 'r1'), statesOf(redis, 'r2')];
    await Promise.all([first.connection.first, second.connection.first]);
    const look = async ({ states }: typeof first, claimMs: number) => {
      const wanted = { id: 'j1', newerThan: undefined, purpose: 'summary' } as const;
      const [found] = await states.read([wanted], { freshness: FRESHNESS, claimMs });
      return found?.standing;
    };
    expect(await look(first, 10_000)).toBe('claimed');
    expect(await look(second, 10_000)).toBe('awaited');
    // A replica gives up its own claims only.
    await second.states.claim(['j1'], undefined);
    expect(await look(second, 10_000)).toBe('awaited');
    await first.states.claim(['j1'], undefined);
    expect(await look(second, 1)).toBe('claimed');
    await expect.poll(() => look(first, 1)).toBe('claimed');
  });

  it('are not taken when they are too old, no newer than what is known, or lack the detail', async () => {
    const { connection, states } = statesOf(shared);
    await connection.first;
    const summary = jobWith({ ...INIT.job, outputUrl: undefined });
    await states.write([
      ['old', fresh(INIT, FRESHNESS.unfinishedMs)],
      ['young', fresh({ ...INIT, job: summary })],
      ['ended', fresh({ ...INIT, job: { ...summary, status: 'SUCCESS' } }, 10_000)],
      ['missing', fresh({ ...INIT, job: null })],
    ]);
    const standings = async (newerThan: number | undefined, purpose: 'summary' | 'detail') => {
      const ids = ['old', 'young', 'ended', 'missing'];
      const found = await states.read(
        ids.map((id) => ({ id, newerThan, purpose })),
        { freshness: FRESHNESS, claimMs: 0 },
      );
      return found.map(({ standing }) => standing);
    };
    expect(await standings(undefined, 'summary')).toEqual(['stale', 'fresh', 'fresh', 'fresh']);
    expect(await standings(undefined, 'detail')).toEqual(['stale', 'stale', 'stale', 'fresh']);
    expect(await standings(Date.now(), 'summary')).toEqual(['stale', 'stale', 'stale', 'stale']);
  });

  it('are not sent to a replica that knows as much, or that does not take them along', async () => {
    const { connection, states } = statesOf(await redisOfTest(), 'r1');
    await connection.first;
    await states.write(['own', 'due', 'young'].map((id) => [id, fresh(INIT, id === 'young' ? 100 : 5000)]));
    const sent = async (newerThan: number | undefined, alongMs: number) => {
      const wanted = [
        { id: 'own', newerThan, purpose: 'summary' as const },
        ...['due', 'young'].map((id) => ({ id, newerThan: undefined, purpose: 'along' as const })),
      ];
      const found = await states.read(wanted, { freshness: FRESHNESS, claimMs: 10_000, alongMs });
      await states.claim(['own', 'due'], undefined);
      return found.map(({ standing, entry }) => [standing, entry !== undefined]);
    };
    const along = [
      ['claimed', true],
      ['fresh', false],
    ];
    expect(await sent(undefined, 250)).toEqual([['claimed', true], ...along]);
    expect(await sent(Date.now() - 10_000, 250)).toEqual([['claimed', true], ...along]);
    expect(await sent(Date.now() - 1000, 250)).toEqual([['claimed', false], ...along]);
  });

  it('are as old as they are for a replica whose clock is wrong', async () => {
    const { connection, states } = statesOf(shared);
    await connection.first;
    const wrong = new SharedStates(connection, 60_000, () => Date.now() + 600_000);
    const observedAt = Date.now() + 600_000 - 500;
    await wrong.write([['clock', { ...INIT, observedAt, validatedAt: observedAt, lastGetAt: observedAt }]]);
    const [found] = await states.read([{ id: 'clock', newerThan: undefined, purpose: 'summary' }], {
      freshness: FRESHNESS,
      claimMs: 0,
    });
    expect(found?.standing).toBe('fresh');
    const ageMs = Date.now() - (found?.entry?.validatedAt ?? 0);
    expect(ageMs).toBeGreaterThanOrEqual(500);
    expect(ageMs).toBeLessThan(60_000);
  });
});
