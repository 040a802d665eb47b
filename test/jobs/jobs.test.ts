import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { RESTRICTED, startServer, type Server } from '../support/visible-jobs.ts';

/** The address of a client that may see every job. */
const UNRESTRICTED = '127.0.0.1';

/** How many times each request is sent: until its response is stored, and its operation prepared. */
const TIMES = 4;

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const BY_ID = {
  packageJob: 'query($id: ID!) { packageJob(id: $id) { id name outputUrl pollAfterMs } }',
  packageJobsById: 'query($id: ID!) { packageJobsById(ids: [$id]) { id name } }',
  'packageJobsById among others':
    'query($id: ID!, $other: ID!) { packageJobsById(ids: [$other, $id]) { id } }',
  'packageJobsById by a list': 'query($ids: [ID!]!) { packageJobsById(ids: $ids) { id } }',
  node: 'query($id: ID!) { node(id: $id) { id ... on PackageJob { outputUrl } } }',
  nodes: 'query($id: ID!) { nodes(ids: [$id]) { id } }',
  'nodes by a list': 'query($ids: [ID!]!) { nodes(ids: $ids) { id } }',
  'an alias': 'query($id: ID!) { a: packageJob(id: $id) { outputUrl } b: node(id: $id) { id } }',
  'wait until the end':
    'query($id: ID!) { packageJob(id: $id, wait: {timeoutSeconds: 55}) { id outputUrl } }',
  'wait for a change':
    'query($id: ID!) { packageJob(id: $id, wait: {until: CHANGE, timeoutSeconds: 55}) { id outputUrl } }',
};
const SUBSCRIPTION = 'subscription($ids: [ID!]!) { packageJobUpdated(ids: $ids) { id outputUrl } }';
const LIST =
  '{ packageJobs(first: 100) { nodes { id outputUrl } edges { node { id } } pageInfo { hasNextPage } } }';

