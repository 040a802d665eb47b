import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { BOUNDS } from '../../../src/bounds.ts';
import { createUsage, type UsageLimits } from '../../../src/server/http/usage.ts';
import { createArrivals } from '../../../src/server/http/arrivals.ts';
import { CountedSocket } from '../../../src/server/transports/counted-socket.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { openSocket, subscribeTo } from '../../support/socket.ts';
import { NO_LIMITS } from '../support/counted-server.ts';

const nested = (depth: number) => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;

describe('a WebSocket of the gateway', () => {
  const lines: string[] = [];
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway({ onLogLine: (line) => lines.push(line) });
  });
  afterAll(async () => {
    await gateway.close();
    expect(lines.filter((line) => line.includes('unexpected error'))).toEqual([]);
  });

  it.for([
    ['is too large', `{"type":"connection_init","payload":{"a":"${'x'.repeat(BOUNDS.connectionInit.max)}"}}`],
    ['has too many values', `{"type":"connection_init","payload":${nested(BOUNDS.bodyValues.max)}}`],
  ])('is closed by 1009 when its first message %s', async ([, text = '']) => {
    const { socket, closed } = await openSocket(gateway.url, { isSilent: true });
    socket.send(text);
    expect(await closed).toMatchObject({ code: 1009 });
  });

  it('takes a connection_init that is nested as deep as it can be', async () => {
    const { socket, message } = await openSocket(gateway.url, { isSilent: true });
    socket.send(`{"type":"connection_init","payload":${nested(8000)}}`);
    expect(await message(({ type }) => type === 'connection_ack')).toEqual({ type: 'connection_ack' });
    socket.close();
  });

  it.for([
    { payload: '{"at":1}', answer: { type: 'pong', payload: { at: 1 } } },
    { payload: nested(8000), answer: { type: 'pong' } },
  ])('answers a ping, with its payload where that is small', async ({ payload, answer }) => {
    const { socket, message } = await openSocket(gateway.url);
    socket.send(`{"type":"ping","payload":${payload}}`);
    expect(await message(({ type }) => type === 'pong')).toEqual(answer);
    socket.close();
  });

  it('refuses an operation whose id is too long, and goes on', async () => {
    const { socket, send, message } = await openSocket(gateway.url);
    const id = 'x'.repeat(BOUNDS.operationId.max);
    send({ id: `${id}x`, type: 'subscribe', payload: { query: '{ __typename }' } });
    expect((await message(({ type }) => type === 'error')).payload).toMatchObject([
      { extensions: { code: 'BAD_REQUEST', retryable: false } },
    ]);
    send({ id, type: 'subscribe', payload: { query: '{ __typename }' } });
    await message((told) => told.type === 'complete' && told.id === id);
    socket.close();
  });

  it('is closed by 1009 when a message has too many values, as a body is refused by 400', async () => {
    const variables = `{"a":[${'0,'.repeat(BOUNDS.bodyValues.max)}0]}`;
    const payload = `{"query":"{ __typename }","variables":${variables}}`;
    const { socket, closed } = await openSocket(gateway.url);
    socket.send(`{"id":"1","type":"subscribe","payload":${payload}}`);
    expect(await closed).toMatchObject({ code: 1009 });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${gateway.url}/graphql`, { method: 'POST', headers, body: payload });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
  });

  it('does not take values inside texts for values of its own', async () => {
    const body = JSON.stringify({ query: '{ __typename }', variables: { a: '[,{"\\'.repeat(20_000) } });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${gateway.url}/graphql`, { method: 'POST', headers, body });
    expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
  });
});

