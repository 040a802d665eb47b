import { describe, expect, it, onTestFinished } from 'vitest';
import { startEmulator, type Emulator } from '../../src/emulator/server.ts';
import { quantile } from '../chaos/support/load.ts';
import { post } from '../support/gateway.ts';
import { watchLateness } from '../support/lateness.ts';
import { NO_LIMITS } from '../support/limits.ts';
import { REDIS, redisOfTest, type RedisServer } from '../support/redis.ts';
import { openSocket, subscribeTo } from '../support/socket.ts';
import { startGatewayProcess, type GatewayProcess } from './support/processes.ts';

const WATCHED = 400;
/** Clients that ask for a hundred of the jobs once a second, spread over the gateways. */
const POLLERS = 16;
/** How many jobs end while it is measured. */
const ENDS = 40;
const SECONDS = 6;
/** Where processes wait for longer parts of the time, four of them wait for each other, which says nothing of them. */
const QUIET_PART = 0.1;

interface Figures {
  readonly listsPerSecond: number;
  readonly getsPerSecond: number;
  /** From the end of a job to the event, in milliseconds, the shortest first. */
  readonly latenciesMs: readonly number[];
  /** The same without what this process was late meanwhile. */
  readonly promptMs: readonly number[];
  /** The part of the time by which this process was late. */
  readonly latePart: number;
  readonly redisCommandsPerSecond: number;
}

async function emulatorOfTest(): Promise<Emulator> {
  const emulator = await startEmulator({ limits: NO_LIMITS });
  onTestFinished(() => emulator.close());
  return emulator;
}

/** Subscribes to all jobs, spread over the gateways, in operations of fifty. The newest come first, so that lists show them. */
async function watch(
  gateways: readonly GatewayProcess[],
  ids: readonly string[],
  onStatus: (id: string, status: string) => void,
): Promise<void> {
  for (let first = 0; first < ids.length; first += 50) {
    const { url = '' } = gateways[(first / 50) % gateways.length] ?? {};
    const { socket, send } = await openSocket(url);
    onTestFinished(() => socket.terminate());
    socket.on('message', (data: Buffer) => {
      const { payload } = JSON.parse(data.toString()) as {
        payload?: { data?: { packageJobUpdated?: { id: string; status: string } } };
      };
      const job = payload?.data?.packageJobUpdated;
      if (job !== undefined) onStatus(job.id, job.status);
    });
    send(subscribeTo('1', ids.slice(first, first + 50)));
  }
}

function poll({ url }: GatewayProcess, ids: readonly string[]): void {
  const query = 'query ($ids: [ID!]!) { packageJobsById(ids: $ids) { id status } }';
  const timer = setInterval(() => {
    void post(url, { query, variables: { ids } }).catch(() => undefined);
  }, 1000);
  onTestFinished(() => clearInterval(timer));
}

