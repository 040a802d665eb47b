import { setTimeout as pause } from 'node:timers/promises';
import { startEmulator } from '../../../src/emulator/server.ts';
import { NO_LIMITS } from '../../support/limits.ts';
import { REDIS, startRedis, type RedisServer } from '../../support/redis-server.ts';
import { createClient } from '../support/client.ts';
import { startGateway } from '../support/gateway.ts';
import { createRequests } from '../support/requests.ts';
import { figureOf, median, type SectionResult } from '../support/result.ts';
import { sharesOf, takeTurns } from '../support/rounds.ts';

const ROUNDS = 9;
const SECONDS = 1;
/** What the cached route keeps of its speed with Redis. */
const WITH_REDIS = 0.95;
const IDLE_SECONDS = 5;
const IDLE_REPLICAS = 4;
const MISSES = 500;
/** The budget is not what is measured. */
const RATE = { ICE_CALLS_PER_SECOND: '10000' };

/** What it costs to share with other replicas. It needs a redis-server. */
export async function replicas(): Promise<SectionResult> {
  if (REDIS.skip) return { summary: `not measured: ${REDIS.label}`, figures: [], checks: [] };
  const emulator = await startEmulator({ limits: NO_LIMITS });
  const redis = await startRedis();
  const shared = { ...RATE, REDIS_URL: redis.url };
  const alone = await startGateway(emulator, RATE);
  const joined = await startGateway(emulator, shared);
  const next = createRequests(emulator).repeated(1);
  const { rates, ratesByCpu } = await takeTurns(
    [
      { next, name: 'alone', url: alone.url, pid: alone.pid },
      { next, name: 'joined', url: joined.url, pid: joined.pid },
    ],
    ROUNDS,
    SECONDS,
  );
  const shares = sharesOf(ratesByCpu, 'joined', 'alone');
  const before = await commandsOf(redis);
  const [missesAlone = [], missesJoined = []] = await timeMisses(emulator, [alone.url, joined.url]);
  const commands = (await commandsOf(redis)) - before;
  const more = await Promise.all(
    Array.from({ length: IDLE_REPLICAS - 1 }, () => startGateway(emulator, shared)),
  );
  emulator.resetRequests();
  const idle = await idleCommands(redis);
  const idleCalls = emulator.countRequests();
  await Promise.all([alone, joined, ...more].map((gateway) => gateway.stop()));
  await redis.close();
  await emulator.close();
  return {
    summary:
      `one job from memory, ${String(ROUNDS)} rounds of ${String(SECONDS)} s in turns; ${String(MISSES)} misses one ` +
      `after the other; ${String(IDLE_REPLICAS)} replicas with nothing to do for ${String(IDLE_SECONDS)} s`,
    figures: [
      figureOf('without Redis', rates.get('alone') ?? [], 'requests/s'),
      figureOf('with Redis', rates.get('joined') ?? [], 'requests/s'),
      figureOf('with / without, by CPU time', shares, ''),
      { name: 'a miss without Redis, median', value: median(missesAlone), unit: 'ms' },
      { name: 'a miss with Redis, median', value: median(missesJoined), unit: 'ms' },
      { name: 'commands a miss', value: commands / MISSES, unit: '' },
      { name: 'commands of idle replicas', value: idle, unit: 'a second' },
      { name: 'calls of ICE by idle replicas', value: idleCalls, unit: '' },
    ],
    checks: [
      {
        promise: `with Redis at least ${String(WITH_REDIS)} of the requests for each second of CPU, it was ${median(shares).toFixed(2)}`,
        isKept: median(shares) >= WITH_REDIS,
      },
      { promise: `idle replicas make no call of ICE: ${String(idleCalls)}`, isKept: idleCalls === 0 },
    ],
  };
}

/** How long reads of jobs take that nobody has read, in milliseconds, of gateways that take turns. */
async function timeMisses(
  emulator: Awaited<ReturnType<typeof startEmulator>>,
  urls: readonly string[],
): Promise<number[][]> {
  const clients = urls.map((url) => createClient(url));
  for (const client of clients) await client.connect(1);
  const times: number[][] = urls.map(() => []);
  for (let miss = 0; miss < MISSES; miss += 1) {
    for (const [index, client] of clients.entries()) {
      const id = emulator.jobs.add({ finishTime: Date.now() });
      const startedAt = performance.now();
      await client.post(JSON.stringify({ query: `{ packageJob(id: "${id}") { id } }` }));
      times[index]?.push(performance.now() - startedAt);
    }
  }
  for (const client of clients) client.close();
  return times;
}

async function commandsOf({ client }: RedisServer): Promise<number> {
  const stats = await client.info('commandstats');
  // What scripts do in Redis counts there as well, so only what gateways send themselves is added up.
  return [...stats.matchAll(/cmdstat_(?:eval|evalsha|xread):calls=(\d+)/g)].reduce(
    (sum, [, calls]) => sum + Number(calls),
    0,
  );
}

async function idleCommands(redis: RedisServer): Promise<number> {
  const before = await commandsOf(redis);
  await pause(1000 * IDLE_SECONDS);
  return ((await commandsOf(redis)) - before) / IDLE_SECONDS;
}
