import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { request as requestByTls } from 'node:https';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startEmulator } from '../../src/emulator/server.ts';
import { makeFolder } from '../support/folder.ts';
import { startIssuer } from '../support/issuer.ts';
import { commandsOf } from '../support/markdown.ts';
import { PROMETHEUS } from '../support/promtool.ts';
import { REDIS, startRedis, type RedisServer } from '../support/redis-server.ts';
import { scrape } from '../support/scrape.ts';
import { createCertificate } from '../support/tls.ts';
import { freePort, HAPROXY, started, startHaproxy, startReplica } from './replicas.ts';
import { read } from './support.ts';

const HOST = 'jobs.example.com';

/** The steps of the guide, with their indentation taken off. */
const GUIDE = read('docs/operate.md').split('## Two gateways, step by step')[1]?.split('\n## ')[0] ?? '';
const block = (language: string) =>
  (new RegExp(`^ {3}\`\`\`${language}\n(.*?)^ {3}\`\`\``, 'ms').exec(GUIDE)?.[1] ?? '').replaceAll(
    /^ {3}/gm,
    '',
  );

/** The variables of the guide. */
const ENV = Object.fromEntries(
  [...block('ini').matchAll(/^(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
);

/** The body that the guide's curl sends. */
const BODY =
  /--json '(.*)'/.exec(commandsOf('docs/operate.md', 'curl -i https://jobs.example.com'))?.[1] ?? '';

/** What the guide says that `/readyz` answers. */
const READY = JSON.parse(block('json')) as object;

/** A Redis as the guide configures it, but for its port. */
async function startGuidesRedis(): Promise<RedisServer> {
  const settings = [...block('conf').matchAll(/^(\S+) (.*)$/gm)].map(([, name = '', value = '']) => [
    name,
    value.replaceAll('"', ''),
  ]);
  const { requirepass, bind, ...others } = Object.fromEntries(settings) as Record<string, string>;
  expect(bind).toBe('127.0.0.1');
  const args = Object.entries(others).flatMap(([name, value]) => [`--${name}`, value]);
  const redis = await startRedis({ password: requirepass ?? '', args });
  onTestFinished(() => redis.close());
  return redis;
}

interface Alerts {
  readonly data: {
    readonly alerts: readonly { readonly state: string; readonly labels: Readonly<Record<string, string>> }[];
  };
}

describe.skipIf(HAPROXY.skip || PROMETHEUS.skip || REDIS.skip)(
  `the guide's two gateways, by ${REDIS.label}, behind ${HAPROXY.label}, scraped by ${PROMETHEUS.label}`,
  () => {
    it(
      'are protected, share, answer by TLS, are scraped, and their alerts fire and end',
      { timeout: 400_000 },
      async () => {
        const emulator = await startEmulator({ seed: 'demo' });
        onTestFinished(() => emulator.close());
        const issuer = await startIssuer();
        onTestFinished(() => issuer.close());
        const redis = await startGuidesRedis();
        const REDIS_URL = ENV['REDIS_URL']?.replace(':6379', `:${String(redis.port)}`) ?? '';
        const env = { ...ENV, JWT_ISSUER: issuer.url, REDIS_URL, POLL_MIN_MS: '500' };
        const replicas = await Promise.all([1, 2].map(() => startReplica(emulator, env, onTestFinished)));
        const certificate = await createCertificate(HOST);
        const [a, b] = replicas.map(({ url }) => url);
        const haproxy = await startHaproxy({ servers: { a, b }, certificate }, onTestFinished);

        const ask = (headers: Record<string, string>, body = BODY) =>
          send(haproxy.url, { headers, body, ca: certificate.cert });
        expect(await ask({})).toEqual([401, expect.stringContaining('UNAUTHENTICATED')]);
        const bearer = await issuer.bearer();
        for (let count = 0; count < 4; count += 1)
          expect(await ask(bearer)).toEqual([
            200,
            expect.stringMatching(/^\{"data":\{"packageJobs":\{"nodes":\[\{"id":/),
          ]);
        for (const { metricsUrl } of replicas)
          expect((await scrape(metricsUrl)).series.get('pjg_ready')).toBe(1);
        for (const { url } of replicas)
          await expect
            .poll(async (): Promise<unknown> => (await fetch(`${url}/readyz`)).json())
            .toEqual(READY);
        // What one has read, the other need not ask for.
        const id = emulator.jobs.add({ finishTime: 0 });
        emulator.resetRequests();
        for (const { url } of replicas) {
          const body = JSON.stringify({ query: `{ packageJob(id: "${id}") { id } }` });
          expect(await send(url, { headers: bearer, body })).toEqual([200, expect.stringContaining(id)]);
        }
        expect(emulator.countRequests('GetPackageJob')).toBe(1);

        const prometheus = await startPrometheus(replicas.map(({ metricsUrl }) => new URL(metricsUrl).host));
        await expect
          .poll(async () => (await prometheus('query?query=sum(pjg_ready)')).data.result?.[0]?.value[1], {
            timeout: 60_000,
          })
          .toBe('2');

        // ICE is away, and people go on asking for jobs.
        emulator.faults.add({ kind: 'status', status: 503, times: 'always' });
        const over = new AbortController();
        onTestFinished(() => over.abort());
        const load = (async () => {
          for (let count = 0; !over.signal.aborted; count += 1) {
            const query = `{ packageJob(id: "unknown-${String(count)}") { id } }`;
            await ask(bearer, JSON.stringify({ query }));
            await setTimeout(50);
          }
        })();
        const firing = async () => {
          const { data } = (await prometheus('alerts')) as unknown as Alerts;
          return data.alerts
            .filter(({ state }) => state === 'firing')
            .map(({ labels }) => labels['alertname']);
        };
        await expect.poll(firing, { timeout: 90_000, interval: 500 }).toContain('GatewayBreakerOpen');
        emulator.faults.clear();
        await expect.poll(firing, { timeout: 90_000, interval: 500 }).not.toContain('GatewayBreakerOpen');

        // Redis is away, and nobody notices but the operator.
        await redis.kill();
        await expect.poll(firing, { timeout: 90_000, interval: 500 }).toContain('GatewayAlone');
        expect(await ask(bearer)).toEqual([200, expect.stringContaining('"nodes"')]);
        await redis.restart();
        await expect.poll(firing, { timeout: 90_000, interval: 500 }).not.toContain('GatewayAlone');
        over.abort();
        await load;
        expect(await ask(bearer)).toEqual([200, expect.stringContaining('"nodes"')]);
      },
    );
  },
);

interface Question {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Who has signed the certificate, where it is asked by TLS. */
  readonly ca?: string;
}

/** Asks whoever listens there by the name that the guide gives the gateways. @returns the status, and the body */
async function send(url: string, { headers, body, ca }: Question): Promise<[number | undefined, string]> {
  const { hostname: host, port } = new URL(url);
  const options = {
    host,
    port,
    agent: false,
    method: 'POST',
    path: '/graphql',
    headers: { host: HOST, 'content-type': 'application/json', ...headers },
  };
  const outgoing = ca === undefined ? request(options) : requestByTls({ ...options, ca, servername: HOST });
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  return [response.statusCode, text];
}

interface Result {
  readonly data: { readonly result?: readonly { readonly value: readonly [number, string] }[] };
}

/** Starts Prometheus as the guide configures it, but for addresses, and with pauses that a test can wait for. */
async function startPrometheus(targets: readonly string[]): Promise<(path: string) => Promise<Result>> {
  const port = await freePort();
  const folder = makeFolder({
    'prometheus.yml': block('yaml')
      .replaceAll(/: 5s/g, ': 1s')
      .replace(/targets: .*/, `targets: ${JSON.stringify(targets)}`),
    'alerts.yml': read('deploy/prometheus/alerts.yml').replaceAll(/for: \d+m/g, 'for: 2s'),
  });
  const words = [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${String(port)}`,
  ];
  await started(spawn(PROMETHEUS.path, words, { stdio: ['ignore', 'ignore', 'pipe'] }), port, onTestFinished);
  return async (path) =>
    (await (await fetch(`http://127.0.0.1:${String(port)}/api/v1/${path}`)).json()) as Result;
}
