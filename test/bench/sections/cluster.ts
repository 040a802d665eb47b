import { setTimeout as pause } from 'node:timers/promises';
import { startEmulator, type Emulator } from '../../../src/emulator/server.ts';
import { NO_LIMITS } from '../../support/limits.ts';
import { REDIS, startRedis } from '../../support/redis-server.ts';
import { CAUSES, measureCluster, type ClusterCost } from '../support/cluster-cost.ts';
import { startGateway } from '../support/gateway.ts';
import type { Program } from '../support/program.ts';
import { figureOf, median, percentile, type Figure, type SectionResult } from '../support/result.ts';
import { subscribeByWebSocket } from '../support/subscribe.ts';
import { usageOf } from '../support/usage.ts';

const REPLICAS = 4;
const ROUNDS = 3;
const WATCHED = 1000;
const POLLERS = 200 * REPLICAS;
const WORK = { watched: WATCHED, pollers: POLLERS, everyMs: 10_000, ends: 60, seconds: 20 };
const ENV = { MAX_STREAMS_PER_ADDRESS: '20000', ICE_CALLS_PER_SECOND: '100' };

/** What four replicas may cost more than one with the same work. */
const MORE_CALLS = 1.2;
const LATER_MS = 500;

const STREAMS = 10_000;
const STREAMS_PER_SOCKET = 10;
const STREAM_ENDS = 100;

/** What four replicas cost that share through Redis, beside one with the same work. It needs a redis-server. */
export async function cluster(): Promise<SectionResult> {
  if (REDIS.skip) return { summary: `not measured: ${REDIS.label}`, figures: [], checks: [] };
  const one: ClusterCost[] = [];
  const four: ClusterCost[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    one.push(await measure(1));
    four.push(await measure(REPLICAS));
  }
  const streams = await measureStreams();
  const shares = calls(four).map((total, index) => total / (calls(one)[index] ?? NaN));
  const addedMs = median(later(four, 99)) - median(later(one, 99));
  const failed = [...one, ...four].reduce((sum, { failedPolls }) => sum + failedPolls, 0);
  return {
    summary:
      `${String(WATCHED)} watched jobs and ${String(POLLERS)} pollers that ask for 100 jobs every 10 s, in front of one gateway and ` +
      `spread over ${String(REPLICAS)}, all on one core, ${String(ROUNDS)} rounds in turns; then ${STREAMS.toLocaleString('en')} streams`,
    figures: [
      ...figures('one', one),
      ...figures('four', four),
      figureOf('four / one, calls', shares, ''),
      figureOf(
        'commands that four send Redis a second',
        four.map(({ sent }) => sent),
        '',
      ),
      ...streams.figures,
    ],
    checks: [
      {
        promise: `four make at most ${String(MORE_CALLS)} times the calls of one, it was ${median(shares).toFixed(2)}`,
        isKept: median(shares) <= MORE_CALLS,
      },
      {
        promise: `ends are seen at most ${String(LATER_MS)} ms later (p99), it was ${addedMs.toFixed(0)} ms`,
        isKept: addedMs <= LATER_MS,
      },
      { promise: `no poll fails: ${String(failed)}`, isKept: failed === 0 },
      ...streams.checks,
    ],
  };
}

const calls = (costs: readonly ClusterCost[]) => costs.map(({ total }) => total);
const later = (costs: readonly ClusterCost[], percent: number) =>
  costs.map(({ latenciesMs }) => percentile(latenciesMs, percent));

function figures(name: string, costs: readonly ClusterCost[]): Figure[] {
  return [
    figureOf(`${name}: calls of ICE a second`, calls(costs), ''),
    ...CAUSES.map((cause) =>
      figureOf(
        `${name}: of these ${cause}`,
        costs.map((cost) => cost.calls[cause]),
        '',
      ),
    ),
    figureOf(`${name}: end seen after, p50`, later(costs, 50), 'ms'),
    figureOf(`${name}: end seen after, p99`, later(costs, 99), 'ms'),
    figureOf(
      `${name}: a poll of 100 jobs, p99`,
      costs.map(({ pollsMs }) => percentile(pollsMs, 99)),
      'ms',
    ),
  ];
}

