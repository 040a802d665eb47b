import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWsClient } from 'graphql-ws';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startEmulator } from '../../src/emulator/server.ts';
import { startGateway } from '../support/gateway.ts';
import { run } from '../support/process.ts';
import { openEventStream, openSocket, subscribeTo } from '../support/socket.ts';

const SUBSCRIPTION = 'subscription($ids: [ID!]!) { packageJobUpdated(ids: $ids) { id status } }';

describe('while ICE is down', () => {
  it('no stream is closed or told anything, and all end afterwards', { timeout: 60_000 }, async () => {
    const gateway = await startGateway({ env: { POLL_MIN_MS: '100', JOB_MAX_AGE_MS: '100' } });
    const { jobs, faults } = gateway.emulator;
    const ids = Array.from({ length: 20 }, () => jobs.add({ finishTime: Infinity }));
    const { send, message, messages, socket } = await openSocket(gateway.url);
    send(subscribeTo('1', ids));
    const stream = await openEventStream(gateway.url, ids);
    await message(() => messages.filter(({ type }) => type === 'next').length === ids.length);

    faults.add({ kind: 'reset', when: 'before-headers', times: 'always' });
    for (const id of ids) jobs.finish(id);
    const waiting = gateway.query(
      `{ packageJob(id: "${ids[0] ?? ''}", wait: { timeoutSeconds: 3 }) { status } }`,
    );
    // A wait is answered with what is known, in the outage too; by then that has lasted for 3 s.
    expect((await waiting).data).toEqual({ packageJob: { status: 'INIT' } });
    expect([messages.filter(({ type }) => type === 'next').length, socket.readyState]).toEqual([
      20,
      WebSocket.OPEN,
    ]);

    faults.clear();
    await message(({ type }) => type === 'complete');
    const text = await stream.rest();
    expect([endsIn(JSON.stringify(messages)), endsIn(text)]).toEqual([20, 20]);
    expect(JSON.stringify(messages) + text).not.toContain('errors');
    socket.close();
    await gateway.close();
  });
});

describe('clients of a gateway that is killed and started again', () => {
  it('come back by themselves and see how their jobs ended', { timeout: 60_000 }, async () => {
    const emulator = await startEmulator();
    const env = {
      ICE_ENDPOINT: emulator.endpoint,
      ALIBABA_CLOUD_ACCESS_KEY_ID: emulator.credentials.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: emulator.credentials.accessKeySecret,
    };
    const id = emulator.jobs.add({ finishTime: Infinity });
    const first = run('main.ts', { ...env, PORT: '0', METRICS_PORT: '0' });
    const [, url = ''] = await first.waitFor(/listening on (http:\S+?)"/);
    const restarted = Promise.withResolvers<void>();
    const retry = { retryAttempts: 5, retryWait: () => restarted.promise };
    const clients = [
      createWsClient({
        url: `${url.replace('http', 'ws')}/graphql`,
        webSocketImpl: WebSocket,
        keepAlive: 200,
        shouldRetry: () => true,
        ...retry,
      }),
      createSseClient({ url: `${url}/graphql`, ...retry }),
    ];
    const begun = clients.map(() => Promise.withResolvers<undefined>());
    const told = clients.map(async (client, index) => {
      const statuses: unknown[] = [];
      const results = client.iterate<{ packageJobUpdated: { status: string } }>({
        query: SUBSCRIPTION,
        variables: { ids: [id] },
      });
      for await (const { data } of results) {
        statuses.push(data?.packageJobUpdated.status);
        begun[index]?.resolve(undefined);
      }
      return statuses;
    });
    await Promise.all(begun.map(({ promise }) => promise));
    first.signal('SIGKILL');
    await first.ended;
    emulator.jobs.finish(id);
    const second = run('main.ts', { ...env, PORT: new URL(url).port });
    await second.waitFor(/listening on/);
    restarted.resolve();
    for (const statuses of await Promise.all(told)) {
      expect([statuses[0], statuses.at(-1)]).toEqual(['INIT', 'SUCCESS']);
    }
    for (const client of clients) await client.dispose();
    second.signal('SIGTERM');
    await second.ended;
    await emulator.close();
  });
});

function endsIn(events: string): number | undefined {
  return events.match(/"status":"SUCCESS"/g)?.length;
}
