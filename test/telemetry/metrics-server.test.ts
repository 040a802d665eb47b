import { once } from 'node:events';
import { createServer } from 'node:http';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { startEmulator } from '../../src/emulator/server.ts';
import { startGateway } from '../../src/gateway.ts';
import { createLogLevel } from '../../src/telemetry/log-level.ts';
import { collectTogether, startMetricsServer } from '../../src/telemetry/metrics-server.ts';
import { connectRaw, get } from '../server/support/counted-server.ts';
import { listen } from '../support/loopback.ts';

/** Starts a gateway whose port for metrics is taken. */
async function startBesides(env: Readonly<Record<string, string>>, lines: string[]) {
  const other = createServer();
  const taken = await listen(other);
  const emulator = await startEmulator();
  const config = readConfig({ PORT: '0', UPSTREAM: 'emulator', METRICS_PORT: String(taken.port), ...env });
  const upstream = { endpoint: new URL(emulator.endpoint), credentials: emulator.credentials };
  const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
  try {
    return await startGateway(config, upstream, logger);
  } finally {
    await taken.close();
    await emulator.close();
  }
}

describe('a METRICS_PORT that is taken', () => {
  it('is a warning in development', async () => {
    const lines: string[] = [];
    const gateway = await startBesides({}, lines);
    expect(gateway.metricsUrl).toBeUndefined();
    expect((await fetch(`${gateway.url}/livez`)).status).toBe(200);
    expect(lines.join('')).toMatch(/METRICS_PORT: cannot listen on 127\.0\.0\.1:\d+ \(EADDRINUSE\)/);
    await gateway.close();
  });

  it('is an error in production', async () => {
    const env = { NODE_ENV: 'production', ALLOWED_HOSTS: 'localhost' };
    await expect(startBesides(env, [])).rejects.toThrow(/METRICS_PORT: cannot listen on .* \(EADDRINUSE\)/);
  });
});

/** A server of metrics that counts how often they are collected. */
async function startCounting() {
  const counts = { collected: 0 };
  const server = await startMetricsServer(
    { host: '127.0.0.1', port: 0 },
    {
      collect: () => {
        counts.collected += 1;
        return Promise.resolve({ type: 'text/plain', text: `collected ${String(counts.collected)}\n` });
      },
      logLevel: createLogLevel(pino({ level: 'silent' }), ['silent']),
      levels: ['silent'],
    },
  );
  onTestFinished(() => server.close());
  return { server, counts, port: Number(new URL(server.url).port) };
}

describe('whoever can reach the metrics', () => {
  it('keeps nobody from reading them by connections that say nothing, or half of a request', async () => {
    const { server, port } = await startCounting();
    for (let index = 0; index < 200; index += 1)
      await once(connectRaw(port, index % 2 === 0 ? '' : 'GET /met').socket, 'connect');
    for (let round = 0; round < 5; round += 1)
      expect(await (await fetch(`${server.url}/metrics`)).text()).toMatch(/^collected/);
  });

  it('gets them as they are once it asks', async () => {
    const { server, counts } = await startCounting();
    const read = async () => (await fetch(`${server.url}/metrics`)).text();
    await Promise.all(Array.from({ length: 20 }, read));
    const before = counts.collected;
    expect(await read()).toBe(`collected ${String(before + 1)}\n`);
  });

  it('loses a connection on which it asks much before it is answered', async () => {
    const { port, counts } = await startCounting();
    const client = connectRaw(port, get('/metrics').repeat(1000));
    await client.closed;
    expect(counts.collected).toBeLessThanOrEqual(1);
  });
});

describe('collecting together', () => {
  it('collects once for all who ask before it begins', async () => {
    let collected = 0;
    const collect = collectTogether((format) => {
      collected += 1;
      return Promise.resolve({ type: format, text: String(collected) });
    });
    const texts = await Promise.all(Array.from({ length: 50 }, () => collect('prometheus')));
    expect(new Set(texts.map(({ text }) => text))).toEqual(new Set(['1']));
    expect(await collect('prometheus')).toEqual({ type: 'prometheus', text: '2' });
    expect(await collect('openmetrics')).toEqual({ type: 'openmetrics', text: '3' });
  });

  it('goes on after a failure', async () => {
    let isBroken = true;
    const collect = collectTogether((type) =>
      isBroken ? Promise.reject(new Error('broken')) : Promise.resolve({ type, text: '' }),
    );
    await expect(collect('prometheus')).rejects.toThrow('broken');
    isBroken = false;
    await expect(collect('prometheus')).resolves.toEqual({ type: 'prometheus', text: '' });
  });
});
