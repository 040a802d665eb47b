import { describe, expect, it, onTestFinished } from 'vitest';
import { startEmulator, type Emulator, type EmulatorOptions } from '../../src/emulator/server.ts';
import type { PackageJob } from '../../src/jobs/model.ts';
import { NO_LIMITS } from '../support/limits.ts';
import { REDIS, redisOfTest, type RedisServer } from '../support/redis.ts';
import { recorder } from '../support/watching.ts';
import { startReplica, type TestReplica } from './support/replica.ts';

async function emulatorOfTest(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator({ limits: NO_LIMITS, ...options });
  onTestFinished(() => emulator.close());
  return emulator;
}

/** So many replicas over one Redis, in front of one ICE. */
async function cluster(count: number, options: EmulatorOptions = {}) {
  const [redis, emulator] = await Promise.all([redisOfTest(), emulatorOfTest(options)]);
  const replicas = await Promise.all(Array.from({ length: count }, () => startReplica({ redis, emulator })));
  return { redis, emulator, replicas: replicas as [TestReplica, TestReplica, ...TestReplica[]] };
}

function unfinished(emulator: Emulator, count: number, ageMs = 60_000): string[] {
  return Array.from({ length: count }, (_, index) =>
    emulator.jobs.add({ createTime: Date.now() - ageMs + index, finishTime: Infinity }),
  );
}

const get = ({ jobs, context }: TestReplica, id: string, detail?: 'detail') => jobs.get(id, context, detail);

/** Watches jobs until the test has finished. @returns what it is told, by id */
function watch({ jobs, context }: TestReplica, ids: readonly string[]): Map<string, (PackageJob | null)[]> {
  const told = new Map<string, (PackageJob | null)[]>();
  for (const id of ids) {
    const { listener, told: states } = recorder();
    told.set(id, states);
    const { stop, entry } = jobs.listen(id, listener, context);
    if (entry !== undefined) states.push(entry.job);
    onTestFinished(stop);
  }
  return told;
}

/** Resolves when Redis knows of these. It is told right after who asked was answered. */
async function isTold(
  redis: RedisServer,
  { connection }: TestReplica,
  ids: readonly string[],
): Promise<void> {
  for (const id of ids) await expect.poll(() => redis.client.hexists(connection.key('job', id), 'o')).toBe(1);
}

const gets = (emulator: Emulator) => emulator.countRequests('GetPackageJob');
const lists = (emulator: Emulator) => emulator.countRequests('ListPackageJobs');

