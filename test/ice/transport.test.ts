import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DEFAULT_CREDENTIALS } from '../../src/emulator/server.ts';
import { createTransport } from '../../src/ice/transport.ts';
import { makeFolder } from '../support/folder.ts';
import { run } from '../support/process.ts';
import { createCertificate } from '../support/tls.ts';

describe('an attempt that has ended', () => {
  it('is left alone by its signal, even where the response came before the request was flushed', async () => {
    const name = 'ice.cn-beijing.aliyuncs.com';
    const certificate = await createCertificate(name);
    const trusted = getCACertificates('default');
    setDefaultCACertificates([...trusted, certificate.cert]);
    onTestFinished(() => setDefaultCACertificates(trusted));
    // In a process of its own it can answer before this one has seen that its request is flushed.
    const folder = makeFolder({ 'cert.pem': certificate.cert, 'key.pem': certificate.key });
    const files = { TLS_CERT: `${folder}/cert.pem`, TLS_KEY: `${folder}/key.pem` };
    const emulator = run('emulator/main.ts', { PORT: '0', TLS_PORT: '0', ...files });
    const [, endpoint = ''] = await emulator.waitFor(/^ICE_ENDPOINT=(.*)$/m);
    const fault = { kind: 'throttle', status: 429, times: 'always' };
    await fetch(`${endpoint}/_emulator/faults`, { method: 'POST', body: JSON.stringify(fault) });
    const transport = createTransport({
      endpoint: new URL(`https://${name}`),
      timeoutMs: 2000,
      maxSockets: 8,
      keepAlive: true,
      proxies: { https: new URL(endpoint), http: undefined, except: '' },
    });
    const thrown: unknown[] = [];
    const note = (error: unknown) => void thrown.push(error);
    process.on('uncaughtExceptionMonitor', note);
    const reason = new DOMException('The operation was aborted due to timeout', 'TimeoutError');
    for (let time = 0; time < 10; time += 1) {
      const ending = new AbortController();
      const calls = Array.from({ length: 4 }, () =>
        transport.send('GetPackageJob', {}, DEFAULT_CREDENTIALS[0], new Date(), ending.signal),
      );
      for (const { status } of await Promise.all(calls)) expect(status).toBe(429);
      ending.abort(reason);
      // What is thrown in vain is thrown in one of the next turns.
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    }
    process.off('uncaughtExceptionMonitor', note);
    transport.close();
    emulator.signal('SIGTERM');
    await emulator.ended;
    expect(thrown).toEqual([]);
  });
});
