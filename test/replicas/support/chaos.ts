import { describe, expect, it, onTestFinished } from 'vitest';
import { startEmulator, type Emulator } from '../../../src/emulator/server.ts';
import { watchLateness } from '../../support/lateness.ts';
import { NO_LIMITS } from '../../support/limits.ts';
import { REDIS, redisOfTest, type RedisServer } from '../../support/redis.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { follow, peakOf, startGatewayProcess, type Follower, type GatewayProcess } from './processes.ts';

const GATEWAYS = 3;
const JOBS = 30;
const CALLS_PER_SECOND = 50;

/** What is disturbed. */
export interface Setting {
  readonly redis: RedisServer;
  readonly emulator: Emulator;
  /** Between the first gateway and Redis. */
  readonly proxy: TcpProxy;
  /** Those that run. */
  readonly gateways: GatewayProcess[];
  /** Starts one more. */
  readonly start: () => Promise<GatewayProcess>;
  /** Lets a third of the jobs end. */
  readonly finishSome: () => void;
  /** Resolves when each sweep that was under way has ended, and another one has begun. */
  readonly sweeps: (count: number) => Promise<void>;
  /** Resolves when each gateway says that it is alone, or has joined. */
  readonly all: (mode: 'alone' | 'joined') => Promise<void>;
}

export async function modeOf({ url }: GatewayProcess): Promise<string> {
  const answer = (await (await fetch(`${url}/readyz`)).json()) as { replicas?: { mode: string } };
  return answer.replicas?.mode ?? 'none';
}

/** A way to disturb gateways that share. */
export interface Disturbance {
  readonly name: string;
  /** Variables of the first gateway. @default none */
  readonly env?: Readonly<Record<string, string>>;
  /** Starts what they share through. @default a Redis, which the first reaches through a proxy */
  readonly share?: () => Promise<{ readonly url: string; readonly redis: RedisServer }>;
  readonly disturb: (setting: Setting) => Promise<void>;
}

async function redisWithUrl() {
  const redis = await redisOfTest();
  return { redis, url: redis.url };
}

async function createSetting({
  env: own,
  share,
}: Disturbance): Promise<{ setting: Setting; followers: readonly Follower[] }> {
  const { redis, url: shared } = (await share?.()) ?? (await redisWithUrl());
  const proxy = await startTcpProxy(redis.port);
  const emulator = await startEmulator({ limits: NO_LIMITS });
  onTestFinished(async () => {
    await proxy.close();
    await emulator.close();
  });
  const env = { ICE_CALLS_PER_SECOND: String(CALLS_PER_SECOND) };
  const start = (url = shared, more = {}) => startGatewayProcess(emulator, url, { ...env, ...more });
  const gateways = await Promise.all([
    start(share === undefined ? `redis://127.0.0.1:${String(proxy.port)}` : shared, own),
    ...Array.from({ length: GATEWAYS - 1 }, () => start()),
  ]);
  const ids = Array.from({ length: JOBS }, (_, index) =>
    emulator.jobs.add({ createTime: Date.now() - 60_000 + index, finishTime: Infinity }),
  );
  // Each job is followed on each gateway.
  const followers = gateways.flatMap((_, first) =>
    ids.map((id) =>
      follow(id, () => [...gateways.slice(first), ...gateways.slice(0, first)].map(({ url }) => url)),
    ),
  );
  const left = [...ids];
  const setting: Setting = {
    redis,
    emulator,
    proxy,
    gateways,
    start: () => start(),
    finishSome() {
      for (const id of left.splice(0, JOBS / 3)) emulator.jobs.finish(id, { status: 'Success' });
    },
    async sweeps(count) {
      const from = emulator.countRequests();
      await expect
        .poll(() => emulator.countRequests() - from, { timeout: 20_000 })
        .toBeGreaterThanOrEqual(2 * count);
    },
    async all(mode) {
      const modes = () => Promise.all(gateways.map(modeOf));
      await expect.poll(modes, { timeout: 30_000 }).toEqual(gateways.map(() => mode));
    },
  };
  return { setting, followers };
}

/** Disturbs gateways that followers of jobs are on, one test for each way. */
export function describeChaos(disturbances: readonly Disturbance[]): void {
  describe.skipIf(REDIS.skip)(
    `who follows jobs on ${String(GATEWAYS)} gateways over ${REDIS.label} is told every end`,
    () => {
      it.for(disturbances)('while $name', { timeout: 240_000 }, async (disturbance) => {
        const { stop: stopWatching, lateness } = watchLateness();
        onTestFinished(stopWatching);
        const { setting, followers } = await createSetting(disturbance);
        const { emulator, finishSome, all } = setting;
        const isBegun = () => followers.every(({ statuses }) => statuses.length > 0);
        await expect.poll(isBegun, { timeout: 30_000 }).toBe(true);
        emulator.resetRequests();
        finishSome();
        await disturbance.disturb(setting);
        finishSome();
        await Promise.all(followers.map(({ ended }) => ended));
        await all('joined');
        const peaks = [peakOf(emulator, 'GetPackageJob'), peakOf(emulator, 'ListPackageJobs')];
        const late = peaks.map(({ at }) => lateness(at - 2000, at));
        const returns = followers.reduce((sum, follower) => sum + follower.returns(), 0);
        process.stdout.write(
          `${disturbance.name}: at most ${peaks.map(({ calls }) => calls).join(' gets and ')} lists in a second, when this process was ` +
            `${late.map(Math.round).join(' and ')} ms late, ${String(returns)} returns\n`,
        );
        // A client that comes back may see that nothing has changed.
        for (const { statuses } of followers) expect(statuses).toEqual(['INIT', 'SUCCESS']);
        // While they part and join, they do not know for a moment what the others have just begun. On a machine that keeps processes
        // waiting, calls that were sent apart come together, and are seen later than that.
        for (const [index, { calls }] of peaks.entries())
          expect(calls).toBeLessThanOrEqual(CALLS_PER_SECOND * (1.25 + (2 * (late[index] ?? 0)) / 1000));
      });
    },
  );
}
