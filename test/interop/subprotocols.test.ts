import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import type { Message } from '../support/socket.ts';

const QUERY =
  'subscription Updated($ids: [ID!]!) {\n  packageJobUpdated(ids: $ids) {\n    id\n    status\n  }\n}';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ env: { POLL_MIN_MS: '100', JOB_MAX_AGE_MS: '100' } });
});
afterAll(() => gateway.close());

/** A client that offers these subprotocols, and sends what another client sends. */
async function connect(...protocols: string[]) {
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, protocols);
  onTestFinished(() => socket.terminate());
  const messages: Message[] = [];
  let tell = Promise.withResolvers<undefined>();
  socket.on('message', (data: Buffer) => {
    messages.push(JSON.parse(data.toString()) as Message);
    tell.resolve(undefined);
    tell = Promise.withResolvers();
  });
  const closed = once(socket, 'close').then(([code, reason]) => ({
    code: code as number,
    reason: String(reason),
  }));
  await once(socket, 'open');
  return {
    protocol: socket.protocol,
    closed,
    send: (text: string) => socket.send(text),
    async message(isWanted: (message: Message) => boolean): Promise<Message> {
      for (;;) {
        const found = messages.find(isWanted);
        if (found !== undefined) return found;
        await tell.promise;
      }
    },
  };
}

const addJob = () => gateway.emulator.jobs.add({ finishTime: Infinity });

const isSuccess = (message: Message) => JSON.stringify(message).includes('SUCCESS');

describe('the frames of graphql_flutter', () => {
  it('with graphql-transport-ws bring each state, and its pings are answered', async () => {
    const id = addJob();
    const client = await connect('graphql-transport-ws');
    client.send('{"type":"connection_init"}');
    await client.message(({ type }) => type === 'connection_ack');
    const payload = { operationName: 'Updated', variables: { ids: [id] }, query: QUERY };
    client.send(JSON.stringify({ type: 'subscribe', id: '6f1b', payload }));
    await client.message(({ type }) => type === 'next');
    client.send('{"type":"ping","payload":{}}');
    expect(await client.message(({ type }) => type === 'pong')).toEqual({ type: 'pong', payload: {} });
    gateway.emulator.jobs.finish(id, { status: 'Success' });
    expect(await client.message(isSuccess)).toMatchObject({ id: '6f1b', type: 'next' });
    expect(await client.message(({ type }) => type === 'complete')).toEqual({ id: '6f1b', type: 'complete' });
  });

  it('with the older graphql-ws are answered by why they are refused', async () => {
    const client = await connect('graphql-ws');
    expect(client.protocol).toBe('graphql-ws');
    client.send('{"type":"connection_init","payload":null}');
    const payload = { operationName: 'Updated', variables: { ids: [addJob()] }, query: QUERY };
    client.send(JSON.stringify({ type: 'start', id: '6f1b', payload }));
    const reason = {
      message: expect.stringContaining('choose graphql-transport-ws in your client') as string,
      extensions: { code: 'BAD_REQUEST', retryable: false, requestId: expect.any(String) as string },
    };
    expect(await client.message(({ type }) => type === 'connection_error')).toEqual({
      type: 'connection_error',
      payload: reason,
    });
    expect(await client.message(({ id }) => id === '6f1b')).toEqual({
      type: 'error',
      id: '6f1b',
      payload: reason,
    });
    expect(await client.closed).toEqual({
      code: 4406,
      reason: expect.stringContaining('graphql-transport-ws') as string,
    });
  });
});

describe('a client', () => {
  it.for([[['graphql-ws', 'graphql-transport-ws']], [['graphql-transport-ws', 'graphql-ws']]])(
    'that offers both subprotocols is served by the newer one: %j',
    async ([protocols = []]) => {
      const client = await connect(...protocols);
      expect(client.protocol).toBe('graphql-transport-ws');
      client.send('{"type":"connection_init"}');
      await client.message(({ type }) => type === 'connection_ack');
    },
  );

  it('of the older one that says nothing is closed with the reason', async () => {
    const client = await connect('graphql-ws');
    expect(await client.closed).toMatchObject({ code: 4406 });
  });

  it('of the older one that says what is no JSON is closed with the reason', async () => {
    const client = await connect('graphql-ws');
    client.send('{');
    client.send('[]');
    expect(await client.closed).toMatchObject({ code: 4406 });
  });
});