async function measure(replicas: number): Promise<ClusterCost> {
  return withGateways(replicas, (emulator, gateways, redis) =>
    measureCluster({ ...WORK, emulator, urls: gateways.map(({ url }) => url), redis: redis?.client }),
  );
}

/** Subscriptions over all replicas, of which a hundredth sees an end. */
async function measureStreams(): Promise<Pick<SectionResult, 'figures' | 'checks'>> {
  return withGateways(REPLICAS, async (emulator, gateways) => {
    const ids = Array.from({ length: WATCHED }, (_, index) =>
      emulator.jobs.add({ createTime: Date.now() - WATCHED + index, finishTime: Infinity }),
    );
    const memory = () => gateways.reduce((sum, { pid }) => sum + usageOf(pid).memory, 0);
    const before = memory();
    const endedAt = new Map<string, number>();
    const latenciesMs: number[] = [];
    let begun = 0;
    const told = ({ id, status }: { id: string; status: string }, at: number) => {
      if (status === 'INIT') begun += 1;
      else latenciesMs.push(at - (endedAt.get(id) ?? 0));
    };
    const sockets = [];
    const all: string[] = [];
    for (let first = 0; first < STREAMS; first += STREAMS_PER_SOCKET) {
      const url = gateways[(first / STREAMS_PER_SOCKET) % REPLICAS]?.url ?? '';
      // Each replica has streams of each job.
      const wanted = Array.from({ length: STREAMS_PER_SOCKET }, (_, index) => {
        const group = Math.floor(first / STREAMS_PER_SOCKET / REPLICAS);
        return ids[(group * STREAMS_PER_SOCKET + index) % WATCHED] ?? '';
      });
      all.push(...wanted);
      sockets.push(await subscribeByWebSocket(url, wanted, told));
    }
    await waitUntil(() => begun >= STREAMS);
    const bytes = (memory() - before) / STREAMS;
    for (const id of ids.slice(0, STREAM_ENDS)) {
      endedAt.set(id, performance.now());
      emulator.jobs.finish(id, { status: 'Success' });
      await pause(50);
    }
    const expected = all.filter((id) => endedAt.has(id)).length;
    await waitUntil(() => latenciesMs.length >= expected);
    for (const socket of sockets) socket.terminate();
    const ends = latenciesMs.length;
    return {
      figures: [
        { name: '10,000 streams: end seen after, p50', value: percentile(latenciesMs, 50), unit: 'ms' },
        { name: '10,000 streams: end seen after, p99', value: percentile(latenciesMs, 99), unit: 'ms' },
        { name: '10,000 streams: memory a stream', value: bytes / 1000, unit: 'kB' },
      ],
      checks: [
        {
          promise: `each stream is told its end once: ${String(ends)} of ${String(expected)}`,
          isKept: ends === expected,
        },
      ],
    };
  });
}

/** A minute at most. */
async function waitUntil(isDone: () => boolean): Promise<void> {
  for (let tries = 0; tries < 600 && !isDone(); tries += 1) await pause(100);
}

async function withGateways<T>(
  replicas: number,
  run: (
    emulator: Emulator,
    gateways: readonly Program[],
    redis: Awaited<ReturnType<typeof startRedis>> | undefined,
  ) => Promise<T>,
): Promise<T> {
  const emulator = await startEmulator({ limits: NO_LIMITS });
  const redis = replicas > 1 ? await startRedis() : undefined;
  const env = { ...ENV, ...(redis && { REDIS_URL: redis.url }) };
  const gateways = await Promise.all(Array.from({ length: replicas }, () => startGateway(emulator, env)));
  try {
    return await run(emulator, gateways, redis);
  } finally {
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    await redis?.close();
    await emulator.close();
  }
}
