import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fire, getOf, postOf } from './load.ts';

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

const get = () => getOf('/', { 'if-none-match': '"a"' });

describe('a load', () => {
  it.for([0, 10, 5000, 300_000, 1_000_000])('counts each answer of %i bytes once', async (length) => {
    let requests = 0;
    const url = await listen((incoming, response) => {
      requests += 1;
      incoming.resume().once('end', () => {
        // Now longer, now shorter, in two parts.
        const size = length + (requests % 3);
        response.writeHead(200, { 'content-length': size });
        response.write('a'.repeat(Math.floor(size / 2)));
        response.end('b'.repeat(Math.ceil(size / 2)));
      });
    });
    const fired = await fire({ url, next: () => postOf('{"query":"é"}') }, { answers: 50 }, 4);
    expect({ fired: fired.answers, requests }).toEqual({ fired: 50, requests: 50 });
    expect(fired.seconds).toBeGreaterThan(0);
    expect(fired.latenciesMs).toHaveLength(50);
    for (const ms of fired.latenciesMs) expect(ms).toBeLessThanOrEqual(fired.seconds * 1000);
  });

  it('takes 304 for an answer of no length', async () => {
    const url = await listen((_incoming, response) => void response.writeHead(304).end());
    expect((await fire({ url, next: get, status: 304 }, { answers: 20 }, 2)).answers).toBe(20);
  });

  it('fails when an answer has another status, and says which', async () => {
    let requests = 0;
    const url = await listen((_incoming, response) => {
      requests += 1;
      response.writeHead(requests < 10 ? 200 : 503, { 'content-length': 4 }).end('busy');
    });
    await expect(fire({ url, next: get }, { answers: 20 }, 2)).rejects.toThrow(/503.*busy/s);
  });

  it('fails when a connection ends', async () => {
    const url = await listen((incoming) => incoming.socket.end());
    await expect(fire({ url, next: get }, { answers: 20 }, 2)).rejects.toThrow(/ended|ECONN/);
  });
});
