import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { frame } from './abuse/support/fuzz/frames.ts';
import { ANOTHER, postFrom } from './support/client.ts';
import { expectNoLeaks } from './support/leaks.ts';

/** So many small messages come in a few reads. */
const COUNT = 5000;

let gateway: TestGateway;

expectNoLeaks();
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

const UPGRADE = [
  'GET /graphql HTTP/1.1',
  'host: 127.0.0.1',
  'connection: upgrade',
  'upgrade: websocket',
  'sec-websocket-version: 13',
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-protocol: graphql-transport-ws',
].join('\r\n');

/** A WebSocket of which nobody takes the messages apart, and how many bytes have come by it. */
async function openSocket(): Promise<{ readonly socket: Socket; readonly bytes: () => number }> {
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
  socket.write(`${UPGRADE}\r\n\r\n`);
  await once(socket, 'data');
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => (bytes += chunk.length)).on('error', () => undefined);
  socket.write(frame(1, Buffer.from('{"type":"connection_init"}')));
  await expect.poll(() => bytes, { timeout: 20_000 }).toBeGreaterThan(0);
  bytes = 0;
  return { socket, bytes: () => bytes };
}

const PING = frame(9, Buffer.alloc(0));
const MESSAGE = frame(1, Buffer.from('{"type":"ping"}'));
const ANSWER = 2 + '{"type":"pong"}'.length;

describe('what one read of a WebSocket brings', () => {
  it('is answered one by one, and others are served', async () => {
    const { socket, bytes } = await openSocket();
    socket.write(Buffer.concat(Array.from({ length: COUNT }, () => MESSAGE)));
    await expect.poll(bytes, { interval: 1, timeout: 20_000 }).toBeGreaterThan(0);
    expect(await postFrom(ANOTHER, gateway.url, { query: '{ __typename }' })).toMatchObject({ status: 200 });
    await expect.poll(bytes, { timeout: 30_000 }).toBe(COUNT * ANSWER);
    socket.destroy();
  });

  it('is answered once for many pings of the protocol below', async () => {
    const { socket, bytes } = await openSocket();
    socket.write(Buffer.concat([...Array.from({ length: COUNT }, () => PING), MESSAGE]));
    // A pong without a payload has two bytes. The message behind them is answered last.
    await expect.poll(bytes, { timeout: 30_000 }).toBeGreaterThanOrEqual(2 + ANSWER);
    expect(bytes()).toBeLessThan(COUNT);
    socket.write(PING);
    const before = bytes();
    await expect.poll(bytes, { timeout: 20_000 }).toBeGreaterThan(before);
    socket.destroy();
  });
});
