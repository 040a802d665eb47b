import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startEmulator } from '../src/emulator/server.ts';
import { post } from './support/gateway.ts';
import { writeManifest } from './support/manifest.ts';
import { run } from './support/process.ts';

const CANARY = 'canary-that-must-not-be-written';
const LISTENING = /(http:\/\/127\.0\.0\.1:\d+)\/graphql/;

describe('npm start', () => {
  it('says on one screen, without keys, what it runs on and where, and what to try', async () => {
    const program = run('main.ts', { PORT: '0', METRICS_PORT: '0' });
    const [, url = ''] = await program.waitFor(LISTENING);
    await program.waitFor(/curl .*\n/);
    const screen = program.output();
    expect(screen).toContain('the built-in ICE emulator: no keys are set');
    expect(screen).toMatch(new RegExp(`API +${url}/graphql`));
    expect(screen).toMatch(new RegExp(`IDE +${url}/\n`));
    expect(screen).toMatch(new RegExp(`Job board +${url}/board\n`));
    expect(screen.split('\n').length).toBeLessThan(24);

    const body = /--json '(.*)'/.exec(screen)?.[1] ?? '';
    const { data } = await post(url, body);
    expect(data).toMatchObject({ packageJobs: { nodes: [{}, {}, {}] } });
    program.signal('SIGTERM');
    expect(await program.ended).toBe(0);
  });

  it.for(['SIGTERM', 'SIGINT'] as const)(
    'finishes what is in flight on %s and exits with 0',
    async (signal) => {
      const emulator = await startEmulator();
      const id = emulator.jobs.add();
      const { accessKeyId, accessKeySecret } = emulator.credentials;
      const program = run('main.ts', {
        PORT: '0',
        METRICS_PORT: '0',
        ICE_ENDPOINT: emulator.endpoint,
        ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId,
        ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret,
      });
      const [, url = ''] = await program.waitFor(LISTENING);
      emulator.faults.add({ kind: 'delay', delayMs: 500, action: 'GetPackageJob' });
      const answer = post(url, { query: `{ packageJob(id: "${id}") { id } }` });
      await expect.poll(() => emulator.countRequests('GetPackageJob')).toBe(1);
      program.signal(signal);
      expect((await answer).data).toEqual({ packageJob: { id } });
      expect(await program.ended).toBe(0);
      expect(program.output()).not.toContain('"level":50');
      await emulator.close();
    },
  );

  it('never writes a key, whatever ICE says to it', async () => {
    const emulator = await startEmulator();
    const program = run('main.ts', {
      PORT: '0',
      METRICS_PORT: '0',
      LOG_LEVEL: 'trace',
      ICE_ENDPOINT: emulator.endpoint,
      // The emulator knows the id, so that it echoes it with what was signed.
      ALIBABA_CLOUD_ACCESS_KEY_ID: emulator.credentials.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: CANARY,
    });
    const [, url = ''] = await program.waitFor(LISTENING);
    emulator.faults.add({ kind: 'garbage', what: 'not-http', action: 'GetPackageJob' });
    const answers = [
      await post(url, { query: '{ packageJob(id: "a") { id } }' }),
      await post(url, { query: '{ packageJob(id: "a") { id } packageJobs { nodes { id } } }' }),
      await post(url, '{"query":'),
    ];
    await program.waitFor(/SignatureDoesNotMatch/);
    program.signal('SIGTERM');
    await program.ended;
    const sent = JSON.stringify(answers.map(({ headers, ...answer }) => [answer, [...headers]]));
    expect(sent).toContain('"code":"SignatureDoesNotMatch"');
    for (const text of [sent, program.output()]) {
      expect(text).not.toContain(CANARY);
      expect(text).not.toContain(emulator.credentials.accessKeyId);
      expect(text).not.toMatch(/ACS3-HMAC-SHA256|StringToSign|authorization["\\]*:/i);
    }
    await emulator.close();
  });

  it('lists every wrong variable once, without secrets, and exits with 1', async () => {
    const program = run('main.ts', {
      PORT: 'http',
      ICE_TIMEOUT_MS: '0',
      ICE_ENDPOINT: `https://${CANARY}@ice.example.com`,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: CANARY,
    });
    expect(await program.ended).toBe(1);
    expect(program.output().trimEnd().split('\n')).toEqual([
      'Invalid configuration:',
      expect.stringMatching(/^ {2}ICE_ENDPOINT must be/),
      expect.stringMatching(/^ {2}ALIBABA_CLOUD_ACCESS_KEY_ID and .* must be set together/),
      expect.stringMatching(/^ {2}PORT must be/),
      expect.stringMatching(/^ {2}ICE_TIMEOUT_MS must be/),
    ]);
    expect(program.output()).not.toContain(CANARY);
  });

  it('lists all that is wrong with a manifest of persisted operations, and exits with 1', async () => {
    const manifest = writeManifest({ a: '{ jobs }', b: 1 });
    const program = run('main.ts', { PORT: '0', METRICS_PORT: '0', PERSISTED_OPERATIONS: manifest });
    expect(await program.ended).toBe(1);
    expect(program.output().trimEnd().split('\n')).toEqual([
      'Invalid configuration:',
      `  PERSISTED_OPERATIONS "${manifest}": operation "b": must be a text`,
      expect.stringMatching(/^ {2}PERSISTED_OPERATIONS .*: operation "a": Cannot query field "jobs"/),
    ]);
  });

  it('says plainly that its port is taken, and exits with 1', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const program = run('main.ts', { PORT: String(port) });
    expect(await program.ended).toBe(1);
    expect(program.output()).toContain(`Cannot listen on 127.0.0.1:${String(port)}: EADDRINUSE`);
    other.close();
  });
});
