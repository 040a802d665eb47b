import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fixtures } from './support/fixtures.ts';
import type { EmulatorFixtures } from './support/fixtures.ts';

const it = test.extend<EmulatorFixtures>(fixtures);

const PROGRAM = new URL('../../src/emulator/main.ts', import.meta.url).pathname;

function start(port: string) {
  const child = spawn(process.execPath, [PROGRAM], {
    env: { PORT: port },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, exit: once(child, 'exit'), errors: text(child.stderr) };
}

describe('npm run emulator', () => {
  it.for(['SIGTERM', 'SIGINT'] as const)('prints three lines, and exits with 0 on %s', async (signal) => {
    const { child, exit, errors } = start('0');
    let output = '';
    const printed = Promise.withResolvers<void>();
    child.stdout.on('data', (chunk) => {
      output += String(chunk);
      if (output.split('\n').length > 3) printed.resolve();
    });
    await printed.promise;
    const endpoint = /^ICE_ENDPOINT=(.*)$/m.exec(output)?.[1] ?? '';
    const state = (await (await fetch(`${endpoint}/_emulator/state`)).json()) as { jobs: number };
    expect(state.jobs).toBeGreaterThan(300);
    child.kill(signal);
    expect(await exit).toEqual([0, null]);
    expect(output).toMatch(
      /^ICE_ENDPOINT=http:\/\/127\.0\.0\.1:\d+\nALIBABA_CLOUD_ACCESS_KEY_ID=example-access-key\nALIBABA_CLOUD_ACCESS_KEY_SECRET=not-a-real-secret\n$/,
    );
    expect(await errors).toBe('');
  });

  it.for(['', 'x', '-1', '65536', '1e3'])('exits with 1 and the reason on PORT=%j', async (port) => {
    const { exit, errors } = start(port);
    expect(await exit).toEqual([1, null]);
    expect(await errors).toBe(
      `The emulator did not start: PORT must be an integer from 0 to 65535, got ${JSON.stringify(port)}\n`,
    );
  });

  it('exits with 1 when the port is taken', async ({ emulator }) => {
    const { port } = new URL(emulator.endpoint);
    const { exit, errors } = start(port);
    expect(await exit).toEqual([1, null]);
    expect(await errors).toContain(`port ${port} is taken`);
  });
});
