import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLogStream } from '../../src/telemetry/log-stream.ts';
import { post } from '../support/gateway.ts';

/** Two ends of a connection. Nobody reads at the second one yet. */
async function openPipe(): Promise<[writer: Socket, reader: Socket]> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const writer = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [reader] = (await once(server, 'connection')) as [Socket];
  onTestFinished(() => {
    writer.destroy();
    reader.destroy();
    server.close();
  });
  return [writer, reader];
}

/** The numbers of the lines that a reader is sent, until one matches. */
async function readLines(reader: Socket, last: RegExp): Promise<string[]> {
  let text = '';
  for await (const chunk of reader.setEncoding('utf8')) {
    text += String(chunk);
    if (last.test(text)) break;
  }
  return text.trimEnd().split('\n');
}

const MAX = 1_000_000;
const TEXT = 'x'.repeat(1000);

describe('the log', () => {
  it('keeps what is not read yet, drops what is too much, and tells how much once it is read again', async () => {
    const [writer, reader] = await openPipe();
    const stream = createLogStream(writer, MAX, (lines) => logger.warn({ lines }, 'dropped'));
    const logger = pino({ base: null, timestamp: false }, stream);
    let sent = 0;
    // The network holds some of it too.
    while (writer.writableLength < MAX / 2 && sent < 100_000) {
      for (const until = sent + 100; sent < until; sent += 1) logger.info({ index: sent }, TEXT);
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const until = sent + 1000; sent < until; sent += 1) logger.info({ index: sent }, TEXT);
    expect(writer.writableLength).toBeLessThanOrEqual(MAX);
    const lines = await readLines(reader, /"dropped"/);
    const read = lines.map((line) => JSON.parse(line) as { index?: number; lines?: number });
    const last = read.pop();
    expect(read.map(({ index }) => index)).toEqual(read.map((_line, index) => index));
    expect(read.length + (last?.lines ?? NaN)).toBe(sent);
  });

  it('is written to its end before the process ends, unless nobody reads it', async () => {
    const [writer, reader] = await openPipe();
    const stream = createLogStream(writer, MAX, () => undefined);
    stream.write('first\n');
    stream.write('second\n');
    await stream.written(60_000);
    expect(await readLines(reader, /second/)).toEqual(['first', 'second']);

    const [stalled] = await openPipe();
    const full = createLogStream(stalled, Infinity, () => undefined);
    while (stalled.writableLength === 0) {
      full.write(TEXT.repeat(1000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await full.written(10);
    expect(stalled.writableLength).toBeGreaterThan(0);
  });

  it('is given up when its reader is gone', async () => {
    const [writer, reader] = await openPipe();
    const stream = createLogStream(writer, MAX, () => undefined);
    const closed = new Promise((resolve) => writer.once('close', resolve));
    reader.resetAndDestroy();
    await closed;
    stream.write('a line\n');
    await stream.written(60_000);
    expect(writer.writableLength).toBe(0);
  });
});

/** A gateway, and what reads its log. */
async function startGateway() {
  const child = spawn(process.execPath, [fileURLToPath(new URL('../../src/main.ts', import.meta.url))], {
    env: { PATH: process.env['PATH'], PORT: '0', METRICS_PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'close').then(([code]) => code as unknown);
  const log = child.stdout.setEncoding('utf8');
  let output = '';
  for await (const chunk of log.iterator({ destroyOnReturn: false })) {
    output += String(chunk);
    if (/"listening on /.test(output)) break;
  }
  const [, url = ''] = /listening on (http:[^"]+)/.exec(output) ?? [];
  return { child, log, url, ended };
}

/** More than a pipe holds. */
const REQUESTS = 1000;

describe('a gateway', () => {
  it.for(['is not read', 'has no reader any more'] as const)(
    'serves on while its log %s, and ends when it is told to',
    async (how) => {
      const { child, log, url, ended } = await startGateway();
      if (how === 'is not read') log.pause();
      else log.destroy();
      const statuses = new Set<number>();
      for (let sent = 0; sent < REQUESTS; sent += 50) {
        const answers = Array.from({ length: 50 }, (_, index) =>
          post(url, { query: `query Operation${String(sent + index)} { __typename }` }),
        );
        for (const { status } of await Promise.all(answers)) statuses.add(status);
      }
      expect([...statuses]).toEqual([200]);
      child.kill('SIGTERM');
      // What was written by then is there, so that the process can be seen to end.
      await once(child, 'exit');
      log.destroy();
      expect(await ended).toBe(0);
    },
  );
});
