import { chmodSync, copyFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { delimiter, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ROOT } from '../support/command.ts';
import { makeFolder } from '../support/folder.ts';
import { listen } from '../support/loopback.ts';
import { runAt } from '../support/process.ts';
import { PROMETHEUS } from '../support/promtool.ts';
import { scrape } from '../support/scrape.ts';

const ANY_PORTS = { PORT: '0', METRICS_PORT: '0', PROMETHEUS_PORT: '0', GRAFANA_PORT: '0' };
/** As long as a slow machine may need for programs to start, and for rates to be there. */
const PATIENT = { timeout: 60_000, interval: 500 };

/** Runs the demo. Its folder is in one of the test's own. */
function runDemo(env: Readonly<Record<string, string>>) {
  const temporary = makeFolder();
  const demo = runAt(join(ROOT, 'tools/demo.ts'), { ...ANY_PORTS, TMPDIR: temporary, ...env });
  onTestFinished(async () => {
    demo.signal('SIGTERM');
    await demo.ended;
  });
  /** What the line with this label says. */
  const said = async (label: string) =>
    (await demo.waitFor(new RegExp(`^ *${label} +(\\S.*)`, 'm')))[1] ?? '';
  return { demo, temporary, said };
}

/** A folder of programs with one that stands in for Grafana, as Debian has no package of it. It tells what it was given. */
function makeGrafana(): string {
  const folder = makeFolder({
    'bin/grafana': `#!/bin/sh\nexec '${process.execPath}' "$(dirname "$0")/grafana.mjs" "$@"\n`,
    'conf/defaults.ini': '',
  });
  chmodSync(join(folder, 'bin/grafana'), 0o755);
  copyFileSync(join(ROOT, 'test/tools/support/grafana.mjs'), join(folder, 'bin/grafana.mjs'));
  return join(folder, 'bin');
}

/** A query of the values of a label that something was counted with. */
const counted = (metric: string, label: string) => `sum by (${label}) (${metric}) > 0`;

describe('npm run demo', () => {
  it.skipIf(PROMETHEUS.skip)(
    `shows a gateway under load in ${PROMETHEUS.label} and on the dashboard, and ends with Ctrl+C`,
    async () => {
      const { demo, temporary, said } = runDemo({
        PATH: `${makeGrafana()}${delimiter}${process.env['PATH'] ?? ''}`,
      });
      const [dashboard, metrics] = [await said('Look at'), await said('Metrics')];
      const prometheus = new URL(await said('Prometheus')).origin;
      const ask = async (path: string) =>
        (await (await fetch(`${prometheus}/api/v1/${path}`)).json()) as {
          data: {
            result: { metric: Record<string, string> }[];
            groups: { rules: { health: string; state: string }[] }[];
          };
        };
      const labels = async (query: string, label: string) => {
        const { data } = await ask(`query?query=${encodeURIComponent(query)}`);
        return data.result.map(({ metric }) => metric[label] ?? '').toSorted((a, b) => (a < b ? -1 : 1));
      };
      const types = counted('pjg_operations_total{outcome="ok"}', 'type');
      await expect.poll(() => labels(types, 'type'), PATIENT).toEqual(['mutation', 'query', 'subscription']);
      await expect
        .poll(() => labels('pjg_streams > 0', 'transport'), PATIENT)
        .toEqual(['event-stream', 'websocket']);
      await expect
        .poll(() => labels(counted('pjg_errors_total', 'code'), 'code'), PATIENT)
        .toContain('BAD_USER_INPUT');
      await expect.poll(() => labels('pjg_delivery_delay_seconds_count > 0', 'job'), PATIENT).toHaveLength(1);
      const rules = (await ask('rules')).data.groups.flatMap((group) => group.rules);
      expect(rules.filter(({ health, state }) => health !== 'ok' || state === 'firing')).toEqual([]);
      expect(rules.length).toBeGreaterThan(5);

      const given = (await (await fetch(dashboard)).json()) as Record<string, string>;
      const { datasources } = JSON.parse(given['datasources'] ?? '') as { datasources: { url: string }[] };
      const { providers } = JSON.parse(given['dashboards'] ?? '') as {
        providers: { options: { path: string } }[];
      };
      expect(dashboard).toMatch(/\/d\/package-job-gateway$/);
      expect(given['args']?.[0]).toBe('server');
      expect(datasources.map(({ url }) => url)).toEqual([prometheus]);
      expect(readdirSync(providers[0]?.options.path ?? '')).toContain('package-job-gateway.json');

      // As npm and the terminal both send it.
      demo.signal('SIGINT');
      demo.signal('SIGINT');
      expect(await demo.ended).toBe(0);
      expect(readdirSync(temporary)).toEqual([]);
      for (const url of [dashboard, metrics, prometheus])
        await expect(fetch(url)).rejects.toThrow('fetch failed');
    },
    180_000,
  );

  it('goes on without what is not installed, says so, and takes other ports where its own are taken', async () => {
    const taken = await listen(createServer());
    const { demo, said } = runDemo({ PATH: makeFolder(), PORT: String(taken.port) });
    const metrics = await said('Look at');
    const [url] = (await said('Job board')).split('/board');
    expect(url).not.toContain(`:${String(taken.port)}`);
    expect(await said('Prometheus')).toBe('not running');
    expect(await said('Dashboard')).toBe('not running');
    expect(demo.output()).toContain('Prometheus is not installed (apt-get install prometheus)');
    expect(demo.output()).toContain('Grafana is not installed (https://grafana.com/grafana/download)');
    const submitted = 'pjg_operations_total{type="mutation",outcome="ok",operation="other"}';
    const count = async () => (await scrape(metrics.replace('/metrics', ''))).series.get(submitted);
    await expect.poll(count, PATIENT).toBeGreaterThan(1);
    expect((await fetch(`${url ?? ''}/readyz`)).status).toBe(200);
    demo.signal('SIGINT');
    expect(await demo.ended).toBe(0);
    await taken.close();
    await expect(fetch(metrics)).rejects.toThrow('fetch failed');
  }, 120_000);
});
