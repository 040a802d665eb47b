import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { CountedRequest } from '../../../src/server/http/counted-request.ts';
import { connectRaw, get, startCountedServer } from '../support/counted-server.ts';

const OTHER = '127.0.0.2';
/** More than the system buffers for a connection on loopback. */
const LARGE = Buffer.alloc(24 * 1024 * 1024, 'x');
const ok: RequestListener = (_request, response) => response.end('ok');

const post = (headers: string) => `POST / HTTP/1.1\r\nhost: a\r\n${headers}\r\n\r\n`;

/** A listener that leaves requests open, and what has come to it. */
function holding() {
  const responses = new Map<string, ServerResponse>();
  const closed: string[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? '';
    responses.set(path, response);
    response.once('close', () => closed.push(path));
    if (path.startsWith('/ok') || path === '/livez') response.end('ok');
    if (path.startsWith('/large')) response.end(LARGE);
  };
  const come = (path: string) =>
    vi.waitFor(() => {
      const response = responses.get(path);
      if (response === undefined) throw new Error(`${path} has not come`);
      return response;
    });
  return { listener, come, closed, paths: () => [...responses.keys()] };
}

describe('connections', () => {
  it('over the bound of their address are refused with a response, while others notice nothing', async () => {
    const { port, usage } = await startCountedServer(ok, {
      limits: { connections: { client: 2, gateway: 9 } },
    });
    const first = connectRaw(port, get('/'));
    const second = connectRaw(port, get('/'));
    await Promise.all([first.until(/ok$/), second.until(/ok$/)]);
    const refused = await connectRaw(port).closed;
    expect(refused).toMatch(/^HTTP\/1.1 429 Too Many Requests\r\n.*retry-after: 1\r\n.*connection: close/s);
    expect(JSON.parse(refused.split('\r\n\r\n')[1] ?? '')).toMatchObject({
      errors: [
        {
          extensions: {
            code: 'RATE_LIMITED',
            policy: 'clientConnections',
            retryable: true,
            retryAfterMs: 1000,
          },
        },
      ],
    });
    await connectRaw(port, get('/'), OTHER).until(/ok$/);
    first.socket.destroy();
    await vi.waitFor(() => expect(usage.excess('127.0.0.1', 'connections', 1)).toBeUndefined());
    await connectRaw(port, get('/')).until(/ok$/);
  });

  it('over the bound of the gateway are refused with OVERLOADED', async () => {
    const { port } = await startCountedServer(ok, { limits: { connections: { client: 9, gateway: 1 } } });
    await connectRaw(port, get('/')).until(/ok$/);
    expect(await connectRaw(port, get('/'), OTHER).closed).toMatch(/^HTTP\/1.1 503 .*"OVERLOADED"/s);
  });

  it('of a proxy count for the gateway alone', async () => {
    const { port } = await startCountedServer(ok, {
      limits: { connections: { client: 1, gateway: 3 } },
      connections: { peerOf: () => undefined },
    });
    for (const address of ['127.0.0.1', '127.0.0.1', OTHER])
      await connectRaw(port, get('/'), address).until(/ok$/);
    expect(await connectRaw(port).closed).toMatch(/^HTTP\/1.1 503 /);
  });

  it('that are refused are closed, however many there are', async () => {
    const { port, server } = await startCountedServer(ok, {
      limits: { connections: { client: 0, gateway: 9 } },
    });
    const clients = Array.from({ length: 400 }, () => connectRaw(port));
    await Promise.all(clients.map(({ closed }) => closed));
    await vi.waitFor(async () => {
      const [, count] = await new Promise<[unknown, number]>((resolve) =>
        server.getConnections((error, count) => resolve([error, count])),
      );
      expect(count).toBe(0);
    });
  });
});

