import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RequestEnd, RequestStart } from '../../src/server/events.ts';
import { startServer, type Server } from '../support/visible-jobs.ts';

const TYPE = 'content-type: application/json';
const UPGRADE = [
  'connection: Upgrade',
  'upgrade: websocket',
  'sec-websocket-version: 13',
  'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==',
  'sec-websocket-protocol: graphql-transport-ws',
];

function head(line: string, ...headers: string[]): string {
  return [`${line} HTTP/1.1`, 'host: 127.0.0.1', ...headers, '', ''].join('\r\n');
}

function postOf(query: string, id: string, ...headers: string[]): string {
  const body = JSON.stringify({ query, variables: { id } });
  return head('POST /graphql', TYPE, `content-length: ${String(body.length)}`, ...headers) + body;
}

describe('the events of a request', () => {
  let server: Server;
  let job = '';
  let starts: RequestStart[] = [];
  let ends: (readonly [RequestStart, RequestEnd])[] = [];
  let onEnd: () => void;
  beforeAll(async () => {
    server = await startServer(Date.now);
    server.events.on('requestStart', (start) => starts.push(start));
    server.events.on('requestEnd', (start, end) => {
      ends.push([start, end]);
      onEnd();
    });
  });
  afterAll(() => server.close());
  beforeEach(() => {
    starts = [];
    ends = [];
    onEnd = () => undefined;
    const createTime = Date.now() - 60_000;
    // A text that is worth compressing.
    const userData = 'x'.repeat(3000);
    job = server.emulator.jobs.add({ createTime, finishTime: Date.now() - 1000, userData });
  });

  const ended = (count: number) =>
    new Promise<void>((resolve) => {
      onEnd = () => ends.length === count && resolve();
      onEnd();
    });

  function open(bytes: string): Socket {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1').resume();
    socket.write(bytes);
    return socket;
  }

  const READ = 'query ($id: ID!) { packageJob(id: $id) { id userData } }';
  const WAIT = 'query ($id: ID!) { packageJob(id: $id, wait: { timeoutSeconds: 50 }) { id } }';

  it.for([
    ['that a route answers', () => postOf('{ __typename }', job), 200, 'executed'],
    ['that its route refuses', () => postOf('{', job), 200, 'executed'],
    ['for no route', () => head('GET /nothing'), 404, 'executed'],
    ['of another method', () => head('PUT /graphql', 'content-length: 0'), 405, 'executed'],
    ['that a check refuses', () => head('GET /graphql?query=%7B__typename%7D'), 400, 'executed'],
    ['whose path cannot be read', () => head('GET /%'), 400, 'executed'],
    ['for an upgrade whose path cannot be read', () => head('GET /%', ...UPGRADE), 400, 'executed'],
    [
      'for an upgrade that a check refuses',
      () => head('GET /graphql', ...UPGRADE, 'origin: https://a.example'),
      403,
      'executed',
    ],
    ['for health', () => head('GET /livez'), 200, 'executed'],
    ['for its head alone', () => head('HEAD /livez'), 200, 'executed'],
    ['for its options', () => head('OPTIONS /graphql'), 204, 'executed'],
  ] as const)('are one start and one end, for one %s', async ([, bytes, status, source]) => {
    const socket = open(bytes());
    await ended(1);
    socket.destroy();
    expect(starts).toHaveLength(1);
    expect(ends).toEqual([[starts[0], expect.objectContaining({ status, source, isComplete: true })]]);
    expect(ends[0]?.[0]).toBe(starts[0]);
  });

  it.for([[], ['accept-encoding: br']])('say what answered it, also with %s', async (headers) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1').resume();
    for (let count = 1; count <= 5; count += 1) {
      // A request with another text is another one for the store.
      const text = count > 3 ? READ.replace('id userData', 'id  userData') : READ;
      socket.write(postOf(text, job, ...headers));
      await ended(count);
    }
    socket.destroy();
    expect(ends.map(([, { source, status, isComplete }]) => [source, status, isComplete])).toEqual([
      ['executed', 200, true],
      ['stored', 200, true],
      ['stored', 200, true],
      ['executed', 200, true],
      ['stored', 200, true],
    ]);
    expect(ends.map(([start]) => start)).toEqual(starts);
    expect(ends.map(([, { operation }]) => operation?.cached.hit ?? null)).toEqual([0, null, null, 1, null]);
  });

  it('come when the client leaves before its body has come', async () => {
    const started = once(server.events, 'requestStart');
    const socket = open(postOf(READ, job).slice(0, -10));
    await started;
    socket.destroy();
    await ended(1);
    expect(ends).toEqual([[starts[0], expect.objectContaining({ isComplete: false, operation: null })]]);
  });

  it('come when the client leaves before its answer has come', async () => {
    const unfinished = server.emulator.jobs.add({ finishTime: Infinity });
    const started = once(server.events, 'operationStart');
    const socket = open(postOf(WAIT, unfinished));
    await started;
    socket.destroy();
    await ended(1);
    expect(ends).toEqual([[starts[0], expect.objectContaining({ source: 'executed', isComplete: false })]]);
  });

  it('come for a WebSocket when it closes', async () => {
    const streaming = once(server.events, 'streamStart');
    const socket = open(head('GET /graphql', ...UPGRADE));
    await streaming;
    expect([starts.length, ends.length]).toEqual([1, 0]);
    socket.destroy();
    await ended(1);
    expect(ends).toEqual([[starts[0], expect.objectContaining({ source: 'upgraded', status: 101 })]]);
  });
});
