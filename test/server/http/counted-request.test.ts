import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it, vi } from 'vitest';
import { CountedRequest } from '../../../src/server/http/counted-request.ts';
import { connectRaw, startCountedServer } from '../support/counted-server.ts';

const post = (body: string, path = '/') =>
  `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: ${String(body.length)}\r\n\r\n${body}`;

/** Offers each body. It is taken if its path is `/taken`. Otherwise the stream is read. */
async function startOffering() {
  const offered: string[] = [];
  const requests: IncomingMessage[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    if (!(request instanceof CountedRequest)) throw new TypeError('it is not counted');
    requests.push(request);
    const take = (body: Buffer) => {
      offered.push(body.toString());
      if (request.url !== '/taken') return false;
      response.end(`taken ${body.toString()};`);
      return true;
    };
    const next = () => {
      void text(request).then((body) => response.end(`read ${body};`));
    };
    request.offerBody(Number(request.headers['content-length']), take, next);
  };
  return { ...(await startCountedServer(listener)), offered, requests };
}

describe('a body that is offered', () => {
  it('is taken as a whole, and the connection goes on', async () => {
    const { port, offered, usage, requests } = await startOffering();
    const client = connectRaw(port, post('first', '/taken'));
    await client.until(/taken first;/);
    client.socket.write(post('second', '/taken'));
    await client.until(/taken second;/);
    await vi.waitFor(() => expect(usage.totals.requests).toBe(0));
    expect(offered).toEqual(['first', 'second']);
    expect(requests.map(({ complete, aborted }) => ({ complete, aborted }))).toEqual([
      { complete: true, aborted: false },
      { complete: true, aborted: false },
    ]);
    client.socket.destroy();
  });

  it('goes through the stream in one part when nobody takes it', async () => {
    const { port, offered } = await startOffering();
    const client = connectRaw(port, post('first'));
    await client.until(/read first;/);
    expect(offered).toEqual(['first']);
    client.socket.destroy();
  });

  it.each([2, 40])('comes in %s parts', async (parts) => {
    const { port, offered } = await startOffering();
    const body = 'x'
      .repeat(parts)
      .split('')
      .map((_, index) => String(index % 10))
      .join('');
    for (const path of ['/taken', '/']) {
      const client = connectRaw(port, post(body, path).slice(0, -parts));
      client.socket.setNoDelay(true);
      for (const character of body) {
        await new Promise((resolve) => client.socket.write(character, resolve));
        await new Promise(setImmediate);
      }
      await client.until(new RegExp(`${path === '/' ? 'read' : 'taken'} ${body};`));
      client.socket.destroy();
    }
    expect(offered).toEqual([body, body]);
  });

  it('is answered in order when requests come together', async () => {
    const { port } = await startOffering();
    const client = connectRaw(port, post('a', '/taken') + post('b') + post('c', '/taken') + post('d'));
    expect(await client.until(/read d;/)).toMatch(/taken a;.*read b;.*taken c;.*read d;/s);
    client.socket.destroy();
  });

  it('is offered to nobody when the client leaves ahead of its end', async () => {
    const { port, offered, usage, requests } = await startOffering();
    const client = connectRaw(port, post('first', '/taken').slice(0, -1));
    await vi.waitFor(() => expect(requests).toHaveLength(1));
    client.socket.destroy();
    await vi.waitFor(() => expect(usage.totals.requests).toBe(0));
    expect(offered).toEqual([]);
  });
});
