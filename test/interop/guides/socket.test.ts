import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { MessageType } from 'graphql-ws';
import { describe, it, type TestContext } from 'vitest';
import { WebSocketServer } from 'ws';
import { createSocket, type Socket } from '../../../web/socket.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { startIssuer } from '../../support/issuer.ts';
import { startLine, type Line } from '../../support/line.ts';

const UPDATED = 'subscription ($ids: [ID!]!) { packageJobUpdated(ids: $ids) { status } }';

/** How long the socket may take, on a machine that is busy with other suites. */
const patience = { timeout: 15_000 };

type OnTestFinished = TestContext['onTestFinished'];

/** A gateway, a line to it, and a socket at the end of the line. */
async function start(
  onTestFinished: OnTestFinished,
): Promise<{ gateway: TestGateway; line: Line; socket: Socket; id: string }> {
  const gateway = await startGateway({ env: { POLL_MIN_MS: '100', JOB_MAX_AGE_MS: '100' } });
  const line = await startLine(gateway.url);
  onTestFinished(async () => {
    await line.close();
    await gateway.close();
  });
  const socket = createSocket(`${line.url}/graphql`);
  return { gateway, line, socket, id: gateway.emulator.jobs.add({ finishTime: Infinity }) };
}

/** Subscribes to a job. */
function subscribe(socket: Socket, id: string) {
  const told = { states: [] as string[], error: undefined as unknown, isComplete: false, stop: () => {} };
  told.stop = socket.subscribe<{ packageJobUpdated: { status: string } | null }>(
    { query: UPDATED, variables: { ids: [id] } },
    {
      next: ({ data }) => void told.states.push(data?.packageJobUpdated?.status ?? ''),
      error: (error) => (told.error = error),
      complete: () => (told.isComplete = true),
    },
  );
  return told;
}

describe.concurrent('the socket of the guides', () => {
  it('connects to a gateway that was not there at first', async ({ expect, onTestFinished }) => {
    const { line, socket, id } = await start(onTestFinished);
    await line.refuse();
    const told = subscribe(socket, id);
    await expect.poll(socket.connection, patience).toBe('lost');
    await line.restore();
    await expect.poll(() => told.states, patience).toEqual(['INIT']);
    expect(socket.connection()).toBe('live');
    told.stop();
    await expect.poll(socket.connection, patience).toBe('idle');
  });

  it('looks at once whether a connection still answers when the app wakes up', async ({
    expect,
    onTestFinished,
  }) => {
    const { gateway, line, socket, id } = await start(onTestFinished);
    const told = subscribe(socket, id);
    await expect.poll(() => told.states, patience).toEqual(['INIT']);
    line.swallow();
    line.forward();
    gateway.emulator.jobs.finish(id, { status: 'Success' });
    socket.wake();
    await expect.poll(() => told.isComplete, patience).toBe(true);
    expect(told.states.at(-1)).toBe('SUCCESS');
  });

  it('is idle, and not lost, when nobody subscribes any more', async ({ expect, onTestFinished }) => {
    const { line, socket, id } = await start(onTestFinished);
    const told = subscribe(socket, id);
    await expect.poll(() => told.states, patience).toEqual(['INIT']);
    await line.refuse();
    await expect.poll(socket.connection, patience).toBe('lost');
    told.stop();
    await expect.poll(socket.connection, patience).toBe('idle');
  });

  it('begins a subscription over the limit when another has ended', async ({ expect, onTestFinished }) => {
    const { socket, id, line } = await start(onTestFinished);
    const told = Array.from({ length: 101 }, () => subscribe(socket, id));
    const begun = () => told.filter(({ states }) => states.length > 0);
    await expect.poll(() => begun().length, patience).toBe(100);
    // What the app shows of its job may be old.
    await expect.poll(socket.connection, patience).toBe('lost');
    begun()[0]?.stop();
    await expect.poll(() => begun().length, patience).toBe(101);
    expect(socket.connection()).toBe('live');
    // After an outage all of them begin anew, and the one that was stopped does not.
    await line.refuse();
    await line.restore();
    await expect.poll(() => told.filter(({ states }) => states.length > 1), patience).toHaveLength(100);
    expect(told.filter(({ error }) => error !== undefined)).toEqual([]);
  });

  it('leaves a subscription alone that is stopped while there is no room for it', async ({
    expect,
    onTestFinished,
  }) => {
    const { gateway, socket, id } = await start(onTestFinished);
    const running = Array.from({ length: 100 }, () => subscribe(socket, id));
    await expect.poll(() => running.filter(({ states }) => states.length > 0), patience).toHaveLength(100);
    const refused = Promise.withResolvers<undefined>();
    socket.on('message', ({ type }) => void (type === MessageType.Error && refused.resolve(undefined)));
    const late = subscribe(socket, id);
    await refused.promise;
    expect(socket.connection()).toBe('lost');
    late.stop();
    expect(socket.connection()).toBe('live');
    expect(late).toMatchObject({ isComplete: true, error: undefined });
    gateway.emulator.jobs.finish(id, { status: 'Success' });
    await expect.poll(() => running.filter(({ isComplete }) => isComplete), patience).toHaveLength(100);
    await expect.poll(socket.connection, patience).toBe('idle');
    expect(late.states).toEqual([]);
  });

  it('tells the app at once of a subscription that the gateway refuses for good', async ({
    expect,
    onTestFinished,
  }) => {
    const { socket } = await start(onTestFinished);
    const told = subscribe(socket, 'a b');
    await expect
      .poll(() => told.error, patience)
      .toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', retryable: false } }]);
    // Not for ever the same request: the client could register the document, and does not.
    const persisted = { persistedQuery: { version: 1, sha256Hash: '0'.repeat(64) } };
    const refused = new Promise((_resolve, reject) =>
      socket.subscribe({ query: '', extensions: persisted }, { next() {}, error: reject, complete() {} }),
    );
    await expect(refused).rejects.toMatchObject([{ extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }]);
  });

  it('asks for another token when one is refused, and tells the app when there is no other', async ({
    expect,
    onTestFinished,
  }) => {
    const issuer = await startIssuer();
    const gateway = await startGateway({ env: issuer.env });
    onTestFinished(async () => {
      await gateway.close();
      await issuer.close();
    });
    const url = `${gateway.url}/graphql`;
    const id = gateway.emulator.jobs.add({ finishTime: Infinity });
    const { authorization: good } = await issuer.bearer();
    const bad = 'Bearer not-a-token';

    // Its own backend may be away, too.
    const tokens = [undefined, bad, good];
    const renewing = createSocket(url, async () => {
      const authorization = tokens.shift();
      if (authorization === undefined) throw new Error('no backend');
      return { authorization };
    });
    const told = subscribe(renewing, id);
    await expect.poll(() => told.states, patience).toEqual(['INIT']);
    told.stop();

    // The same token would be refused again.
    const fixed = createSocket(url, { authorization: bad });
    const refused = subscribe(fixed, id);
    await expect.poll(() => refused.error, patience).toMatchObject({ code: 4403 });
    await expect.poll(fixed.connection, patience).toBe('idle');
  });

  it('tells the app that a gateway refuses it for good, and does not claim to reconnect', async ({
    expect,
    onTestFinished,
  }) => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    onTestFinished(() => server.close());
    server.on('connection', (connection) => connection.close(4400, 'Bad request'));
    const socket = createSocket(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
    const told = subscribe(socket, 'a');
    await expect.poll(() => told.error, patience).toMatchObject({ code: 4400, reason: 'Bad request' });
    await expect.poll(socket.connection, patience).toBe('idle');
  });
});