/** What can tell answers apart: all but the id of the request, and how long it took. */
function shownBy({ status, headers, text }: Answer) {
  const { date: _date, 'x-request-id': _id, 'server-timing': _timing, ...rest } = headers;
  return { status, text: text.replaceAll(/"requestId":"[^"]+"/g, ''), ...rest };
}

describe('a rule on which jobs a client may see', () => {
  // Nothing but the test moves the clock, so ages are equal where times are.
  let now = Date.now();
  let server: Server;
  let ids: { finished: string; unfinished: string; shown: string; unknown: string };
  beforeAll(async () => {
    server = await startServer(() => now);
  });
  afterAll(() => server.close());
  beforeEach(() => {
    now += 20_000;
    const ended = { createTime: now - 60_000, finishTime: now - 1000 };
    const { jobs } = server.emulator;
    ids = {
      finished: jobs.add({ ...ended, userData: 'hidden' }),
      unfinished: jobs.add({ createTime: now - 60_000, finishTime: Infinity, userData: 'hidden' }),
      shown: jobs.add(ended),
      unknown: 'f'.repeat(32),
    };
  });

  async function ask(
    query: string,
    variables: object,
    client = RESTRICTED,
    headers: Readonly<Record<string, string>> = {},
    method: 'GET' | 'POST' = 'POST',
  ): Promise<Answer> {
    const search = new URLSearchParams({ query, variables: JSON.stringify(variables) });
    const path = method === 'GET' ? `/graphql?${search.toString()}` : '/graphql';
    const own =
      method === 'GET' ? { 'apollo-require-preflight': '1' } : { 'content-type': 'application/json' };
    const options = { method, localAddress: client, agent: false, headers: { ...own, ...headers } };
    const outgoing = request(server.url + path, options);
    const responded = once(outgoing, 'response') as Promise<[IncomingMessage]>;
    outgoing.end(method === 'GET' ? '' : JSON.stringify({ query, variables }));
    const [response] = await responded;
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
    return { status: response.statusCode ?? 0, headers: response.headers, text };
  }

  const variablesOf = (query: string, id: string) => ({
    ...(query.includes('$ids') ? { ids: [id] } : { id }),
    ...(query.includes('$other') && { other: ids.shown }),
  });

  describe.for(['finished', 'unfinished'] as const)('makes a hidden %s job an unknown id', (kind) => {
    describe.for(['POST', 'GET'] as const)('by %s', (method) => {
      it.for(Object.entries(BY_ID))('%s, however often it is asked for', async ([, query]) => {
        const asOthers = query.includes('wait') ? BY_ID.packageJob : query;
        for (const others of [0, TIMES]) {
          // Others who may see it have it in memory then, and its response.
          for (let time = 0; time < others; time += 1) {
            const open = await ask(asOthers, variablesOf(asOthers, ids[kind]), UNRESTRICTED, {}, method);
            expect(open.text).toContain(ids[kind]);
          }
          for (let time = 0; time < TIMES; time += 1) {
            const hidden = await ask(query, variablesOf(query, ids[kind]), RESTRICTED, {}, method);
            const unknown = await ask(query, variablesOf(query, ids.unknown), RESTRICTED, {}, method);
            expect(shownBy(hidden)).toEqual(shownBy(unknown));
            expect(hidden.text).toContain('null');
            expect(hidden.text).not.toContain(ids[kind]);
          }
          // Absence is remembered for less long than some states.
          now += 6000;
        }
      });
    });

    it('in subscriptions by server-sent events', async () => {
      const headers = { accept: 'text/event-stream' };
      for (let time = 0; time < TIMES; time += 1) {
        const hidden = await ask(SUBSCRIPTION, { ids: [ids[kind]] }, RESTRICTED, headers);
        const unknown = await ask(SUBSCRIPTION, { ids: [ids.unknown] }, RESTRICTED, headers);
        expect(hidden.text).toContain('names no job that ICE knows');
        expect(shownBy(hidden)).toEqual(shownBy(unknown));
      }
    });

    it('in subscriptions by WebSocket, beside a client that may see it', async () => {
      const [open] = await subscribe(UNRESTRICTED, ids[kind]);
      expect(open).toContain(ids[kind]);
      const [hidden, unknown] = [
        await subscribe(RESTRICTED, ids[kind]),
        await subscribe(RESTRICTED, ids.unknown),
      ];
      expect(hidden[0]).toContain('names no job that ICE knows');
      expect(hidden).toEqual(unknown);
    });
  });

  it('leaves hidden jobs out of lists', async () => {
    for (let time = 0; time < TIMES; time += 1) {
      const open = await ask(LIST, {}, UNRESTRICTED);
      expect([ids.finished, ids.unfinished, ids.shown].filter((id) => !open.text.includes(id))).toEqual([]);
      const { text } = await ask(LIST, {});
      expect(text).toContain(ids.shown);
      expect([ids.finished, ids.unfinished].filter((id) => text.includes(id))).toEqual([]);
    }
  });

  it('serves the others as ever, from memory too', async () => {
    const query = BY_ID.packageJob;
    const before = server.inMemory();
    for (let time = 0; time < TIMES; time += 1) {
      const restricted = await ask(query, { id: ids.shown });
      expect(restricted.text).toContain(ids.shown);
      expect(shownBy(await ask(query, { id: ids.shown }, UNRESTRICTED))).toEqual(shownBy(restricted));
    }
    expect(server.inMemory()).toBeGreaterThan(before + TIMES);
    const stream = await ask(SUBSCRIPTION, { ids: [ids.shown] }, RESTRICTED, { accept: 'text/event-stream' });
    expect(stream.text).toContain(ids.shown);
    const waited = await ask(BY_ID['wait until the end'], { id: ids.shown });
    expect(waited.text).toContain(ids.shown);
  });

  /** The messages that answer a subscription, until its first result or its end. */
  async function subscribe(client: string, id: string): Promise<string[]> {
    const socket = new WebSocket(`${server.url}/graphql`, 'graphql-transport-ws', { localAddress: client });
    await once(socket, 'open');
    const received: string[] = [];
    const told = new Promise<void>((resolve) =>
      socket.on('message', (data: Buffer) => {
        const { type, payload } = JSON.parse(data.toString()) as { type: string; payload?: unknown };
        if (type === 'connection_ack' || type === 'ping') return;
        const text = JSON.stringify({ type, payload });
        received.push(text.replaceAll(/"requestId":"[^"]+"/g, ''));
        resolve();
      }),
    );
    socket.send(JSON.stringify({ type: 'connection_init' }));
    const payload = { query: SUBSCRIPTION, variables: { ids: [id] } };
    await once(socket, 'message');
    socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload }));
    await told;
    const closed = once(socket, 'close');
    socket.close();
    await closed;
    return received.slice(0, 1);
  }
});