describe.skipIf(REDIS.skip)(`replicas that share jobs through ${REDIS.label}`, () => {
  it('know what another one has just read, in every detail', async () => {
    const { redis, emulator, replicas } = await cluster(2);
    const [first, second] = replicas;
    const [open = ''] = unfinished(emulator, 1);
    const done = emulator.jobs.add({ createTime: Date.now() - 60_000, finishTime: Date.now() - 1000 });
    const ids = [open, done, 'no-such-job'];
    const read = await Promise.all(ids.map((id) => get(first, id, 'detail')));
    expect(gets(emulator)).toBe(3);
    await isTold(redis, first, ids);
    const found = await Promise.all(ids.map((id) => get(second, id, 'detail')));
    const stateOf = ({ job }: (typeof found)[number]) => job && { ...job, observedAt: '' };
    expect(found.map(stateOf)).toEqual(read.map(stateOf));
    expect(gets(emulator)).toBe(3);
    expect(second.cached).toContain('hit');
  });

  it('read a job once, when all of them are asked for it at the same time', async () => {
    const { emulator, replicas } = await cluster(4, { latencyMs: 100 });
    const [id = ''] = unfinished(emulator, 1);
    const entries = await Promise.all(replicas.map((replica) => get(replica, id)));
    expect(entries.map(({ job }) => job?.status)).toEqual(['INIT', 'INIT', 'INIT', 'INIT']);
    expect(gets(emulator)).toBe(1);
  });

  it('read a job themselves when the one that has claimed it is gone', async () => {
    const { redis, emulator, replicas } = await cluster(2);
    const [first] = replicas;
    const [id = ''] = unfinished(emulator, 1);
    const key = first.connection.key('job', id);
    await redis.client.hset(key, { c: Math.ceil(first.connection.clock.latest()) + 300, k: 'gone' });
    expect((await get(first, id)).job?.status).toBe('INIT');
    expect(gets(emulator)).toBe(1);
  });

  it('read a job again as soon as the read of another one has failed', async () => {
    const { emulator, replicas } = await cluster(2);
    const [first, second] = replicas;
    const [id = ''] = unfinished(emulator, 1);
    emulator.faults.add({ kind: 'noPermission', action: 'GetPackageJob' });
    const answers = await Promise.allSettled([get(first, id), get(second, id)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(gets(emulator)).toBe(2);
  });

  it('go on alone while Redis is silent, and learn from each other again after that', async () => {
    const { redis, emulator, replicas } = await cluster(2);
    const [first, second] = replicas;
    const [id = ''] = unfinished(emulator, 1);
    const told = [watch(first, [id]), watch(second, [id])].map((states) => states.get(id) ?? []);
    await expect.poll(() => told.map(({ length }) => length)).toEqual([1, 1]);
    redis.freeze();
    emulator.jobs.finish(id, { status: 'Success' });
    const last = () => told.map((states) => states.at(-1)?.status);
    await expect.poll(last, { timeout: 20_000 }).toEqual(['SUCCESS', 'SUCCESS']);
    redis.thaw();
    const modes = () => replicas.map(({ connection }) => connection.mode);
    await expect.poll(modes, { timeout: 20_000 }).toEqual(['joined', 'joined']);
    emulator.resetRequests();
    const [other = ''] = unfinished(emulator, 1);
    await get(first, other);
    await expect.poll(() => second.jobs.get(other, second.context).then(({ job }) => job?.id)).toBe(other);
    expect(told.map((states) => states.map((job) => job?.status))).toEqual([
      ['INIT', 'SUCCESS'],
      ['INIT', 'SUCCESS'],
    ]);
  });

  it('tell what they have read while they were alone once they have joined', async () => {
    const { redis, emulator, replicas } = await cluster(2);
    const [first, second] = replicas;
    const id = emulator.jobs.add({ createTime: Date.now() - 60_000, finishTime: Date.now() - 1000 });
    await redis.kill();
    await expect.poll(() => first.connection.mode).toBe('alone');
    await get(first, id, 'detail');
    await redis.restart();
    await expect
      .poll(() => redis.client.hget(first.connection.key('job', id), 's'), { timeout: 20_000 })
      .toBe('SUCCESS');
    await expect.poll(() => second.connection.mode, { timeout: 20_000 }).toBe('joined');
    expect((await get(second, id, 'detail')).job?.status).toBe('SUCCESS');
    expect(gets(emulator)).toBe(1);
  });

  it('serve a stale state that another one has read while ICE fails', async () => {
    const { redis, emulator, replicas } = await cluster(2);
    const [first, second] = replicas;
    const [id = ''] = unfinished(emulator, 1);
    const entry = await get(first, id);
    await isTold(redis, first, [id]);
    emulator.faults.add({ kind: 'status', status: 503, times: 'always' });
    // It has to expire first.
    await expect.poll(() => first.jobs.freshForMs(entry), { timeout: 5000 }).toBeLessThan(0);
    expect((await get(second, id)).job?.status).toBe('INIT');
    expect(second.cached).toContain('stale');
  });

  it('know of a job that another one has submitted, although ICE does not show it yet', async () => {
    const { emulator, replicas } = await cluster(2);
    const [first, second] = replicas;
    emulator.faults.add({
      kind: 'status',
      status: 404,
      code: 'JobNotFound',
      action: 'GetPackageJob',
      times: 'always',
    });
    const media = { type: 'OSS', media: 'oss://bucket/a.mp4' } as const;
    const job = await first.jobs.submit({ inputs: [media], output: media }, first.context);
    await expect.poll(async () => (await get(second, job.id)).job?.status).toBe('INIT');
  });

  it('share what they read although the clock of one is ten minutes off', async () => {
    const { redis, emulator, replicas } = await cluster(1);
    const [right] = replicas;
    const wrong = await startReplica({ redis, emulator, now: () => Date.now() + 600_000 });
    const [one = '', other = ''] = unfinished(emulator, 2);
    await get(right, one);
    await get(wrong, other);
    await isTold(redis, right, [one, other]);
    const isFresh = async (replica: TestReplica, id: string) =>
      replica.jobs.freshForMs(await get(replica, id)) > 0;
    expect(await Promise.all([isFresh(wrong, one), isFresh(right, other)])).toEqual([true, true]);
    expect(gets(emulator)).toBe(2);
    const told = [watch(right, [one]), watch(wrong, [one])];
    emulator.jobs.finish(one, { status: 'Success' });
    const last = () => told.map((states) => states.get(one)?.at(-1)?.status);
    await expect.poll(last, { timeout: 10_000 }).toEqual(['SUCCESS', 'SUCCESS']);
  });

  it('tell who watches on one what the sweep of another has found', async () => {
    const { emulator, replicas } = await cluster(2);
    const [first, second] = replicas;
    const ids = unfinished(emulator, 8);
    const told = [watch(first, ids), watch(second, ids)];
    const statuses = () => told.flatMap((jobs) => ids.map((id) => jobs.get(id)?.at(-1)?.status));
    await expect.poll(statuses).toEqual(Array.from({ length: 16 }, () => 'INIT'));
    for (const id of ids) emulator.jobs.finish(id, { status: 'Success' });
    await expect.poll(statuses, { timeout: 5000 }).toEqual(Array.from({ length: 16 }, () => 'SUCCESS'));
    // Each state is told once on each.
    for (const jobs of told) for (const states of jobs.values()) expect(states.length).toBe(2);
  });

  it('all leave lists for a while when one of them has found a list to be wrong', async () => {
    const { emulator, replicas } = await cluster(2);
    const [first, second] = replicas;
    const [ended, open] = [unfinished(emulator, 8), unfinished(emulator, 8)];
    await Promise.all([...ended.map((id) => get(first, id)), ...open.map((id) => get(second, id))]);
    // Lists go on to show these as unfinished.
    for (const id of ended) emulator.jobs.finish(id, { status: 'Success' });
    emulator.faults.add({ kind: 'listLag', lagMs: 30_000, times: 'always' });
    const readAgain = async (replica: TestReplica, ids: readonly string[]) => {
      const entries = await Promise.all(ids.map((id) => get(replica, id)));
      await expect
        .poll(() => entries.every((entry) => replica.jobs.freshForMs(entry) < 0), { timeout: 5000 })
        .toBe(true);
      emulator.resetRequests();
      await Promise.all(ids.map((id) => get(replica, id)));
      return [lists(emulator) > 0, gets(emulator) > 1];
    };
    expect(await readAgain(second, open)).toEqual([true, false]);
    await expect
      .poll(() => Promise.all(ended.map((id) => get(first, id))).then(([entry]) => entry?.job?.status), {
        timeout: 10_000,
      })
      .toBe('SUCCESS');
    // The others learn of it with their next lease.
    await expect.poll(() => readAgain(second, open), { timeout: 20_000 }).toEqual([false, true]);
  });

  it('look at the newest jobs once for all who follow them on any', async () => {
    const { emulator, replicas } = await cluster(3);
    const readers = replicas.map(({ jobs }) => jobs.follow(() => undefined, 'test'));
    for (const reader of readers) onTestFinished(() => reader.stop());
    await expect.poll(() => lists(emulator)).toBeGreaterThan(0);
    const id = emulator.jobs.add({ finishTime: Infinity });
    for (const reader of readers) await expect.poll(() => reader.poll()?.id, { timeout: 10_000 }).toBe(id);
    const from = lists(emulator);
    const startedAt = performance.now();
    await expect.poll(() => lists(emulator) - from, { timeout: 20_000 }).toBeGreaterThanOrEqual(6);
    // One replica alone would take 2 a second here: the newest jobs, and the jobs that it follows.
    expect(performance.now() - startedAt).toBeGreaterThan(2000);
  });
});