describe('requests under way', () => {
  it('on one connection are bounded: the one after is refused in its turn, and is the last', async () => {
    const { listener, come, paths } = holding();
    const { port, usage } = await startCountedServer(listener, { connections: { maxRequests: 2 } });
    const client = connectRaw(port, get('/wait') + get('/ok2') + get('/ok3') + get('/ok4'));
    (await come('/wait')).end('first');
    const text = await client.closed;
    expect(text.match(/HTTP\S+ \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 429']);
    expect(text).toMatch(/connection: close.*RATE_LIMITED connectionRequests$/s);
    expect(paths()).toEqual(['/wait', '/ok2']);
    await vi.waitFor(() => expect(usage.totals).toEqual({ connections: 0, requests: 0, held: 0, unread: 0 }));
  });

  it.for([
    ['requests', get('/ok')],
    // Node answers these itself.
    ['requests without Host', 'GET / HTTP/1.1\r\n\r\n'],
    ['expectations', get('/ok', 'expect: the impossible\r\n')],
  ] as const)('cut their connection when they are twice as many: %s', async ([, request]) => {
    const { listener, come, closed, paths } = holding();
    const { port, usage, server } = await startCountedServer(listener, { connections: { maxRequests: 50 } });
    let parsed = 0;
    server.on('request', () => (parsed += 1));
    const client = connectRaw(port, get('/wait') + request.repeat(2000));
    await client.closed;
    // The parser stops within what it was given.
    expect(parsed).toBeLessThanOrEqual(101);
    await come('/wait');
    await vi.waitFor(() => expect(closed).toContain('/wait'));
    expect(paths().length).toBeLessThanOrEqual(50);
    await vi.waitFor(() => expect(usage.totals).toEqual({ connections: 0, requests: 0, held: 0, unread: 0 }));
  });

  it('of one client are bounded over all its connections, while others notice nothing', async () => {
    const { listener, come } = holding();
    const { port, usage } = await startCountedServer(listener, {
      limits: { requests: { client: 2, gateway: 9 } },
    });
    connectRaw(port, get('/wait1'));
    connectRaw(port, get('/wait2'));
    const first = await come('/wait1');
    await come('/wait2');
    expect(await connectRaw(port, get('/ok')).closed).toMatch(/ 429 .*connection: close.*clientRequests$/s);
    await connectRaw(port, get('/ok'), OTHER).until(/ok$/);
    // Otherwise a gateway whose client is at a bound would be taken for a dead one.
    await connectRaw(port, get('/livez')).until(/ok$/);
    first.end('done');
    await vi.waitFor(() => expect(usage.excess('127.0.0.1', 'requests', 1)).toBeUndefined());
    await connectRaw(port, get('/ok')).until(/ok$/);
  });

  it('end with their connection, whatever came behind them', async () => {
    const { listener, come, closed } = holding();
    const { port, usage } = await startCountedServer(listener);
    const client = connectRaw(port, get('/1') + get('/2') + 'CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n');
    await client.closed;
    await come('/2');
    await vi.waitFor(() => expect(closed.toSorted()).toEqual(['/1', '/2']));
    expect(usage.totals).toEqual({ connections: 0, requests: 0, held: 0, unread: 0 });
  });

  it('keep a later one from becoming a WebSocket, so that all are answered', async () => {
    const { listener, come } = holding();
    const { port, server } = await startCountedServer(listener);
    let upgrades = 0;
    server.on('upgrade', (_request, socket) => {
      upgrades += 1;
      socket.end();
    });
    const upgrade = 'connection: upgrade\r\nupgrade: websocket\r\n';
    const client = connectRaw(port, get('/wait') + get('/ok2', upgrade));
    (await come('/wait')).end('first');
    await client.until(/first.*ok$/s);
    expect(upgrades).toBe(0);
    client.socket.write(get('/graphql?ok3', upgrade));
    await client.closed;
    expect(upgrades).toBe(1);
  });
});

describe('a body', () => {
  const readers: Readonly<Record<string, RequestListener>> = {
    'nobody reads': () => undefined,
    'a stream takes': (request) => void request.resume(),
    'is taken as a whole': (request) => {
      if (request instanceof CountedRequest)
        request.offerBody(
          100,
          () => true,
          () => undefined,
        );
    },
  };
  const halves = ['content-length: 100\r\n\r\nhalf', 'transfer-encoding: chunked\r\n\r\n64\r\nhalf'];

  it.for(Object.keys(readers).flatMap((reader) => halves.map((half) => [reader, half] as const)))(
    'that %s and that stops half-way is cut at its time, with a 408: %j',
    async ([reader, half]) => {
      const { port } = await startCountedServer(readers[reader] ?? ok, {
        server: { requestTimeout: 300, connectionsCheckingInterval: 10 },
      });
      const text = await connectRaw(port, `POST / HTTP/1.1\r\nhost: a\r\n${half}`).closed;
      expect(text).toMatch(/^HTTP\/1.1 408 .*connection: close.*did not arrive in time/s);
    },
  );

  it('that stops behind a request under way gets no response that would be taken for the other’s', async () => {
    const { port } = await startCountedServer(() => undefined, {
      server: { requestTimeout: 300, connectionsCheckingInterval: 10 },
    });
    expect(await connectRaw(port, `${get('/wait')}${post('content-length: 100')}half`).closed).toBe('');
  });

  it.for(['content-length: 600', 'transfer-encoding: chunked'])(
    'counts from its head on, for its client: %s',
    async (header) => {
      const { listener, come } = holding();
      const { port, usage } = await startCountedServer(listener, {
        limits: { held: { client: 1000, gateway: 5000 } },
        connections: { unknownBodyBytes: 600 },
      });
      const first = connectRaw(port, post(header));
      await come('/');
      const refused = connectRaw(port, post(header));
      await refused.until(/ 429 .*RATE_LIMITED clientHeld/s);
      await connectRaw(port, get('/ok')).until(/ok$/);
      const other = connectRaw(port, post(header), OTHER);
      await vi.waitFor(() => expect(usage.totals.held).toBeGreaterThanOrEqual(1200));
      for (const { socket } of [first, refused, other]) socket.destroy();
      await vi.waitFor(() => expect(usage.totals.held).toBe(0));
    },
  );
});

describe('a client that does not read', () => {
  it('is cut after a time, and its requests end', async () => {
    const { listener, come, closed } = holding();
    const { port, usage } = await startCountedServer(listener, { connections: { stalledMs: 200 } });
    const { socket } = connectRaw(port);
    socket.pause().write(get('/large') + get('/wait'));
    const response = await come('/large');
    await once(response, 'close');
    await vi.waitFor(() => expect(closed).toContain('/wait'));
    await vi.waitFor(() => expect(usage.totals).toEqual({ connections: 0, requests: 0, held: 0, unread: 0 }));
  });

  it('cannot put that off by sending more', async () => {
    const { listener, come } = holding();
    const { port } = await startCountedServer(listener, { connections: { stalledMs: 300 } });
    const { socket } = connectRaw(port);
    socket.pause().write(get('/large'));
    const response = await come('/large');
    const sending = setInterval(() => socket.write(get('/ok')), 50);
    await once(response, 'close');
    clearInterval(sending);
    expect(response.writableFinished).toBe(false);
  });

  it('is not cut while it reads slowly, and is answered again afterwards', async () => {
    const { listener, closed } = holding();
    const { port, usage } = await startCountedServer(listener, { connections: { stalledMs: 400 } });
    const client = connectRaw(port);
    const { socket } = client;
    socket.pause().write(get('/large') + get('/ok'));
    const startedAt = performance.now();
    while (!closed.includes('/large')) {
      socket.resume();
      await setTimeout(5);
      socket.pause();
      await setTimeout(80);
      if (performance.now() - startedAt > 1500) socket.resume();
    }
    socket.resume();
    await client.until(/ok$/);
    socket.write(get('/ok2'));
    await client.until(/ok.*ok$/s);
    expect(usage.totals.unread).toBe(0);
  });

  it('is not cut for a response that waits for an earlier one', async () => {
    const { listener, come } = holding();
    const { port, usage } = await startCountedServer(listener, { connections: { stalledMs: 50 } });
    const client = connectRaw(port, get('/wait') + get('/large'));
    await come('/large');
    await vi.waitFor(() => expect(usage.totals.unread).toBeGreaterThanOrEqual(LARGE.length));
    await setTimeout(200);
    (await come('/wait')).end('first');
    await client.until(/first.*x$/s);
    await vi.waitFor(() => expect(usage.totals.unread).toBe(0));
  });

  it('is refused more while it leaves too much unread, while others notice nothing', async () => {
    const { listener, come } = holding();
    const { port, usage } = await startCountedServer(listener, {
      limits: { unread: { client: 1_000_000, gateway: Infinity } },
    });
    const { socket } = connectRaw(port);
    socket.pause().write(get('/large'));
    await come('/large');
    await connectRaw(port, get('/ok')).until(/ 429 .*RATE_LIMITED clientUnread/s);
    await connectRaw(port, get('/ok'), OTHER).until(/ok$/);
    socket.resume();
    await vi.waitFor(() => expect(usage.totals.unread).toBe(0));
    await connectRaw(port, get('/ok')).until(/ok$/);
  });

  it('loses its slowest connection when it leaves far too much unread', async () => {
    const { listener, come, closed } = holding();
    const { port } = await startCountedServer(listener, {
      limits: { unreadMost: { client: 1.8 * LARGE.length, gateway: Infinity } },
    });
    const { socket } = connectRaw(port);
    // The first of them waits for the second to be sent, so all of it is unread.
    socket.write(get('/wait') + get('/large1'));
    await come('/large1');
    const other = connectRaw(port, '', OTHER);
    other.socket.pause().write(get('/large2'));
    const second = connectRaw(port);
    second.socket.pause().write(get('/large3'));
    await come('/large3');
    await vi.waitFor(() => expect(closed).toContain('/large1'));
    expect(closed).not.toContain('/large2');
    expect(closed).not.toContain('/large3');
  });
});
