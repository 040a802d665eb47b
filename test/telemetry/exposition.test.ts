import { randomInt, randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReplicasEmitter, ReplicasEvents } from '../../src/replicas/events.ts';
import { ERRORS } from '../../src/server/errors/catalogue.ts';
import type { RequestEnd, RequestStart } from '../../src/server/events.ts';
import { createRecord } from '../../src/server/graphql/record.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { countReplicas } from '../../src/telemetry/replicas-metrics.ts';
import { ROOT } from '../support/command.ts';
import { createEvents } from '../support/events.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { rowsOf } from '../support/markdown.ts';
import { PROMTOOL, promtool } from '../support/promtool.ts';
import { readScrape, scrape, type Scrape, type ScrapedMetric } from '../support/scrape.ts';
import { openSocket, subscribeTo } from '../support/socket.ts';

const DOCUMENT = readFileSync(join(ROOT, 'docs/telemetry.md'), 'utf8');
const CLIENT = { key: '127.0.0.1' };
const ACTION = { breaker: 'closed', callsPerSecond: 50, queued: 0 } as const;

/** Metrics of layers that only the test speaks for. */
function createAlone(now: () => number = Date.now) {
  const events = createEvents();
  const replicas: ReplicasEmitter = new EventEmitter<ReplicasEvents>();
  const collect = createMetrics({
    events,
    ice: { state: { GetPackageJob: ACTION, ListPackageJobs: ACTION, SubmitPackageJob: ACTION } },
    jobs: { usage: { watchedJobs: 0, listeners: 0 } },
    caches: new Map([['jobs', { usage: { entries: 2, bytes: 30, maxBytes: 400, evictions: 5 } }]]),
    spans: { sent: 1, failed: 2, dropped: 3 },
    version: '1.2.3',
    jobMaxAgeMs: 1000,
    errorCodes: Object.keys(ERRORS),
    operationNames: ['Known'],
    replicas: countReplicas(replicas),
    now,
  });
  return { events, replicas, read: async () => readScrape((await collect('prometheus')).text) };
}

/** A request of a client that makes up all that it can. */
function requestOf(number: number): RequestStart {
  return {
    requestId: `r${String(number)}`,
    client: { key: `client-${String(number)}` },
    method: number % 2 === 0 ? 'POST' : `M${String(number)}`,
    path: number % 3 === 0 ? '/graphql' : `/${String(number)}`,
    startedAt: 0,
    traceparent: undefined,
  };
}

function endOf(number: number): RequestEnd {
  const sources = ['stored', 'prepared', 'executed'] as const;
  const source = sources[number % 3] ?? 'executed';
  return {
    status: 200 + (number % 5) * 100,
    durationMs: 1,
    source,
    isComplete: true,
    operation: null,
    cached: source === 'executed' ? null : { operationName: `Made${String(number)}`, bytes: 1 },
    refusal: undefined,
  };
}

