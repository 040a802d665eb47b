import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPrometheus, type Prometheus } from '../../tools/demo/prometheus.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { freePort } from '../support/loopback.ts';
import { PROMETHEUS } from '../support/promtool.ts';
import { openEventStream } from '../support/socket.ts';
import { makeFolder } from '../support/folder.ts';
import { QUERIES } from './support.ts';

interface Answer {
  readonly data: { readonly result: readonly unknown[]; readonly groups: readonly Group[] };
}

interface Group {
  readonly rules: readonly { readonly name: string; readonly health: string; readonly state: string }[];
}

const SCRAPED = 'query?query=count_over_time(pjg_ready[1m]) > 8';

describe.skipIf(PROMETHEUS.skip)(`with ${PROMETHEUS.label}`, () => {
  let gateway: TestGateway;
  let prometheus: Prometheus;
  const over = new AbortController();
  const removals: (() => void)[] = [];
  let load: Promise<unknown>;

  async function ask(path: string): Promise<Answer> {
    return (await (await fetch(`${prometheus.url}/api/v1/${path}`)).json()) as Answer;
  }

  beforeAll(async () => {
    gateway = await startGateway({
      hasMetrics: true,
      env: { JIT: 'on', ANSWERS_MAX_MB: '64', POLL_MIN_MS: '500' },
    });
    const { emulator } = gateway;
    const watched = emulator.jobs.add({ finishTime: Infinity });
    const stream = await openEventStream(gateway.url, [watched]);
    await stream.until(/INIT/);
    load = (async () => {
      while (!over.signal.aborted) {
        const id = emulator.jobs.add({ createTime: Date.now() - 1000, finishTime: Date.now() - 500 });
        emulator.faults.add({ kind: 'throttle', retryAfterMs: 1, times: 1 });
        await gateway.query(`query ($id: ID!) { packageJob(id: $id) { id status } }`, { id });
        for (let time = 0; time < 3; time += 1)
          await gateway.query(`{ packageJob(id: "${watched}") { id } }`);
        await setTimeout(50);
      }
      stream.leave();
    })();
    const folder = makeFolder({}, (remove) => removals.push(remove));
    const target = new URL(gateway.metricsUrl ?? '').host;
    prometheus = await startPrometheus({
      path: PROMETHEUS.path,
      folder,
      port: await freePort(),
      target,
      everySeconds: 1,
    });
    // Rates need several scrapes.
    while ((await ask(SCRAPED)).data.result.length === 0) await setTimeout(500);
  }, 90_000);

  afterAll(async () => {
    over.abort();
    await load;
    await prometheus.stop();
    await gateway.close();
    for (const remove of removals) remove();
  });

  it.for(QUERIES)('the dashboard has a series: $title', async ({ expr }) => {
    const query = expr.replaceAll('$instance', '.+').replaceAll('$__rate_interval', '10s');
    const { data } = await ask(`query?query=${encodeURIComponent(query)}`);
    expect(data.result.length).toBeGreaterThan(0);
  });

  it('every alert can be evaluated, and none fires for a gateway that is well', async () => {
    const { data } = await ask('rules');
    const rules = data.groups.flatMap((group) => group.rules);
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    expect(rules.filter(({ state }) => state === 'firing')).toEqual([]);
    expect(rules.length).toBeGreaterThan(5);
  });
});
