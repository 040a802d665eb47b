import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:https';
import { type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startEmulator } from '../../src/emulator/server.ts';
import { makeFolder } from '../support/folder.ts';
import { startIssuer } from '../support/issuer.ts';
import { commandsOf } from '../support/markdown.ts';
import { PROMETHEUS } from '../support/promtool.ts';
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

interface Alerts {
  readonly data: {
    readonly alerts: readonly { readonly state: string; readonly labels: Readonly<Record<string, string>> }[];
  };
}

describe.skipIf(HAPROXY.skip || PROMETHEUS.skip)(
  `the guide's two gateways, behind ${HAPROXY.label}, scraped by ${PROMETHEUS.label}`,
  () => {
    it(
      'are protected, answer by TLS, are scraped, and an alert fires and ends',
      { timeout: 240_000 },
      async () => {
        const emulator = await startEmulator({ seed: 'demo' });
        onTestFinished(() => emulator.close());
        const issuer = await startIssuer();
        onTestFinished(() => issuer.close());
        const env = { ...ENV, JWT_ISSUER: issuer.url, POLL_MIN_MS: '500' };
        const replicas = await Promise.all([1, 2].map(() => startReplica(emulator, env, onTestFinished)));
        const certificate = await createCertificate(HOST);
        const [a, b] = replicas.map(({ url }) => url);
        const haproxy = await startHaproxy({ servers: { a, b }, certificate }, onTestFinished);

        const ask = async (
          headers: Record<string, string>,
          body = BODY,
        ): Promise<[number | undefined, string]> => {
          const { hostname: host, port } = new URL(haproxy.url);
          const outgoing = request({
            host,
            port,
            servername: HOST,
            ca: certificate.cert,
            agent: false,
            method: 'POST',
            path: '/graphql',
            headers: { host: HOST, 'content-type': 'application/json', ...headers },
          });
          outgoing.end(body);
          const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
          let text = '';
          for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
          return [response.statusCode, text];
        };
        expect(await ask({})).toEqual([401, expect.stringContaining('UNAUTHENTICATED')]);
        const bearer = await issuer.bearer();
        for (let count = 0; count < 4; count += 1)
          expect(await ask(bearer)).toEqual([
            200,
            expect.stringMatching(/^\{"data":\{"packageJobs":\{"nodes":\[\{"id":/),
          ]);
        for (const { metricsUrl } of replicas)
          expect((await scrape(metricsUrl)).series.get('pjg_ready')).toBe(1);

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
        over.abort();
        await load;
        expect(await ask(bearer)).toEqual([200, expect.stringContaining('"nodes"')]);
      },
    );
  },
);

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
