import { describe, expect, it, onTestFinished } from 'vitest';
import { startEmulator, type Emulator } from '../../../src/emulator/server.ts';
import { watchLateness } from '../../support/lateness.ts';
import { NO_LIMITS } from '../../support/limits.ts';
import { REDIS, redisOfTest, type RedisServer } from '../../support/redis.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { readAll, startPollers, type ShownJob } from './pollers.ts';
import {
  follow,
  peakOf,
  startGatewayProcess,
  type Follower,
  type GatewayProcess,
  type Told,
} from './processes.ts';

const GATEWAYS = 4;
const JOBS = 30;
const CALLS_PER_SECOND = 50;

/** Each gateway has a key of its own, so that calls tell who makes them. Some are replaced by others. */
const KEYS = Array.from({ length: 2 * GATEWAYS }, (_, index) => ({
  accessKeyId: `example-access-key-${String(index)}`,
  accessKeySecret: 'not-a-real-secret',
}));

const FAILURE = { status: 'Fail', code: 'ResourceNotFound', message: 'The input is gone.' } as const;

/** How old what a gateway shows may be, in milliseconds, with room for the way. */
const MAX_AGE_MS = 1500;

/** No answer that is not held back takes so long, in milliseconds. */
const HELD_MS = 250;

/** How a job ended, and when that was known here at the earliest, by `performance.now()`. */
interface End {
  readonly status: 'SUCCESS' | 'FAIL';
  readonly at: number;
}

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
  /** Lets a third of the jobs end, every other one without success. */
  readonly finishSome: () => void;
  /** Holds back a list that a gateway reads for all. Resolves to that gateway once it waits for the list. */
  readonly holdSweep: () => Promise<{ readonly sweeping: GatewayProcess; readonly release: () => void }>;
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

/** Starts gateways that share an account, each with a key of its own. */
async function startGateways(emulator: Emulator, urls: readonly string[], own: Disturbance['env']) {
  const byKey = new Map<string, GatewayProcess>();
  const keys = KEYS.values();
  const start = async (url: string, more: Disturbance['env'] = {}) => {
    const { value: key } = keys.next();
    if (key === undefined) throw new Error('no key is left');
    const { accessKeyId, accessKeySecret } = key;
    const gateway = await startGatewayProcess(emulator, url, {
      ICE_CALLS_PER_SECOND: String(CALLS_PER_SECOND),
      REDIS_NAMESPACE: 'chaos',
      ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret,
      ...more,
    });
    byKey.set(accessKeyId, gateway);
    return gateway;
  };
  const gateways = await Promise.all(urls.map((url, index) => start(url, index === 0 ? own : {})));
  const holdSweep: Setting['holdSweep'] = async () => {
    const from = Date.now();
    const release = emulator.faults.hold({ action: 'ListPackageJobs', times: 1 });
    const held = () =>
      emulator.requests.find(
        ({ action, status, at }) =>
          action === 'ListPackageJobs' && status === undefined && at >= from && Date.now() - at > HELD_MS,
      );
    await expect.poll(held, { timeout: 20_000 }).toBeDefined();
    const [, keyId = ''] = /Credential=([^,]+)/.exec(held()?.headers.authorization ?? '') ?? [];
    const sweeping = byKey.get(keyId);
    if (sweeping === undefined) throw new Error(`no gateway has the key ${keyId}`);
    return { sweeping, release };
  };
  return { gateways, start, holdSweep };
}

/** Lets jobs end, every other one without success. */
function finish({ jobs }: Emulator, ids: readonly string[], ends: Map<string, End>): void {
  for (const [index, id] of ids.entries()) {
    const isFailure = index % 2 === 1;
    ends.set(id, { status: isFailure ? 'FAIL' : 'SUCCESS', at: performance.now() });
    jobs.finish(id, isFailure ? FAILURE : { status: 'Success' });
  }
}

