import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startEmulator, type Emulator } from '../../src/emulator/server.ts';
import { makeFolder } from '../support/folder.ts';
import { watchLateness } from '../support/lateness.ts';
import { run, type RunningProgram } from '../support/process.ts';
import { createCertificate } from '../support/tls.ts';
import { connect, freePort, REDIS, redisOfTest } from '../support/redis.ts';
import { SENTINEL, startSentinels } from '../support/redis-sentinel.ts';

interface Replica {
  readonly url: string;
  readonly program: RunningProgram;
}

/** A gateway in a process of its own, ready. */
async function startReplica(
  emulator: Emulator,
  redisUrl: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Replica> {
  const { accessKeyId, accessKeySecret } = emulator.credentials;
  const program = run('main.ts', {
    NODE_ENV: 'production',
    ALLOWED_HOSTS: '*',
    PORT: '0',
    METRICS_PORT: '0',
    UPSTREAM: 'ice',
    ICE_ENDPOINT: emulator.endpoint,
    ICE_CALLS_PER_SECOND: '50',
    ICE_LIST_BATCHING: 'off',
    ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret,
    REDIS_URL: redisUrl,
    ...env,
  });
  onTestFinished(async () => {
    program.signal('SIGKILL');
    await program.ended;
  });
  const [, url = ''] = await program.waitFor(/listening on (http:\/\/[\d.]+:\d+)/);
  await expect.poll(() => statusOf(url), { timeout: 30_000 }).toBe(200);
  return { url, program };
}

async function stateOf({ url }: Replica): Promise<unknown> {
  return (await fetch(`${url}/readyz`)).json();
}

async function statusOf(url: string): Promise<number> {
  return (await fetch(`${url}/readyz`)).status;
}

/** Clients on each of the replicas, each with so many requests at once. */
const CLIENTS = [1, 3, 1, 3];
const AT_ONCE = 10;

/** One client asks for jobs of which nothing is known, without an end. It stops with the test. */
function flood({ url }: Replica, address: string, onAnswer: () => void): void {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  let next = 0;
  const ask = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      next += 1;
      const query = `{ packageJob(id: "unknown-${String(next)}-${address}") { id } }`;
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
        body: JSON.stringify({ query }),
        signal: stop.signal,
      });
      await response.text();
      onAnswer();
    }
  };
  for (let request = 0; request < AT_ONCE; request += 1) ask().catch(() => undefined);
}

/** For each call that came to the emulator after a time, how many had come in the second up to it. */
function seconds(emulator: Emulator, from: number): { at: number; calls: number }[] {
  const times = emulator.requests
    .filter(({ action, at }) => action === 'GetPackageJob' && at >= from)
    .map(({ at }) => at)
    .toSorted((a, b) => a - b);
  let first = 0;
  return times.map((at, index) => {
    while ((times[first] ?? at) <= at - 1000) first += 1;
    return { at, calls: index - first + 1 };
  });
}

/** Nothing else that gateways ask is a bad request. */
const isThrottled = ({ status }: { readonly status: number | undefined }) => status === 400;