/** One connected pair. The server takes each message for as long as it is not let go. */
async function connectPair(limits: Partial<UsageLimits> = {}) {
  const usage = createUsage({ ...NO_LIMITS, ...limits });
  const server = createServer().listen(0, '127.0.0.1');
  const accepted = Promise.withResolvers<CountedSocket>();
  const taken: string[] = [];
  const excesses: unknown[] = [];
  const waiting: (() => void)[] = [];
  new WebSocketServer({ server }).on('connection', (socket, { socket: transport }) => {
    const options = { usage, arrivals: createArrivals(), clientKey: 'a', keepAliveMs: 60_000, transport };
    const counted = new CountedSocket(socket, options);
    counted.isAcknowledged = true;
    counted.onMessage(async (text, { excess }) => {
      taken.push(text);
      excesses.push(excess);
      if (text !== 'go on') await new Promise<void>((resolve) => waiting.push(resolve));
    });
    accepted.resolve(counted);
  });
  await once(server, 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
  client.on('error', () => undefined);
  onTestFinished(() => {
    client.terminate();
    server.closeAllConnections();
    server.close();
  });
  await once(client, 'open');
  return { usage, client, counted: await accepted.promise, taken, excesses, waiting };
}

describe('a counted WebSocket', () => {
  const IDLE = { connections: 0, requests: 0, held: 0, unread: 0 };

  it('holds a message until it has been taken, and names the limit that it is over', async () => {
    const { usage, client, taken, excesses, waiting } = await connectPair({
      held: { client: 250, gateway: 1000 },
    });
    client.send('x'.repeat(100));
    await vi.waitFor(() => expect(usage.totals.held).toBe(164));
    client.send('x'.repeat(101));
    await vi.waitFor(() => expect(taken).toHaveLength(2));
    expect(excesses).toEqual([undefined, 'client']);
    for (const go of waiting) go();
    await vi.waitFor(() => expect(usage.totals).toEqual(IDLE));
  });

  it('counts what has come of a message, and frees all when it closes', async () => {
    const { usage, client, taken } = await connectPair();
    client.send('x'.repeat(1000), { fin: false });
    await vi.waitFor(() => expect(usage.totals.held).toBe(1008));
    client.ping('y'.repeat(20));
    client.send('x'.repeat(1000), { fin: false });
    await once(client, 'pong');
    expect(usage.totals.held).toBeGreaterThanOrEqual(2000);
    client.send('x', { fin: true });
    await vi.waitFor(() => expect(taken).toHaveLength(1));
    expect(usage.totals.held).toBe(2001 + 64);
    client.terminate();
    await vi.waitFor(() => expect(usage.totals).toEqual(IDLE));
  });

  it('reads on only when fewer messages are under way', async () => {
    const { client, taken, waiting } = await connectPair();
    const count = 4 * BOUNDS.socketMessages.max;
    // A read brings a few of them.
    for (let index = 0; index < count; index += 1) client.send('x'.repeat(8192));
    await vi.waitFor(() => expect(taken.length).toBeGreaterThanOrEqual(BOUNDS.socketMessages.max), 10_000);
    expect(taken.length).toBeLessThan(2 * BOUNDS.socketMessages.max);
    await vi.waitFor(() => {
      for (const go of waiting.splice(0)) go();
      expect(taken).toHaveLength(count);
    }, 10_000);
  });

  it('is cut when its client leaves too much unread on all its connections', async () => {
    const { usage, client, counted } = await connectPair({
      unreadMost: { client: 1_000_000, gateway: Infinity },
    });
    client.pause();
    const closed = vi.waitFor(() => expect(counted.closing).toMatchObject({ code: 1013 }));
    for (let sent = 0; sent < 40; sent += 1) void counted.send('x'.repeat(1_000_000));
    await closed;
    await vi.waitFor(() => expect(usage.totals).toEqual(IDLE));
  });
});

it('is of a client over its stream bound refused with the policy', async () => {
  const gateway = await startGateway({ env: { MAX_STREAMS_PER_ADDRESS: '1' } });
  const { socket, send, message } = await openSocket(gateway.url);
  send(subscribeTo('1', [gateway.emulator.jobs.add({ finishTime: Infinity })]));
  await message(({ type }) => type === 'next');
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify(subscribeTo('1', ['a']).payload),
  });
  expect(response.status).toBe(429);
  expect(response.headers.get('retry-after')).toBe('1');
  expect(await response.json()).toMatchObject({
    errors: [{ extensions: { code: 'RATE_LIMITED', policy: 'MAX_STREAMS_PER_ADDRESS' } }],
  });
  socket.terminate();
  await gateway.close();
});