async function measure(count: number, redis: RedisServer | undefined): Promise<Figures> {
  const emulator = await emulatorOfTest();
  const gateways: GatewayProcess[] = [];
  for (let index = 0; index < count; index += 1)
    gateways.push(await startGatewayProcess(emulator, redis?.url));
  const ids = Array.from({ length: WATCHED }, (_, index) =>
    emulator.jobs.add({ createTime: Date.now() - 600_000 + 500 * index, finishTime: Infinity }),
  );
  const begun = new Set<string>();
  const endedAt = new Map<string, number>();
  const latenciesMs: number[] = [];
  const promptMs: number[] = [];
  const { stop, lateness } = watchLateness();
  onTestFinished(stop);
  await watch(gateways, ids.toReversed(), (id, status) => {
    if (status === 'INIT') begun.add(id);
    else {
      const ms = performance.now() - (endedAt.get(id) ?? 0);
      latenciesMs.push(ms);
      promptMs.push(ms - lateness(Date.now() - ms, Date.now()));
    }
  });
  await expect.poll(() => begun.size, { timeout: 120_000 }).toBe(WATCHED);
  // Each gateway is polled for each of the jobs, so the next four clients are at the next one.
  for (let poller = 0; poller < POLLERS; poller += 1) {
    const gateway = gateways[Math.floor(poller / 4) % count];
    if (gateway !== undefined) poll(gateway, ids.slice(100 * (poller % 4), 100 * (poller % 4) + 100));
  }
  // What each wants is known to all once it is settled.
  const startedAt = performance.now();
  await expect.poll(() => performance.now() - startedAt, { timeout: 60_000 }).toBeGreaterThan(6000);

  const commands = async () =>
    Number(/total_commands_processed:(\d+)/.exec((await redis?.client.info('stats')) ?? '')?.[1]);
  emulator.resetRequests();
  const [from, commandsBefore] = [performance.now(), await commands()];
  const ending = ids.filter((_, index) => index % (WATCHED / ENDS) === 0);
  const timer = setInterval(
    () => {
      const id = ending.shift();
      if (id === undefined) return;
      endedAt.set(id, performance.now());
      emulator.jobs.finish(id, { status: 'Success' });
    },
    (1000 * SECONDS) / ENDS / 2,
  );
  onTestFinished(() => clearInterval(timer));
  await expect.poll(() => latenciesMs.length, { timeout: 60_000 }).toBe(ENDS);
  await expect.poll(() => performance.now() - from, { timeout: 60_000 }).toBeGreaterThan(1000 * SECONDS);
  const seconds = (performance.now() - from) / 1000;
  const latePart = lateness(Date.now() - 1000 * seconds, Date.now()) / (1000 * seconds);
  const figures = {
    listsPerSecond: emulator.countRequests('ListPackageJobs') / seconds,
    getsPerSecond: emulator.countRequests('GetPackageJob') / seconds,
    latenciesMs: latenciesMs.toSorted((a, b) => a - b),
    promptMs: promptMs.toSorted((a, b) => a - b),
    latePart,
    redisCommandsPerSecond: ((await commands()) - commandsBefore) / seconds,
  };
  for (const { program } of gateways) program.signal('SIGKILL');
  await Promise.all(gateways.map(({ program }) => program.ended));
  return figures;
}

function told(
  what: string,
  { listsPerSecond, getsPerSecond, latenciesMs, promptMs, latePart, redisCommandsPerSecond }: Figures,
): void {
  const [p50, p99, prompt] = [
    quantile(latenciesMs, 0.5),
    quantile(latenciesMs, 0.99),
    quantile(promptMs, 0.99),
  ].map((ms) => ms.toFixed(0));
  const calls = `${listsPerSecond.toFixed(1)} lists and ${getsPerSecond.toFixed(1)} gets a second`;
  process.stdout.write(
    `${what}: ${calls}, end to event p50 ${String(p50)} p99 ${String(p99)} ms (${String(prompt)} without what this process was late, ` +
      `${(100 * latePart).toFixed(1)} %), ${redisCommandsPerSecond.toFixed(0)} Redis commands a second\n`,
  );
}

const calls = ({ listsPerSecond, getsPerSecond }: Figures) => listsPerSecond + getsPerSecond;

describe.skipIf(REDIS.skip)(`four gateways over ${REDIS.label}`, () => {
  it(
    'make the calls of one for the same work, and tell an end as soon as one',
    { timeout: 400_000 },
    async ({ skip }) => {
      const one = await measure(1, undefined);
      told('one', one);
      const four = await measure(4, await redisOfTest());
      told('four', four);
      // Those that share nothing make four times as many. Where processes are kept waiting, a sweep is late, and polls come before it.
      expect(calls(four)).toBeLessThanOrEqual((1.2 + four.latePart) * calls(one));
      const late = Math.max(one.latePart, four.latePart);
      skip(
        late > QUIET_PART,
        `this machine kept a process waiting for ${(100 * late).toFixed(0)} % of the time`,
      );
      expect(quantile(four.promptMs, 0.99)).toBeLessThanOrEqual(quantile(one.promptMs, 0.99) + 500);
    },
  );

  it('make no call while nobody watches', { timeout: 120_000 }, async () => {
    const [redis, emulator] = await Promise.all([redisOfTest(), emulatorOfTest()]);
    await Promise.all(Array.from({ length: 4 }, () => startGatewayProcess(emulator, redis.url)));
    const commands = async () =>
      Number(/total_commands_processed:(\d+)/.exec(await redis.client.info('stats'))?.[1]);
    emulator.resetRequests();
    const [from, before] = [performance.now(), await commands()];
    await expect.poll(() => performance.now() - from, { timeout: 30_000 }).toBeGreaterThan(5000);
    const perSecond = ((await commands()) - before) / ((performance.now() - from) / 1000);
    process.stdout.write(`four idle gateways: ${perSecond.toFixed(1)} Redis commands a second\n`);
    expect(emulator.countRequests()).toBe(0);
    expect(perSecond).toBeLessThan(60);
  });
});