describe.skipIf(REDIS.skip)(`four gateways with ${REDIS.label}`, () => {
  it('flooded, settle at what ICE grants one account, and are fair between clients, wherever they are', async () => {
    const redis = await redisOfTest();
    const limits = { GetPackageJob: 20, ListPackageJobs: Infinity, SubmitPackageJob: Infinity };
    const emulator = await startEmulator({ seed: 'none', limits });
    onTestFinished(() => emulator.close());
    const env = { TRUST_PROXY: '1' };
    const replicas = await Promise.all(CLIENTS.map(() => startReplica(emulator, redis.url, env)));
    const clients = replicas.flatMap((replica, index) =>
      Array.from({ length: CLIENTS[index] ?? 0 }, () => replica),
    );
    const answers = clients.map(() => 0);
    for (const [index, replica] of clients.entries())
      flood(replica, `192.0.2.${String(index)}`, () => (answers[index] = (answers[index] ?? 0) + 1));

    // The rate is lowered a few times, each after a pause of ICE's.
    const quietFor = () => {
      const last = emulator.requests.findLast(isThrottled)?.at ?? Infinity;
      return Date.now() - last;
    };
    await expect.poll(quietFor, { timeout: 60_000, interval: 500 }).toBeGreaterThan(5000);
    const { stop, lateness } = watchLateness();
    onTestFinished(stop);
    const from = Date.now();
    const before = [...answers];
    await expect.poll(() => Date.now() - from, { timeout: 30_000, interval: 500 }).toBeGreaterThan(15_000);
    const since = emulator.requests.filter(({ at }) => at >= from);
    const throttled = since.filter(isThrottled);
    const shares = answers.map((count, index) => count - (before[index] ?? 0));
    const total = shares.reduce((sum, share) => sum + share, 0);
    const lateMs = lateness(from, Date.now());
    const perSecond = seconds(emulator, from);
    process.stdout.write(
      `peak ${String(Math.max(...perSecond.map(({ calls }) => calls)))} calls a second, ${String(since.length)} in 15 s, ` +
        `${String(throttled.length)} throttled, answers by client ${shares.join(' ')}, this process late ${lateMs.toFixed(0)} ms\n`,
    );
    // On a machine that keeps processes waiting, calls that were sent apart come together, and are seen later than that.
    const tooMany = perSecond.filter(
      ({ at, calls }) => calls > 20 + Math.ceil((20 * 2 * lateness(at - 2000, at)) / 1000),
    );
    expect(tooMany).toEqual([]);
    expect(since.length).toBeLessThanOrEqual(20 * 16);
    const unexplained = throttled.filter(({ at }) => {
      const together = throttled.filter((other) => other.at > at - 1000 && other.at <= at).length;
      return together > Math.ceil((20 * 2 * lateness(at - 2000, at)) / 1000);
    });
    expect(unexplained.map(({ at }) => at)).toEqual([]);
    // Were it fair by replica, who is alone on one would have twice what is fair by client, and the others two thirds.
    for (const share of shares) {
      expect(share / total).toBeGreaterThan(0.6 / clients.length);
      expect(share / total).toBeLessThan(1.75 / clients.length);
    }
  }, 200_000);
});

describe.skipIf(REDIS.skip)(`a gateway with ${REDIS.label} behind TLS`, () => {
  it('joins by rediss:// where the certificate is trusted, and is alone where it is not', async () => {
    const { cert, key } = await createCertificate('127.0.0.1');
    const folder = makeFolder({ 'cert.pem': cert, 'key.pem': key });
    const [path, tlsPort] = [join(folder, 'cert.pem'), String(await freePort())];
    const files = [
      '--tls-cert-file',
      path,
      '--tls-key-file',
      join(folder, 'key.pem'),
      '--tls-ca-cert-file',
      path,
    ];
    await redisOfTest({ args: ['--tls-port', tlsPort, ...files, '--tls-auth-clients', 'no'] });
    const emulator = await startEmulator({ seed: 'none' });
    onTestFinished(() => emulator.close());
    const url = `rediss://127.0.0.1:${tlsPort}`;
    const trusting = await startReplica(emulator, url, { NODE_EXTRA_CA_CERTS: path });
    const other = await startReplica(emulator, url);
    await expect
      .poll(() => stateOf(trusting), { timeout: 10_000 })
      .toMatchObject({ replicas: { mode: 'joined', live: 1 } });
    await expect(stateOf(other)).resolves.toMatchObject({ replicas: { mode: 'alone', reason: 'refused' } });
    expect(other.program.output()).toContain('DEPTH_ZERO_SELF_SIGNED_CERT');
  }, 60_000);
});

describe.skipIf(SENTINEL.skip || REDIS.skip)(`a connection through ${SENTINEL.label}`, () => {
  it('goes on alone when the master dies, and joins the one that takes its place', async () => {
    const { ports, master } = await startSentinels();
    const connection = connect({
      nodes: ports.map((port) => ({ host: '127.0.0.1', port })),
      sentinelGroup: 'main',
      isTls: false,
      username: undefined,
      password: undefined,
      database: 0,
    });
    await expect.poll(() => connection.mode, { timeout: 20_000 }).toBe('joined');
    const left = once(connection.events, 'left');
    await master.kill();
    await left;
    expect(connection.mode).toBe('alone');
    await once(connection.events, 'joined');
    await expect(connection.run('set', (redis) => redis.set(connection.key('after'), '1'))).resolves.toBe(
      'OK',
    );
  }, 180_000);
});