describe('a scrape', () => {
  let gateway: TestGateway;
  let loaded: Scrape;
  beforeAll(async () => {
    gateway = await startGateway({
      hasMetrics: true,
      env: { JIT: 'on', ANSWERS_MAX_MB: '64', TRUST_PROXY: '1' },
    });
    const { emulator } = gateway;
    const query = (document: string) => gateway.query(document);
    const [first = '', second = ''] = Array.from({ length: 2 }, () =>
      emulator.jobs.add({ finishTime: Infinity }),
    );
    const { send, message, socket } = await openSocket(gateway.url);
    send(subscribeTo('a', [first, second]));
    await message(({ type }) => type === 'next');
    await Promise.all([
      query('{ packageJobs(first: 5) { nodes { id outputUrl } } }'),
      query('{'),
      ...Array.from({ length: 50 }, () => query(`{ packageJob(id: "${first}") { id } }`)),
    ]);
    emulator.faults.add({ kind: 'status', status: 500, times: 'always' });
    for (let time = 0; time < 12; time += 1)
      await query(`{ packageJob(id: "unknown-${String(time)}") { id } }`);
    loaded = await scrape(gateway.metricsUrl);
    socket.close();
  });
  afterAll(() => gateway.close());

  it('under load has what the table in the documentation lists, and nothing else', async () => {
    const { events, replicas, read } = createAlone();
    replicas.emit('left', { aloneMs: 0 }, { reason: 'lost', durationMs: 1 });
    replicas.emit('joinFailed', 'refused', 'ECONNREFUSED');
    replicas.emit('commandEnd', 'renew', 1, 'ok');
    events.ice.emit('keysFound', {
      source: 'OIDC role',
      id: 'ab12',
      expiresAt: Date.now() + 1000,
      isChanged: true,
    });
    events.ice.emit('keysFailed', { source: 'OIDC role', reason: 'Timeout', hasValidKeys: true });
    events.ice.emit('attemptRefused', 'GetPackageJob', 'OVERLOADED');
    events.ice.emit('contractViolation', { kind: 'wrong type', member: 'Name' });
    events.server.emit('unexpectedError', new Error('any'), 'http');
    events.server.emit('errorTold', { code: 'RATE_LIMITED', policy: 'listeners' });
    const alone = await read();
    // The gateway under load shares nothing.
    const ofReplicas = [...alone.metrics].filter(([name]) => name.startsWith('pjg_redis_'));
    const rows = [...loaded.metrics, ...ofReplicas].map(([name, metric]) => {
      const labels = new Set([...metric.labels, ...(alone.metrics.get(name)?.labels ?? [])]);
      return rowOf(name, { ...metric, labels });
    });
    expect(rowsOf(DOCUMENT, 'metric')).toEqual(rows.toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)));
  });

  it.skipIf(PROMTOOL.skip)(`is as ${PROMTOOL.label} wants metrics to be`, async () => {
    expect(await promtool(['check', 'metrics'], loaded.text)).toEqual({ code: 0, output: '' });
  });

  it('is in OpenMetrics for those who ask for it, with the same metrics', async () => {
    const accept = { headers: { accept: 'application/openmetrics-text;version=1.0.0' } };
    const response = await fetch(`${gateway.metricsUrl ?? ''}/metrics`, accept);
    const text = await response.text();
    expect(response.headers.get('content-type')).toBe(
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    );
    expect(text.endsWith('\n# EOF\n')).toBe(true);
    expect(text).toContain('# TYPE pjg_operations counter\n');
    // The other format stays as it was.
    expect(pjgSeries(readScrape(text))).toEqual(pjgSeries(await scrape(gateway.metricsUrl)));
  });

  it('has nothing but metrics, at one path', async () => {
    const { metricsUrl = '' } = gateway;
    const statusOf = async (path: string, method = 'GET') =>
      (await fetch(`${metricsUrl}${path}`, { method })).status;
    expect(await Promise.all([statusOf('/'), statusOf('/graphql'), statusOf('/metrics', 'POST')])).toEqual([
      404, 404, 405,
    ]);
    expect((await fetch(`${gateway.url}/metrics`)).status).toBe(404);
  });

  /** Asks with names, paths, ids and addresses that nobody has had before. */
  const askAnew = () =>
    Promise.all(
      Array.from({ length: 25 }, async () => {
        const name = `Made${randomUUID().replaceAll('-', '')}`;
        const headers = { 'x-forwarded-for': `10.0.${String(randomInt(256))}.${String(randomInt(256))}` };
        await gateway.query(`query ${name} { packageJob(id: "${name}") { id } }`, undefined, headers);
        await fetch(`${gateway.url}/${name}`, { headers });
      }),
    );

  const scrapeAnew = async (methods: readonly string[]) => {
    for (let count = 0; count < 4; count += 1) await askAnew();
    for (const method of methods) await fetch(`${gateway.url}/any`, { method });
    return scrape(gateway.metricsUrl);
  };

  it('has no more series however many names, paths, methods, ids and clients there are', async () => {
    let last = await scrapeAnew(['PROPFIND', 'MKCOL']);
    // On a busy machine something happens for the first time, such as a timeout. That ends, and what clients make does not.
    const more = async () => {
      const before = ownSeries(last);
      last = await scrapeAnew(['REPORT', 'SEARCH']);
      return ownSeries(last).filter((name) => !before.includes(name));
    };
    await expect.poll(more, { timeout: 30_000 }).toEqual([]);
    expect(last.text).not.toMatch(/Made|10\.0\./);
  });

  it('has the limits and the versions of this process', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    const { series } = loaded;
    expect(series.get(`pjg_build_info{version="${version}",node_version="${process.version}"}`)).toBe(1);
    expect(series.get('pjg_job_max_age_seconds')).toBe(1);
    expect(series.get('pjg_heap_limit_bytes')).toBe(getHeapStatistics().heap_size_limit);
    expect(series.get('pjg_memory_limit_bytes')).toBeLessThanOrEqual(totalmem());
    expect(series.get('pjg_memory_limit_bytes')).toBeGreaterThan(
      series.get('process_resident_memory_bytes') ?? NaN,
    );
    expect(series.get('pjg_cache_max_bytes{cache="responses"}')).toBe(64 * 1024 * 1024);
  });
});

