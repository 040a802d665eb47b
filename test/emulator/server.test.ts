import { describe, expect, test } from 'vitest';
import { startEmulator } from '../../src/emulator/server.ts';
import { exchange, isWholeReply, rawExchange, signV3Request } from './support/client.ts';
import { fixtures } from './support/fixtures.ts';
import type { EmulatorFixtures } from './support/fixtures.ts';

const it = test.extend<EmulatorFixtures>(fixtures);

describe('startEmulator', () => {
  it('listens on the loopback address only, on its own port', async ({ emulator }) => {
    const other = await startEmulator();
    expect(other.endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(other.endpoint).not.toBe(emulator.endpoint);
    await other.close();
  });

  it('rejects when the port is taken', async ({ emulator }) => {
    const port = Number(new URL(emulator.endpoint).port);
    await expect(startEmulator({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('requires a key', async () => {
    await expect(startEmulator({ credentials: [] })).rejects.toThrow(TypeError);
  });

  it('starts empty unless it is seeded', async ({ emulator }) => {
    const demo = await startEmulator({ seed: 'demo' });
    expect(emulator.jobs.size).toBe(0);
    expect(demo.jobs.size).toBeGreaterThan(300);
    await demo.close();
  });

  it('delays every response by its latency', async ({ clock }) => {
    const slow = await startEmulator({ now: () => clock.now, latencyMs: 30 });
    const before = performance.now();
    await exchange(slow.endpoint, signV3Request('ListPackageJobs', {}, { ...slow, at: clock.now }));
    // Timers may fire a millisecond early.
    expect(performance.now() - before).toBeGreaterThan(28);
    await slow.close();
  });

  it('closes while requests are delayed', async ({ clock }) => {
    const slow = await startEmulator({ now: () => clock.now, latencyMs: 3_600_000 });
    const reply = exchange(slow.endpoint, signV3Request('ListPackageJobs', {}, { ...slow, at: clock.now }));
    const failure = reply.catch((error: unknown) => error);
    await expect.poll(() => slow.countRequests('ListPackageJobs')).toBe(1);
    await slow.close();
    expect(await failure).toMatchObject({ message: 'socket hang up' });
  });
});

describe('requests', () => {
  it('are kept in order, with their status', async ({ emulator, call, clock }) => {
    await call('GetPackageJob', { JobId: 'x' });
    clock.now += 5;
    const reply = await call('ListPackageJobs', { PageSize: '3' }, { scheme: 'V1' });
    await expect.poll(() => emulator.requests.map(({ status }) => status)).toEqual([404, 200]);
    const [get, list] = emulator.requests;
    expect(get).toMatchObject({
      action: 'GetPackageJob',
      method: 'POST',
      url: '/?JobId=x',
      params: { JobId: 'x' },
    });
    expect(get?.headers).toHaveProperty('x-acs-signature-nonce');
    expect(list).toMatchObject({
      action: 'ListPackageJobs',
      at: clock.now,
      requestId: reply.headers['x-acs-request-id'],
    });
    expect(list?.params).toMatchObject({ PageSize: '3', Action: 'ListPackageJobs' });
  });

  it('are counted by action, including refused ones, until they are reset', async ({ emulator, call }) => {
    await call('GetPackageJob', { JobId: 'x' });
    await call('GetPackageJob', { JobId: 'x' }, { at: 0 });
    await call('Unknown');
    expect([emulator.countRequests(), emulator.countRequests('GetPackageJob')]).toEqual([3, 2]);
    emulator.resetRequests();
    expect([emulator.countRequests(), emulator.countRequests('GetPackageJob')]).toEqual([0, 0]);
    expect(emulator.requests).toEqual([]);
  });

  it('of the control API do not count', async ({ emulator }) => {
    await fetch(`${emulator.endpoint}/_emulator/state`);
    expect(emulator.countRequests()).toBe(0);
  });

  it('in flight at once count for maxConcurrency', async ({ emulator, call }) => {
    const release = emulator.faults.hold({ times: 3 });
    const calls = [call('ListPackageJobs'), call('ListPackageJobs'), call('ListPackageJobs')];
    await expect.poll(() => emulator.maxConcurrency).toBe(3);
    release();
    await Promise.all(calls);
    await expect.poll(() => (emulator.resetRequests(), emulator.maxConcurrency)).toBe(0);
    await call('ListPackageJobs');
    expect(emulator.maxConcurrency).toBe(1);
  });
});

describe('robustness', () => {
  it.for([
    'GET /?%zz=%&&==&a HTTP/1.1\r\nhost: x\r\n\r\n',
    'GET //?Action=GetPackageJob HTTP/1.1\r\nhost: x\r\n\r\n',
    'GET http://[/?a HTTP/1.1\r\nhost: x\r\n\r\n',
    'GET /?__proto__=a&constructor=b HTTP/1.1\r\nhost: x\r\n\r\n',
    'POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 6\r\n\r\n%ff&&%',
    'POST / HTTP/1.1\r\nhost: x\r\nauthorization: ACS3-\r\ncontent-length: 0\r\n\r\n',
    '\u0016\u0003\u0001 nonsense\r\n\r\n',
  ])('answers %j with an error and keeps running', async (text, { emulator, call }) => {
    const { received } = await rawExchange(emulator.endpoint, Buffer.from(text), isWholeReply);
    expect(received).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect((await call('ListPackageJobs')).status).toBe(200);
  });

  it('refuses a body over 1 MiB', async ({ emulator }) => {
    const head = 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2000000\r\n\r\n';
    const bytes = Buffer.concat([Buffer.from(head), Buffer.alloc(2_000_000, 'a')]);
    const { received } = await rawExchange(emulator.endpoint, bytes, isWholeReply);
    expect(received).toMatch(/^HTTP\/1\.1 413 /);
    expect(received).toContain('"Code":"RequestEntityTooLarge"');
  });

  it('tolerates a client that disconnects before the end of its body', async ({ emulator, call }) => {
    const head = `POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 10\r\n\r\n`;
    const { ending } = await rawExchange(emulator.endpoint, Buffer.from(head), (text) =>
      text.includes('100 Continue'),
    );
    expect(ending).toBe('open');
    expect((await call('ListPackageJobs')).status).toBe(200);
  });

  it('answers an unexpected error as InternalError and reports it', async ({ clock }) => {
    const seen: unknown[] = [];
    const broken = await startEmulator({
      now: () => clock.now,
      onInternalError: (error) => seen.push(error),
    });
    const unexpected = new TypeError('unexpected');
    broken.jobs.list = () => {
      throw unexpected;
    };
    const reply = await exchange(
      broken.endpoint,
      signV3Request('ListPackageJobs', {}, { ...broken, at: clock.now }),
    );
    expect(reply).toMatchObject({ status: 500, json: { Code: 'InternalError' } });
    expect(reply.text).not.toContain('unexpected');
    expect(seen).toEqual([unexpected]);
    await broken.close();
  });
});
