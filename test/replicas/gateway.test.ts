import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { pino } from 'pino';
import { readConfig } from '../../src/config.ts';
import { startEmulator } from '../../src/emulator/server.ts';
import { startGateway as start } from '../../src/gateway.ts';
import { ROOT } from '../support/command.ts';
import { post, startGateway, type TestGateway } from '../support/gateway.ts';
import { NO_LIMITS } from '../support/limits.ts';
import { freePort, REDIS, redisOfTest } from '../support/redis.ts';
import { scrape } from '../support/scrape.ts';

const PASSWORD = 'a-password-of-tests';

async function gatewayAt(url: string): Promise<{ gateway: TestGateway; lines: string[] }> {
  const lines: string[] = [];
  const gateway = await startGateway({
    env: { REDIS_URL: url },
    hasMetrics: true,
    onLogLine: (line) => lines.push(line),
  });
  onTestFinished(() => gateway.close());
  return { gateway, lines };
}

/** Two gateways with one Redis, in front of one emulator. They have joined. */
async function twoGateways(env: Readonly<Record<string, string>>) {
  const redis = await redisOfTest();
  const emulator = await startEmulator({ seed: 'none', limits: NO_LIMITS });
  onTestFinished(() => emulator.close());
  const config = {
    ...readConfig({ PORT: '0', METRICS_PORT: '0', UPSTREAM: 'emulator', REDIS_URL: redis.url, ...env }),
    metrics: { host: '127.0.0.1', port: 0 },
  };
  const upstream = { endpoint: new URL(emulator.endpoint), credentials: emulator.credentials };
  const gateways = await Promise.all([1, 2].map(() => start(config, upstream, pino({ level: 'silent' }))));
  for (const gateway of gateways) onTestFinished(() => gateway.close());
  const figures = (name: string) =>
    Promise.all(
      gateways.map(async ({ metricsUrl }) => (await scrape(metricsUrl)).series.get(`pjg_redis_${name}`) ?? 0),
    );
  await expect.poll(() => figures('replicas'), { timeout: 10_000 }).toEqual([2, 2]);
  return { emulator, gateways, figures };
}

/** Asks two gateways in turn until one refuses, and ten times more. Gives what each time was charged, as the answers say. */
async function useUp(limit: number): Promise<{ codes: unknown[]; charges: number[] }> {
  const { emulator, gateways, figures } = await twoGateways({ RATE_LIMIT: `${String(limit)}/86400` });
  const id = emulator.jobs.add({ finishTime: Date.now() - 1000 });
  const [codes, charges]: [unknown[], number[]] = [[], []];
  let left = limit;
  const ask = async (time: number) => {
    const { url } = gateways[time % 2] ?? { url: '' };
    // Each third is new, so that it is executed. It costs more than one.
    const name = time % 3 === 0 ? `new_${String(time)}` : 'again';
    const { errors, headers } = await post(url, {
      query: `{ ${name}: packageJob(id: "${id}") { id status } }`,
    });
    const told = Number(/^"RATE_LIMIT";r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]);
    charges.push(left - told);
    left = told;
    codes.push(errors?.[0]?.extensions['code']);
  };
  let time = 0;
  for (; codes.at(-1) !== 'RATE_LIMITED'; time += 1) await ask(time);
  // The same as the last, so that it costs as much.
  for (let more = 1; more <= 10; more += 1) await ask(time - 1 + 3 * more);
  const lost = ['late', 'error'].map((outcome) =>
    figures(`command_duration_seconds_count{command="bucket",outcome="${outcome}"}`),
  );
  // Where a machine is so busy that Redis is late, a replica goes by a bucket of its own for once.
  return (await Promise.all(lost)).flat().some((count) => count > 0) ? useUp(limit) : { codes, charges };
}

const readyz = async ({ url }: TestGateway): Promise<[number, unknown]> => {
  const response = await fetch(`${url}/readyz`);
  return [response.status, await response.json()];
};
const linesAbout = (lines: readonly string[], text: string) => lines.filter((line) => line.includes(text));

