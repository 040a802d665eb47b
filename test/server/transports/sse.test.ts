import { request } from 'node:http';
import fastify from 'fastify';
import type { FormattedExecutionResult } from 'graphql';
import { describe, expect, it } from 'vitest';
import { JobUpdates } from '../../../src/jobs/watch/updates.ts';
import { sendEventStream } from '../../../src/server/transports/sse.ts';
import { createConnections } from '../../../src/server/transports/connections.ts';
import { createEvents } from '../../support/events.ts';
import { createCountedServer } from '../support/counted-server.ts';

const CONTEXT = {
  signal: new AbortController().signal,
  client: '',
  turnKey: {},
  onCall: () => undefined,
  onCacheStatus: () => undefined,
};

describe('an event stream', () => {
  it('is cut when its client takes nothing, having held no more than a little back', async () => {
    const left = Promise.withResolvers<undefined>();
    let taken = 0;
    // Every result is at hand at once, so that nothing but the client holds the stream up.
    const results = {
      next: () => {
        taken += 1;
        const value: FormattedExecutionResult = { data: { text: 'x'.repeat(64 * 1024) } };
        return Promise.resolve({ done: false as const, value });
      },
      return: () => {
        left.resolve(undefined);
        return Promise.resolve({ done: true as const, value: undefined });
      },
      throw: () => results.return(),
      [Symbol.asyncIterator]: () => results,
    };
    const app = fastify({
      serverFactory: (listener) => createCountedServer(listener, { connections: { stalledMs: 200 } }).server,
    });
    const connections = createConnections(
      { max: 10, maxPerClient: 10, keepAliveMs: 100 },
      new AbortController().signal,
      createEvents().server,
    );
    app.get('/', async (_request, reply) => {
      await sendEventStream(reply, results, connections, { key: 'a' });
      return reply;
    });
    const url = await app.listen({ port: 0 });
    const outgoing = request(url, (response) => void response.pause());
    outgoing.once('error', () => undefined).end();
    await left.promise;
    // What the system itself buffers for both sides is a few megabytes.
    expect(taken * 64).toBeLessThan(64 * 1024);
    outgoing.destroy();
    await app.close();
  });

  it('that begins while the gateway stops ends at once, with its headers', async () => {
    const app = fastify();
    const connections = createConnections(
      { max: 10, maxPerClient: 10, keepAliveMs: 100 },
      AbortSignal.abort(),
      createEvents().server,
    );
    const never = new JobUpdates(
      { listen: () => ({ entry: undefined, stop: () => undefined }) },
      ['a'],
      CONTEXT,
    );
    const results = {
      next: () => never.next().then(() => ({ done: true as const, value: undefined })),
      return: () => never.return().then(() => ({ done: true as const, value: undefined })),
      [Symbol.asyncIterator]: () => results,
    };
    app.get('/', async (_request, reply) => {
      await sendEventStream(reply, results, connections, { key: 'a' });
      return reply;
    });
    const response = await fetch(await app.listen({ port: 0 }));
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(await response.text()).toMatch(/^retry: \d+\n\n/);
    await app.close();
  });
});
