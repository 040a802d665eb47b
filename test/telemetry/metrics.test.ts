import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { startEmulator } from '../../src/emulator/server.ts';
import { startGateway as start } from '../../src/gateway.ts';
import { ROOT } from '../support/command.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { rowsOf } from '../support/markdown.ts';
import { growth, growthOf, scrape, type Scrape } from '../support/scrape.ts';
import { openSocket, subscribeTo } from '../support/socket.ts';
import { PATIENT, type State } from './support/row.ts';
import { OF_ICE } from './support/rows-of-ice.ts';
import { READS } from './support/rows-of-reads.ts';
import { OF_SERVER } from './support/rows-of-server.ts';

/** What goes by the clock, or by what is in memory, and not by what happens alone. */
const UNSTEADY = /^(?:nodejs|process|pjg_key_age|pjg_cache_(?:bytes|entries))/;
/** What has no row here. `exposition.test.ts` has a test of each. */
const APART =
  /^(?:nodejs|process)_|_info$|^pjg_(?:(?:memory|heap)_limit_bytes|cache_max_bytes|job_max_age_seconds|unexpected_errors_total|(?:key|redis)_.*)$/;
/** The test of the exporter that hangs has these. */
const OF_TRACES = 'pjg_trace_spans_total';

describe('metrics', () => {
  const moved = new Set<string>([OF_TRACES]);

  it.for([...READS, ...OF_ICE, ...OF_SERVER])(
    'grow by the right amount with $name',
    async ({ env, clock, before, act, grows, sums = {}, ignored }) => {
      const gateway = await startGateway({
        env: { JIT: 'off', ANSWERS_MAX_MB: '0', ...env?.() },
        emulator: { seed: 'none' },
        hasMetrics: true,
        ...(clock && { now: () => clock.now }),
      });
      const state: State = { ids: [], stop: () => undefined };
      await before?.(gateway, state);
      const first = await settled(gateway);
      await act(gateway, state);
      const last = await settled(gateway);
      state.stop();
      await gateway.close();
      const expected = Object.entries(grows).filter(([, value]) => value !== 0);
      const isLookedAt = (name: string) =>
        name in grows || (!UNSTEADY.test(name) && ignored?.test(name) !== true);
      const grown = [...growth(first, last)].filter(([name]) => isLookedAt(name));
      expect(Object.fromEntries(grown)).toEqual(Object.fromEntries(expected));
      const summed = Object.keys(sums).map((name) => [name, growthOf(name, first, last)]);
      expect(Object.fromEntries(summed)).toEqual(sums);
      for (const [name] of expected) moved.add(name.replace(/\{.*/, '').replace(/_count$/, ''));
    },
  );

  it('grow with each sweep, by the jobs that it reads', async () => {
    const gateway = await startGateway({
      env: { POLL_MIN_MS: '200', POLL_MAX_MS: '200' },
      emulator: { seed: 'none' },
      hasMetrics: true,
    });
    const { emulator, url, metricsUrl } = gateway;
    const ids = Array.from({ length: 3 }, () => emulator.jobs.add({ finishTime: Infinity }));
    const before = await scrape(metricsUrl);
    const { send, socket, messages } = await openSocket(url);
    send(subscribeTo('a', ids));
    await expect.poll(() => messages.filter(({ type }) => type === 'next'), PATIENT).toHaveLength(3);
    const sizes = async () => growthOf('pjg_sweep_jobs_count', before, await scrape(metricsUrl));
    await expect.poll(sizes, PATIENT).toBeGreaterThan(3);
    socket.terminate();
    await expect.poll(async () => (await scrape(metricsUrl)).series.get('pjg_watched_jobs'), PATIENT).toBe(0);
    const after = await settled(gateway);
    await gateway.close();
    const grown = (name: string) => growthOf(name, before, after);
    expect(grown('pjg_sweep_duration_seconds_count')).toBe(grown('pjg_sweep_jobs_count'));
    // A slow machine sweeps one job at a time now and then. `exposition.test.ts` has the exact sum.
    expect(grown('pjg_sweep_jobs_sum')).toBeGreaterThanOrEqual(grown('pjg_sweep_jobs_count'));
    expect(grown('pjg_sweep_jobs_sum')).toBeLessThanOrEqual(3 * grown('pjg_sweep_jobs_count'));
    moved.add('pjg_sweep_jobs').add('pjg_sweep_duration_seconds');
  });

  it('say that it is ready once ICE has accepted a call, and not before', async () => {
    const emulator = await startEmulator();
    emulator.faults.add({ kind: 'status', status: 403, code: 'Forbidden.RAM', times: 'always' });
    const config = {
      ...readConfig({ PORT: '0', METRICS_PORT: '0', UPSTREAM: 'emulator' }),
      metrics: { host: '127.0.0.1', port: 0 },
    };
    const upstream = { endpoint: new URL(emulator.endpoint), credentials: emulator.credentials };
    const gateway = await start(config, upstream, pino({ level: 'silent' }));
    const isReady = async () => (await scrape(gateway.metricsUrl)).series.get('pjg_ready');
    await gateway.firstProblem;
    expect(await isReady()).toBe(0);
    emulator.faults.clear();
    await expect.poll(isReady, PATIENT).toBe(1);
    await gateway.close();
    await emulator.close();
    moved.add('pjg_ready');
  });

  afterAll(() => {
    const names = rowsOf(readFileSync(join(ROOT, 'docs/telemetry.md'), 'utf8'), 'metric').map(([name = '']) =>
      name.replaceAll('`', ''),
    );
    expect(names.filter((name) => !moved.has(name) && !APART.test(name))).toEqual([]);
  });
});

/** A scrape at which no request is under way but what waits. The end of a request is told of once its client has its answer. */
async function settled({ metricsUrl }: TestGateway): Promise<Scrape> {
  let last = await scrape(metricsUrl);
  for (;;) {
    await setTimeout(20);
    const next = await scrape(metricsUrl);
    const changed = [...growth(last, next).keys()].filter((name) => !UNSTEADY.test(name));
    if (changed.every((name) => /^pjg_(?:sweep_|job_reads|ice_)/.test(name))) return next;
    last = next;
  }
}