describe.skipIf(REDIS.skip)(`a gateway with ${REDIS.label}`, () => {
  it('says in /readyz, its log and its metrics that it has joined, is alone, and has joined again', async () => {
    const redis = await redisOfTest({ password: PASSWORD });
    const { gateway, lines } = await gatewayAt(redis.url);
    await expect
      .poll(() => readyz(gateway), { timeout: 10_000 })
      .toEqual([200, { status: 'ready', replicas: { mode: 'joined', live: 1 } }]);
    expect(linesAbout(lines, 'joined the other replicas')).toHaveLength(1);

    await redis.kill();
    const alone = { mode: 'alone', reason: expect.stringMatching(/^(?:lost|refused)$/), live: 1 };
    await expect.poll(() => readyz(gateway)).toEqual([200, { status: 'ready', replicas: alone }]);
    await expect.poll(() => linesAbout(lines, 'ECONNREFUSED').length).toBe(1);
    expect(linesAbout(lines, 'goes on alone')).toHaveLength(1);
    const { series } = await scrape(gateway.metricsUrl);
    expect(series.get('pjg_redis_joined')).toBe(0);
    expect(series.get('pjg_redis_left_total{reason="lost"}')).toBe(1);
    await expect(gateway.query('{ packageJobs(first: 1) { nodes { id } } }')).resolves.toMatchObject({
      data: { packageJobs: { nodes: [{}] } },
    });

    await redis.restart();
    await expect
      .poll(() => readyz(gateway), { timeout: 10_000 })
      .toMatchObject([200, { replicas: { mode: 'joined' } }]);
    expect(linesAbout(lines, 'joined the other replicas')).toHaveLength(2);
    expect((await scrape(gateway.metricsUrl)).series.get('pjg_redis_joined')).toBe(1);
    expect(lines.join('')).not.toContain(PASSWORD);
  });

  it('starts alone where Redis refuses it, and tells why once, without the password', async () => {
    const { port } = await redisOfTest({ password: PASSWORD });
    const { gateway, lines } = await gatewayAt(`redis://:another-${PASSWORD}@127.0.0.1:${String(port)}`);
    const state = { status: 'ready', replicas: { mode: 'alone', reason: 'refused', live: 1 } };
    expect(await readyz(gateway)).toEqual([200, state]);
    const failures = async () =>
      (await scrape(gateway.metricsUrl)).series.get('pjg_redis_join_failures_total{reason="refused"}');
    await expect.poll(failures, { timeout: 10_000 }).toBeGreaterThanOrEqual(3);
    expect(linesAbout(lines, 'WRONGPASS')).toHaveLength(1);
    expect(lines.join('')).not.toContain(PASSWORD);
  });

  it('makes two round trips for a job that nobody has read: looks and takes its turn, and tells after the answer; none for what is in memory', async () => {
    const redis = await redisOfTest();
    const { gateway } = await gatewayAt(redis.url);
    const takes = async () => {
      const stats = await redis.client.info('commandstats');
      const count = (command: string) =>
        Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
      // Each renewal of the lease reads the size of one set, and nothing else does.
      return count('eval') + count('evalsha') - count('zcard');
    };
    const read = (id: string) => gateway.query(`{ packageJob(id: "${id}") { id } }`);
    const add = () => gateway.emulator.jobs.add({ finishTime: Date.now() - 1000 });
    const told = async (id: string) => {
      const [key] = await redis.client.keys(`*:job:${id}`);
      return key !== undefined && (await redis.client.hexists(key, 'o')) === 1;
    };
    // On a machine so busy that a turn is used 50 ms after it was taken, it is asked for again.
    const miss = async () => {
      const [id, before] = [add(), await takes()];
      await read(id);
      // Redis is told right after the answer.
      await expect.poll(() => told(id)).toBe(true);
      return (await takes()) - before;
    };
    await expect.poll(miss, { timeout: 20_000 }).toBe(2);
    const id = add();
    await read(id);
    await expect.poll(() => told(id)).toBe(true);
    gateway.emulator.resetRequests();
    const before = await takes();
    for (let time = 0; time < 5; time += 1) await read(id);
    expect([await takes(), gateway.emulator.countRequests()]).toEqual([before, 0]);
  });

  it('counts what a client asks of any replica against one limit, to 1 % of it, also where memory answers', async () => {
    const limit = 300;
    const { codes, charges } = await useUp(limit);
    expect(codes.slice(codes.indexOf('RATE_LIMITED'))).toEqual(Array(11).fill('RATE_LIMITED'));
    const accepted = charges.slice(0, codes.indexOf('RATE_LIMITED'));
    expect(Math.min(...accepted)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...accepted)).toBeGreaterThan(1);
    const used = accepted.reduce((sum, charge) => sum + charge, 0);
    expect(used).toBeGreaterThanOrEqual(0.99 * limit);
    expect(used).toBeLessThanOrEqual(limit);
    // A refusal costs nothing.
    expect(charges.slice(accepted.length).filter((charge) => charge !== 0)).toEqual([]);
  });

  it('tells in its metrics that it has joined, how many replicas there are, and of each command of Redis', async () => {
    const { gateways, figures } = await twoGateways({ RATE_LIMIT: '1000/60' });
    const commands = () => figures('command_duration_seconds_count{command="bucket",outcome="ok"}');
    expect(await figures('joined')).toEqual([1, 1]);
    expect(await commands()).toEqual([0, 0]);
    // On a busy machine, a command may be late.
    const ask = async () => {
      for (const { url } of gateways) await post(url, { query: '{ __typename }' });
      return Math.min(...(await commands()));
    };
    await expect.poll(ask, { timeout: 10_000 }).toBeGreaterThan(0);
  });

  it('shows no Redis in what it says where nothing is shared', async () => {
    const gateway = await startGateway({ hasMetrics: true });
    onTestFinished(() => gateway.close());
    expect(await readyz(gateway)).toEqual([200, { status: 'ready' }]);
    expect((await scrape(gateway.metricsUrl)).text).not.toContain('redis');
  });
});

it('nothing that talks to Redis is loaded without REDIS_URL; with it, it is', async () => {
  const script = join(ROOT, 'test/telemetry/support/print-loaded.ts');
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const loadedWith = async (more: Record<string, string>) => {
    const env = { PATH, NODE_COMPILE_CACHE, PORT: '0', METRICS_PORT: '0', ...more };
    const { stdout } = await promisify(execFile)(process.execPath, [script], { env });
    return JSON.parse(stdout.split('\n').at(-2) ?? '') as string[];
  };
  const REDIS_URL = `redis://127.0.0.1:${String(await freePort())}`;
  const [without, withRedis] = await Promise.all([loadedWith({}), loadedWith({ REDIS_URL })]);
  expect(without).toEqual([]);
  expect(withRedis).toEqual(['ioredis', 'src/replicas']);
}, 60_000);
