import { describe, expect, it, onTestFinished } from 'vitest';
import { startEmulator, type Emulator } from '../../src/emulator/server.ts';
import { NO_LIMITS } from '../support/limits.ts';
import { REDIS, redisOfTest } from '../support/redis.ts';
import { recorder } from '../support/watching.ts';
import { startReplica, type TestReplica } from './support/replica.ts';

const WATCHED = 100;
/** Clients for each of four replicas that ask for a hundred of the jobs once a second. */
const POLLERS = 1;

/** So many replicas with the same work in all. */
async function clusterAtWork(count: number) {
  const [redis, emulator] = await Promise.all([redisOfTest(), startEmulator({ limits: NO_LIMITS })]);
  onTestFinished(() => emulator.close());
  const replicas = await Promise.all(Array.from({ length: count }, () => startReplica({ redis, emulator })));
  const ids = Array.from({ length: WATCHED }, (_, index) =>
    emulator.jobs.add({ createTime: Date.now() - 600_000 + index, finishTime: Infinity }),
  );
  const untold = new Set(ids);
  const at = (index: number) => replicas[index % count] as TestReplica;
  for (const [index, id] of ids.entries()) {
    const { jobs, context } = at(index);
    const { listener } = recorder();
    const { entry, stop } = jobs.listen(id, { ...listener, onState: () => untold.delete(id) }, context);
    if (entry !== undefined) untold.delete(id);
    onTestFinished(stop);
  }
  await expect.poll(() => untold.size, { timeout: 60_000 }).toBe(0);
  for (let poller = 0; poller < 4 * POLLERS; poller += 1) {
    const page = ids.slice(100 * (poller % (WATCHED / 100))).slice(0, 100);
    poll(at(Math.floor(poller / POLLERS)), page, `poller ${String(poller)}`);
  }
  return { emulator, replicas, ids };
}

function poll({ jobs, context }: TestReplica, ids: readonly string[], client: string): void {
  const timer = setInterval(() => {
    const turnKey = {};
    for (const id of ids) jobs.get(id, { ...context, client, turnKey }).catch(() => undefined);
  }, 1000);
  onTestFinished(() => clearInterval(timer));
}

/** The calls of a sweep of one process: its pages, and the check of the list on one job. */
const CALLS_OF_SWEEP = WATCHED / 100 + 1;

/** The most calls in a second that one process makes: it sweeps nine tenths of a second after the last sweep at the earliest. */
const OF_ONE = CALLS_OF_SWEEP / 0.9;

const SWEEPS = 2;

/** How many calls come to ICE in a second, from the first of some lists to the last. */
async function callsPerSecond(emulator: Emulator): Promise<number> {
  emulator.resetRequests();
  await expect
    .poll(() => emulator.countRequests('ListPackageJobs'), { timeout: 60_000 })
    .toBeGreaterThan(SWEEPS * (CALLS_OF_SWEEP - 1));
  const { requests } = emulator;
  const lists = requests.filter(({ action }) => action === 'ListPackageJobs');
  const [from = 0, until = 0] = [lists.at(0)?.at, lists.at(-1)?.at];
  return (1000 * requests.filter(({ at }) => at >= from && at < until).length) / (until - from);
}

/** The median of three times in a row. What each replica wants is known to all once the first sweeps have ended. */
async function usualCallsPerSecond(emulator: Emulator): Promise<number> {
  const measured: number[] = [];
  for (let time = 0; time < 4; time += 1) measured.push(await callsPerSecond(emulator));
  return measured.slice(1).toSorted((a, b) => a - b)[1] ?? Infinity;
}

describe.skipIf(REDIS.skip)(`replicas over ${REDIS.label}`, () => {
  it.for([
    ['one', 1, 1],
    ['four', 4, 1.2],
  ] as const)(
    '%s of them make the calls of one for what is watched and polled on any',
    { timeout: 240_000 },
    async ([, count, part]) => {
      const { emulator, replicas, ids } = await clusterAtWork(count);
      // Four that share nothing make four times as many. On a machine that is busy a sweep can be so late that polls come before it.
      expect(await usualCallsPerSecond(emulator)).toBeLessThanOrEqual(part * OF_ONE);
      // And no job is left out, on any replica.
      const from = Date.now();
      const oldest = () =>
        Math.min(...ids.map((id, index) => replicas[index % count]?.jobs.peek(id)?.validatedAt ?? 0));
      await expect.poll(oldest, { timeout: 20_000 }).toBeGreaterThan(from);
    },
  );
});
