import { afterAll, beforeAll, expect, it } from 'vitest';
import { BOUNDS } from '../../../src/bounds.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { openSocket } from '../../support/socket.ts';
import { connectRaw, get } from '../support/counted-server.ts';

const { max: REQUEST_MS } = BOUNDS.requestTime;

/** Node looks once a second, and a busy machine is late. Twice the time would be too much, and so it was before. */
const LATE_MS = 0.5 * REQUEST_MS;

const QUERY = '{"query":"{ __typename }"}';

/** The head of a request, and as much of its body as comes. */
const post = (headers: readonly string[], body: string, path = '/graphql') =>
  `POST ${path} HTTP/1.1\r\n${['host: 127.0.0.1', 'content-type: application/json', ...headers].join('\r\n')}\r\n\r\n${body}`;

const length = (bytes: number) => `content-length: ${String(bytes)}`;
const CHUNKED = 'transfer-encoding: chunked';

/** What is sent of a request that never comes whole, by what is peculiar to it. */
const HALVES: Readonly<Record<string, string>> = {
  'a body with a length': post([length(QUERY.length)], QUERY.slice(0, 10)),
  'a body with a length, of which nothing comes': post([length(QUERY.length)], ''),
  'a body that the response cache does not look up': post(
    [length(QUERY.length), 'x-upstream-receipt: 1'],
    QUERY.slice(0, 10),
  ),
  'a body that is too long for the response cache': post([length(100_000)], QUERY),
  'a body in chunks, within a chunk': post(
    [CHUNKED],
    `${QUERY.length.toString(16)}\r\n${QUERY.slice(0, 10)}`,
  ),
  'a body in chunks, before its end': post([CHUNKED], `${QUERY.length.toString(16)}\r\n${QUERY}\r\n`),
  'a body of an event stream': post(['accept: text/event-stream', length(QUERY.length)], QUERY.slice(0, 10)),
  'a body of a path that is none': post([length(QUERY.length)], QUERY.slice(0, 10), '/nothing'),
  'a head': 'POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\n',
  'a body behind a whole request': get('/livez') + post([length(QUERY.length)], QUERY.slice(0, 10)),
};

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(async () => {
  await gateway.close();
});

interface Cut {
  readonly how: string;
  readonly isInTime: boolean;
}

/** How something was cut, and whether that was in time. */
async function cutOf(closed: Promise<string>): Promise<Cut> {
  const startedAt = performance.now();
  const how = await closed;
  const tookMs = performance.now() - startedAt;
  const isInTime = tookMs > REQUEST_MS - 1000 && tookMs < REQUEST_MS + LATE_MS;
  return { how: isInTime ? how : `${how} after ${tookMs.toFixed(0)} ms`, isInTime };
}

const statusIn = (text: string) => text.match(/HTTP\/1.1 \d{3}/g)?.at(-1) ?? text;

/** It takes as long for all together as for one. */
it(`what stops half-way is cut after ${String(REQUEST_MS / 1000)} s`, { timeout: 90_000 }, async () => {
  const port = Number(new URL(gateway.url).port);
  const halves = Object.entries(HALVES).map(
    async ([name, text]) => [name, await cutOf(connectRaw(port, text).closed.then(statusIn))] as const,
  );
  const slow = connectRaw(port, post([length(QUERY.length + 100)], ''));
  const trickle = setInterval(() => slow.socket.write(' '), 1000);
  const trickled = cutOf(slow.closed.then(statusIn));
  const { socket, closed } = await openSocket(gateway.url);
  socket.send('{"type":', { fin: false });
  const message = cutOf(closed.then(({ code }) => String(code)));
  const cuts = new Map<string, Cut>([
    ...(await Promise.all(halves)),
    ['a body of which a byte comes every second', await trickled],
    ['a message of a WebSocket', await message],
  ]);
  clearInterval(trickle);
  for (const [name, cut] of cuts) {
    const how = name === 'a message of a WebSocket' ? '1008' : 'HTTP/1.1 408';
    expect.soft(cut, name).toEqual({ how, isInTime: true });
  }
});
