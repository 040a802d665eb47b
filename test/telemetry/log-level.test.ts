import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { startGateway } from '../support/gateway.ts';
import { run } from '../support/process.ts';

/** Asks for a level, with any headers. */
function put(url: string | undefined, level: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const asking = request(`${url ?? ''}/log-level`, { method: 'PUT', headers }, (response) => {
      resolve(response.resume().statusCode ?? 0);
    });
    asking.on('error', reject).end(level);
  });
}

describe('the level of the log', () => {
  it('can be changed on the port of metrics, by this machine and by no page', async () => {
    const lines: string[] = [];
    const gateway = await startGateway({ hasMetrics: true, onLogLine: (line) => lines.push(line) });
    const { metricsUrl } = gateway;
    const current = async () => (await fetch(`${metricsUrl ?? ''}/log-level`)).text();
    expect(await current()).toBe('trace\n');
    expect(await put(metricsUrl, 'warn')).toBe(200);
    expect(await current()).toBe('warn\n');
    const before = lines.length;
    await gateway.query('{ __typename }');
    expect(lines).toHaveLength(before);

    expect(await put(metricsUrl, 'loud')).toBe(400);
    expect(await put(metricsUrl, 'debug', { origin: 'http://127.0.0.1' })).toBe(403);
    expect(await put(metricsUrl, 'debug', { host: 'evil.example' })).toBe(403);
    expect(await current()).toBe('warn\n');
    await put(metricsUrl, 'debug');
    await gateway.query('{ __typename }');
    await expect.poll(() => lines.at(-1)).toContain('"msg":"answered');
    await gateway.close();
  });

  it('goes to debug and back by SIGUSR2, and the gateway runs on', async () => {
    const program = run('main.ts', { PORT: '0', METRICS_PORT: '0' });
    const [, url = ''] = await program.waitFor(/API +(http:\S+)\/graphql/);
    program.signal('SIGUSR2');
    await program.waitFor(/"before":"info","level":"debug"/);
    program.signal('SIGUSR2');
    await program.waitFor(/"before":"debug","level":"info"/);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    program.signal('SIGTERM');
    expect(await program.ended).toBe(0);
  }, 60_000);
});
