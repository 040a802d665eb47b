import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { BOUNDS } from '../../../src/bounds.ts';
import { CountedRequest } from '../../../src/server/http/counted-request.ts';
import { heapMiB } from '../../chaos/support/memory.ts';
import { startGateway } from '../../support/gateway.ts';

const QUERY = '{"query":"{ __typename }"}';

/** Connects, and says the head of a request for `/graphql`. */
async function begin(url: string, ...headers: readonly string[]): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
  const lines = ['POST /graphql HTTP/1.1', 'host: 127.0.0.1', 'content-type: application/json', ...headers];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  return socket;
}

const inChunksOf = (size: number, text: string) =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, index) => {
    const chunk = text.slice(index * size, (index + 1) * size);
    return `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
  }).join('');

async function answerOf(socket: Socket): Promise<string> {
  const [data] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return data.toString();
}

describe('a body in chunks', () => {
  it.for([1, 7, 1000])('of %i bytes is read whole', async (size) => {
    const gateway = await startGateway();
    const socket = await begin(gateway.url, 'transfer-encoding: chunked');
    socket.write(`${inChunksOf(size, QUERY)}0\r\n\r\n`);
    expect(await answerOf(socket)).toMatch(/200 OK[^]*\{"data":\{"__typename":"Query"\}\}/);
    await gateway.close();
  });

  it('over 256 KiB is refused before it has ended', async () => {
    const gateway = await startGateway();
    const socket = await begin(gateway.url, 'transfer-encoding: chunked');
    socket.write(inChunksOf(1000, 'x'.repeat(257 * 1024)));
    expect(await answerOf(socket)).toMatch(/413 Payload Too Large[^]*BAD_REQUEST/);
    await gateway.close();
  });

  it('of one byte each is refused when there are too many', async () => {
    const gateway = await startGateway();
    const { max } = BOUNDS.bodyParts;
    const text = `{"query":"{ __typename }"}`.padEnd(max);
    const whole = await begin(gateway.url, 'transfer-encoding: chunked');
    whole.write(`${inChunksOf(1, text)}0\r\n\r\n`);
    expect(await answerOf(whole)).toMatch(/200 OK[^]*\{"data":\{"__typename":"Query"\}\}/);
    const endless = await begin(gateway.url, 'transfer-encoding: chunked');
    endless.write(inChunksOf(1, 'x'.repeat(max + 1)));
    expect(await answerOf(endless)).toMatch(/400 Bad Request[^]*more than 1024 parts[^]*"BAD_REQUEST"/);
    await gateway.close();
  });

  it('is not parsed any more once it is refused', async () => {
    const gateway = await startGateway();
    const push = vi.spyOn(CountedRequest.prototype, 'push');
    onTestFinished(() => push.mockRestore());
    const socket = await begin(gateway.url, 'transfer-encoding: chunked');
    socket.write(inChunksOf(1, 'x'.repeat(20_000)));
    expect(await answerOf(socket)).toMatch(/400 Bad Request[^]*more than 1024 parts/);
    await gateway.close();
    expect(push.mock.calls.length).toBeLessThanOrEqual(BOUNDS.bodyParts.max + 1);
  });

  it('is refused for its parts on a path that reads none, too', async () => {
    const gateway = await startGateway();
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    socket.write('POST /nothing HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\n');
    socket.write(inChunksOf(1, 'x'.repeat(50_000)));
    socket.resume();
    await once(socket, 'close');
    expect(socket.bytesRead).toBeGreaterThan(0);
    await gateway.close();
  });

  it('of few bytes is held in little more than its length', async () => {
    const gateway = await startGateway();
    const before = heapMiB();
    const sockets = await Promise.all(
      Array.from({ length: 10 }, () => begin(gateway.url, 'transfer-encoding: chunked')),
    );
    const part = inChunksOf(40, 'x'.repeat(40_000));
    for (const socket of sockets) {
      await new Promise((resolve) => socket.write(part, resolve));
    }
    // Each answer takes the gateway at least one round in which it reads from all sockets.
    for (let round = 0; round < 50; round += 1) await gateway.query('{ __typename }');
    expect(heapMiB() - before).toBeLessThan(16);
    for (const socket of sockets) socket.destroy();
    await gateway.close();
  });
});

it('a body in several packets is read whole, by the response cache too', async () => {
  const gateway = await startGateway();
  for (let round = 0; round < 3; round += 1) {
    const socket = await begin(gateway.url, `content-length: ${String(QUERY.length)}`);
    socket.setNoDelay(true);
    for (const byte of QUERY) await new Promise((resolve) => socket.write(byte, resolve));
    expect(await answerOf(socket)).toContain('{"data":{"__typename":"Query"}}');
  }
  await gateway.close();
});