describe('metrics of what no request shows', () => {
  it('tell how old keys are, when they expire, and how often there were no new ones', async () => {
    const clock = { now: 1_000_000 };
    const { events, read } = createAlone(() => clock.now);
    const keys = { source: 'OIDC role', id: 'ab12', expiresAt: clock.now + 900_000 };
    events.ice.emit('keysFound', { ...keys, isChanged: true });
    clock.now += 60_000;
    // The same keys again are no younger.
    events.ice.emit('keysFound', { ...keys, isChanged: false });
    events.ice.emit('keysFailed', { source: 'OIDC role', reason: 'Timeout', hasValidKeys: true });
    const { series } = await read();
    expect(series.get('pjg_key_age_seconds{source="OIDC role"}')).toBe(60);
    expect(series.get('pjg_key_expires_in_seconds{source="OIDC role"}')).toBe(840);
    expect(series.get('pjg_key_failures_total{source="OIDC role"}')).toBe(1);
  });

  it('count faults of the gateway by where they occurred', async () => {
    const { events, read } = createAlone();
    events.server.emit('unexpectedError', new Error('any'), 'http');
    events.jobs.emit('unexpectedError', new Error('any'), 'watcher');
    events.jobs.emit('unexpectedError', new Error('any'), 'watcher');
    const { series } = await read();
    expect(series.get('pjg_unexpected_errors_total{where="http"}')).toBe(1);
    expect(series.get('pjg_unexpected_errors_total{where="watcher"}')).toBe(2);
  });

  it('measure the delay of an event from when its state was read, or the subscription began if that is later', async () => {
    const clock = { now: 1_000_000 };
    const { events, read } = createAlone(() => clock.now);
    const subscription = { client: CLIENT };
    const tell = (readAt: number) =>
      events.server.emit('subscriptionEvent', subscription, { observedAt: new Date(readAt).toISOString() });
    events.server.emit('subscriptionStart', subscription);
    clock.now += 2000;
    tell(500_000);
    clock.now += 1000;
    tell(clock.now - 250);
    const { series } = await read();
    expect(series.get('pjg_delivery_delay_seconds_count')).toBe(2);
    expect(series.get('pjg_delivery_delay_seconds_sum')).toBe(2.25);
  });

  it('sum up the jobs of sweeps', async () => {
    const { events, read } = createAlone();
    for (const jobs of [3, 100]) {
      const sweep = { jobs };
      events.jobs.emit('sweepStart', sweep);
      events.jobs.emit('sweepEnd', sweep);
    }
    const { series } = await read();
    expect(series.get('pjg_sweep_jobs_sum')).toBe(103);
    expect(series.get('pjg_sweep_jobs_bucket{le="5"}')).toBe(1);
    expect(series.get('pjg_sweep_duration_seconds_count')).toBe(2);
  });

  it('tell of caches and of spans what those who have them say', async () => {
    const { series } = await createAlone().read();
    const own = [...series].filter(([name]) => /^pjg_(?:cache|trace)/.test(name));
    expect(Object.fromEntries(own)).toEqual({
      'pjg_cache_entries{cache="jobs"}': 2,
      'pjg_cache_bytes{cache="jobs"}': 30,
      'pjg_cache_max_bytes{cache="jobs"}': 400,
      'pjg_cache_evictions_total{cache="jobs"}': 5,
      'pjg_trace_spans_total{outcome="sent"}': 1,
      'pjg_trace_spans_total{outcome="failed"}': 2,
      'pjg_trace_spans_total{outcome="dropped"}': 3,
    });
  });
});

it('100,000 names, ids, paths, methods and clients make as many series as 1,000 do', async () => {
  const { events, read } = createAlone();
  const emit = (from: number, to: number) => {
    for (let number = from; number < to; number += 1) {
      const request = requestOf(number);
      events.server.emit('requestStart', request);
      events.server.emit('requestEnd', request, endOf(number));
      const operation = { requestId: '', client: request.client, startedAt: 0 };
      events.server.emit('operationStart', operation);
      const operationName = `Made${String(number)}`;
      events.server.emit('operationEnd', operation, { ...createRecord(), operationName, cost: number });
      const stream = { client: CLIENT, transport: 'websocket' } as const;
      events.server.emit('streamStart', stream);
      events.server.emit('streamEnd', stream);
      events.jobs.emit('sourceReadEnd', { id: operationName }, 'get', false);
      events.jobs.emit('listContradiction', operationName);
    }
  };
  emit(0, 1000);
  const few = ownSeries(await read());
  emit(1000, 100_000);
  const many = await read();
  expect(ownSeries(many)).toEqual(few);
  expect(many.series.get('pjg_operation_cost_count')).toBe(99_999);
});

/** What the table says of a metric. */
function rowOf(name: string, { type, help, labels }: ScrapedMetric): string[] {
  const unit = ['seconds', 'bytes', 'ratio'].find((unit) => name.replace(/_total$/, '').endsWith(unit)) ?? '';
  const texts = [...labels].map((label) => `\`${label}\``);
  return [`\`${name}\``, type, unit, texts.join(', '), help];
}

function pjgSeries(all: Scrape): string[] {
  return [...all.series.keys()].filter((name) => name.startsWith('pjg_')).toSorted();
}

/** All but those of the process. */
function ownSeries({ series }: Scrape): string[] {
  return [...series.keys()].filter((name) => !/^(?:nodejs|process)_/.test(name));
}
