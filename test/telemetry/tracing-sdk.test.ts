import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { fire, getOf } from '../bench/support/load.ts';
import { ROOT } from '../support/command.ts';
import { startGateway } from '../support/gateway.ts';
import { serve } from '../support/loopback.ts';
import { startOtlpReceiver } from '../support/otlp.ts';
import { scrape } from '../support/scrape.ts';
import { PATIENT } from './support/row.ts';

/** What the gateway keeps of spans at most: those that wait, and the batch that is under way. */
const MOST_SPANS = 2048 + 512;

it('an exporter that hangs delays nothing, holds a bounded number of spans, and every other one is counted', async () => {
  const receiver = await startOtlpReceiver(true);
  const gateway = await startGateway({
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
    hasMetrics: true,
  });
  // Each request is one span.
  const ask = (answers: number) =>
    fire({ url: gateway.url, next: () => getOf('/livez', {}) }, { answers }, 8);
  const msFor = async (answers: number) => {
    const startedAt = performance.now();
    await ask(answers);
    return performance.now() - startedAt;
  };
  const dropped = async () =>
    (await scrape(gateway.metricsUrl)).series.get('pjg_trace_spans_total{outcome="dropped"}') ?? NaN;
  // These are fewer than a batch.
  const freeMs = await msFor(500);
  await ask(3000);
  await expect.poll(receiver.underWay, PATIENT).toBe(1);
  await expect.poll(dropped, PATIENT).toBeGreaterThanOrEqual(3000 - MOST_SPANS);
  const isFull = async () => {
    const [batches, before] = [receiver.underWay(), await dropped()];
    await ask(500);
    await expect.poll(dropped, PATIENT).toBeGreaterThanOrEqual(before + 500 - 512);
    // A batch that is given up makes room for as many.
    return receiver.underWay() === batches ? (await dropped()) - before : undefined;
  };
  // All that it can hold it has, so each further span is lost.
  await expect.poll(isFull, PATIENT).toBe(500);
  // Waiting for the collector would take seconds each.
  expect(await msFor(500)).toBeLessThan(10 * freeMs + 1000);
  const startedAt = performance.now();
  await gateway.close();
  // The last spans are waited for for a second. Sending a batch may take ten.
  expect(performance.now() - startedAt).toBeLessThan(3000);
  await receiver.close();
}, 60_000);

it('a collector that refuses is told of in the log once a minute, without its address', async () => {
  const collector = await serve((request, response) => {
    request.resume().on('end', () => response.writeHead(400).end());
  });
  const lines: string[] = [];
  const gateway = await startGateway({
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://user:canary@127.0.0.1:${String(collector.port)}` },
    hasMetrics: true,
    onLogLine: (line) => lines.push(line),
  });
  const failed = async () =>
    (await scrape(gateway.metricsUrl)).series.get('pjg_trace_spans_total{outcome="failed"}');
  for (const batches of [1, 2]) {
    await fire({ url: gateway.url, next: () => getOf('/livez', {}) }, { answers: 520 }, 8);
    await expect.poll(failed, PATIENT).toBeGreaterThanOrEqual(batches * 512);
  }
  await gateway.close();
  await collector.close();
  const told = lines.filter((line) => line.includes('traces are lost'));
  expect(told.map((line) => (JSON.parse(line) as { reason: string }).reason)).toEqual(['400']);
  expect(lines.join('')).not.toContain('canary');
});

it('with traces off, nothing of the SDK is loaded; with traces on, nothing that sends is until there is a span', async () => {
  const script = join(ROOT, 'test/telemetry/support/print-loaded.ts');
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const loadedWith = async (env: Record<string, string>) => {
    const { stdout } = await promisify(execFile)(process.execPath, [script], {
      env: {
        PATH,
        NODE_COMPILE_CACHE,
        PORT: '0',
        METRICS_PORT: '0',
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
        ...env,
      },
    });
    return JSON.parse(stdout.split('\n').at(-2) ?? '') as string[];
  };
  const [off, silent] = await Promise.all([
    loadedWith({ OTEL_SDK_DISABLED: 'true' }),
    loadedWith({ OTEL_TRACES_SAMPLER: 'always_off' }),
  ]);
  expect(off).toEqual([]);
  expect(silent).toContain('@opentelemetry/sdk-trace');
  expect(silent.filter((name) => name.includes('otlp'))).toEqual([]);
}, 60_000);