async function createSetting({ env: own, share }: Disturbance): Promise<{
  readonly setting: Setting;
  readonly ids: readonly string[];
  readonly followers: readonly Follower[];
  readonly ends: ReadonlyMap<string, End>;
}> {
  const { redis, url: shared } = (await share?.()) ?? (await redisWithUrl());
  const proxy = await startTcpProxy(redis.port);
  const emulator = await startEmulator({ limits: NO_LIMITS, credentials: KEYS });
  onTestFinished(async () => {
    await proxy.close();
    await emulator.close();
  });
  const first = share === undefined ? `redis://127.0.0.1:${String(proxy.port)}` : shared;
  const urls = [first, ...Array.from({ length: GATEWAYS - 1 }, () => shared)];
  const { gateways, start, holdSweep } = await startGateways(emulator, urls, own);
  const ids = Array.from({ length: JOBS }, (_, index) =>
    emulator.jobs.add({ createTime: Date.now() - 60_000 + index, finishTime: Infinity }),
  );
  // Each job is followed on each gateway.
  const followers = gateways.flatMap((_, place) =>
    ids.map((id) =>
      follow(id, () => [...gateways.slice(place), ...gateways.slice(0, place)].map(({ url }) => url)),
    ),
  );
  const left = [...ids];
  const ends = new Map<string, End>();
  const setting: Setting = {
    redis,
    emulator,
    proxy,
    gateways,
    holdSweep,
    start: () => start(shared),
    finishSome() {
      finish(emulator, left.splice(0, JOBS / 3), ends);
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
  return { setting, ids, followers, ends };
}

/** Whether it was told no end before it came, no other one, and nothing after that. */
function isTrue(told: readonly Told[], end: End | undefined): boolean {
  return told.every(({ status, at }, index) =>
    status === 'INIT' ? index === 0 : end !== undefined && status === end.status && at >= end.at,
  );
}

/** The jobs as ICE has them. */
function truthOf({ jobs }: Emulator, ids: readonly string[]): ShownJob[] {
  return ids.map((id) => {
    const { Status = '', Code = null, FinishTime = null } = jobs.get(id) ?? {};
    return { id, status: Status.toUpperCase(), code: Code, finishTime: FinishTime };
  });
}

/** Says how many calls came at most, and expects that they are no storm. */
function expectNoStorm(emulator: Emulator, lateness: (from: number, until: number) => number): string {
  const peaks = [peakOf(emulator, 'GetPackageJob'), peakOf(emulator, 'ListPackageJobs')];
  const late = peaks.map(({ at }) => lateness(at - 2000, at));
  // While they part and join, they do not know for a moment what the others have just begun. On a machine that keeps processes
  // waiting, calls that were sent apart come together, and are seen later than that.
  for (const [index, { calls }] of peaks.entries())
    expect(calls).toBeLessThanOrEqual(CALLS_PER_SECOND * (1.25 + (2 * (late[index] ?? 0)) / 1000));
  return (
    `at most ${peaks.map(({ calls }) => calls).join(' gets and ')} lists in a second, ` +
    `when this process was ${late.map(Math.round).join(' and ')} ms late`
  );
}

/** Disturbs gateways that followers of jobs are on, one test for each way. */
export function describeChaos(disturbances: readonly Disturbance[]): void {
  describe.skipIf(REDIS.skip)(
    `who follows jobs on ${String(GATEWAYS)} gateways over ${REDIS.label} is told every end`,
    () => {
      it.for(disturbances)('while $name', { timeout: 240_000 }, async (disturbance) => {
        const { stop: stopWatching, lateness } = watchLateness();
        onTestFinished(stopWatching);
        const { setting, ids, followers, ends } = await createSetting(disturbance);
        const { emulator, gateways, finishSome, all } = setting;
        const isBegun = () => followers.every(({ told }) => told.length > 0);
        await expect.poll(isBegun, { timeout: 30_000 }).toBe(true);
        emulator.resetRequests();
        const pollers = startPollers(gateways, ids);
        await expect.poll(pollers.answers, { timeout: 30_000 }).toBeGreaterThanOrEqual(GATEWAYS);
        finishSome();
        await disturbance.disturb(setting);
        finishSome();
        await Promise.all(followers.map(({ ended }) => ended));
        await all('joined');
        await pollers.stop();
        const returns = followers.reduce((sum, follower) => sum + follower.returns(), 0);
        const delays = followers.map(({ id, told }) => (told.at(-1)?.at ?? 0) - (ends.get(id)?.at ?? 0));
        process.stdout.write(
          `${disturbance.name}: ${expectNoStorm(emulator, lateness)}; ${String(returns)} returns, ` +
            `${String(pollers.answers())} polls, ends told after ${Math.max(...delays).toFixed(0)} ms at most\n`,
        );
        // A client that comes back may see that nothing has changed.
        expect(followers.map(({ id, told }) => [id, ...told.map(({ status }) => status)])).toEqual(
          followers.map(({ id }) => [id, 'INIT', ends.get(id)?.status]),
        );
        const liars = [...followers, ...pollers.told()].filter(({ id, told }) => !isTrue(told, ends.get(id)));
        expect(liars).toEqual([]);
        expect(pollers.failures).toEqual([]);
        const lastEnd = Math.max(...[...ends.values()].map(({ at }) => at));
        await expect.poll(() => performance.now() - lastEnd).toBeGreaterThan(MAX_AGE_MS);
        for (const gateway of gateways) expect(await readAll(gateway, ids)).toEqual(truthOf(emulator, ids));
      });
    },
  );
}
