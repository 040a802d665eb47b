import { createServer } from 'node:http';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { startEmulator } from '../../src/emulator/server.ts';
import { startGateway } from '../../src/gateway.ts';
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
