import { describe, expect, it } from 'vitest';
import { startEmulator } from '../../src/emulator/server.ts';
import { post } from '../support/gateway.ts';
import { run } from '../support/process.ts';
import { openEventStream, openSocket, subscribeTo } from '../support/socket.ts';

const STREAMS = 250;
const WAITS = 20;

describe('a gateway that is told to stop', () => {
  it('ends 500 streams, answers who waits, and exits with 0', { timeout: 60_000 }, async () => {
    const emulator = await startEmulator();
    const id = emulator.jobs.add({ finishTime: Infinity });
    const gateway = run('main.ts', {
      PORT: '0',
      METRICS_PORT: '0',
      ICE_ENDPOINT: emulator.endpoint,
      ALIBABA_CLOUD_ACCESS_KEY_ID: emulator.credentials.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: emulator.credentials.accessKeySecret,
    });
    const [, url = ''] = await gateway.waitFor(/listening on (http:\S+?)"/);
    const sockets = await Promise.all(Array.from({ length: STREAMS }, () => openSocket(url)));
    const streams = await Promise.all(Array.from({ length: STREAMS }, () => openEventStream(url, [id])));
    for (const { send } of sockets) send(subscribeTo('1', [id]));
    await Promise.all(sockets.map(({ message }) => message(({ type }) => type === 'next')));
    await Promise.all(streams.map((stream) => stream.until(/INIT/)));
    const query = `{ packageJob(id: "${id}", wait: { timeoutSeconds: 50 }) { status } }`;
    const before = gateway.output();
    const waiting = Array.from({ length: WAITS }, () => post(url, { query }));
    // They wait once they have been read, which one that does not wait, sent after them, shows.
    await Promise.all(waiting.map(() => post(url, { query: '{ __typename }' })));

    gateway.signal('SIGTERM');
    const closes = await Promise.all(sockets.map(({ closed }) => closed));
    const texts = await Promise.all(streams.map((stream) => stream.rest()));
    const answers = await Promise.all(waiting);
    const code = await gateway.ended;
    await emulator.close();

    expect(new Set(closes.map((close) => close.code))).toEqual(new Set([1001]));
    expect(closes.every(({ reason }) => /^Going away; reconnect in \d+ ms$/.test(reason))).toBe(true);
    expect(texts.every((text) => /\nretry: \d+\n\n$/.test(text) && !text.includes('complete'))).toBe(true);
    expect(new Set(answers.map(({ status, data }) => `${String(status)} ${JSON.stringify(data)}`))).toEqual(
      new Set(['200 {"packageJob":{"status":"INIT"}}']),
    );
    expect(code).toBe(0);
    expect(before + gateway.output()).not.toMatch(/"level":[56]0/);
  });
});
