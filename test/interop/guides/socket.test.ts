import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'vitest';
import { WebSocketServer } from 'ws';
import { createSocket, type Socket } from '../../../web/socket.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
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

  it('tells a subscription over the limit, and keeps the others', async ({ expect, onTestFinished }) => {
    const { gateway, socket, id } = await start(onTestFinished);
    const told = Array.from({ length: 101 }, () => subscribe(socket, id));
    await expect.poll(() => told.filter(({ error }) => error !== undefined), patience).toHaveLength(1);
    const refused = told.find(({ error }) => error !== undefined);
    expect(refused?.error).toMatchObject([{ extensions: { code: 'RATE_LIMITED', retryable: true } }]);
    gateway.emulator.jobs.finish(id, { status: 'Success' });
    await expect.poll(() => told.filter(({ isComplete }) => isComplete), patience).toHaveLength(100);
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
