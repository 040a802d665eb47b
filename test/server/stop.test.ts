import { EVERY_JOB } from '../../src/jobs/jobs.ts';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRecord } from '../../src/server/graphql/record.ts';
import { createAdmissions } from '../../src/server/http/admission.ts';
import { createClientOf } from '../../src/server/http/client.ts';
import { createResponseCache, type CachedJobs } from '../../src/server/response-cache/middleware.ts';
import { StoredResponses } from '../../src/server/response-cache/stored-responses.ts';
import { createResponse } from '../../src/server/responses/response.ts';
import { createEvents } from '../support/events.ts';
import { startGateway } from '../support/gateway.ts';
import { raw } from './support/response-cache.ts';

function requestFor(query: string): string {
  const body = JSON.stringify({ query });
  const head = `POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n`;
  return `${head}content-length: ${String(body.length)}\r\n\r\n${body}`;
}

describe('a gateway that stops', () => {
  it('does not wait for connections that never asked for anything', async () => {
    const gateway = await startGateway();
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    const ended = once(socket, 'close');
    await once(socket, 'connect');
    // So that the gateway has accepted the one before.
    await gateway.query('{ __typename }');
    // Fails by its time limit otherwise: the gateway would wait for all that operations may take.
    await gateway.close();
    await ended;
    expect(socket.bytesRead).toBe(0);
  }, 10_000);

  it('closes the connection of a response that is still being compressed', async () => {
    const stop = new AbortController();
    const events = createEvents().server;
    const errors: unknown[] = [];
    events.on('unexpectedError', (error) => errors.push(error));
    const jobs: CachedJobs = {
      revalidate: () => ({
        isVisible: EVERY_JOB,
        states: { version: 1, since: 0, until: Infinity, states: 0, oldest: Infinity },
      }),
      lifetimeMs: () => 0,
      getFreshMany: () => undefined,
      pollAfterMs: () => null,
      isTimed: () => false,
    };
    const cache = createResponseCache({
      admissions: createAdmissions({}, createClientOf(0), events),
      stored: new StoredResponses(1_000_000),
      prepared: undefined,
      jobsFor: () => jobs,
      maxBodyBytes: 1000,
      now: Date.now,
      stopping: stop.signal,
      events,
    });
    const listener = cache.ahead((request, response) => {
      const record = createRecord();
      const complete = createResponse('x'.repeat(100_000), record, request, jobs);
      cache.store(request, { response: complete, record, headers: {} });
      response.end();
    });
    const server = createServer((request, response) => {
      listener(request, response);
      if (request.headers['accept-encoding'] !== undefined) stop.abort();
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const head = `GET /graphql?query=x HTTP/1.1\r\nhost: 127.0.0.1\r\n`;
    await raw(url, [`${head}connection: close\r\n\r\n`]);
    // Ends only when the server ends it.
    const text = await raw(url, [`${head}accept-encoding: gzip\r\n\r\n`]);
    expect(text).toMatch(/^HTTP\/1.1 200 .*connection: close/is);
    expect(text).toContain('content-encoding: gzip');
    expect(errors).toEqual([]);
  });

  it.for([
    ['answers from memory what', '{ __typename }', -1, /^HTTP\/1.1 200 .*connection: close.*"Query"/is],
    [
      'answers by Apollo Server what',
      '{ a: __typename }',
      -1,
      /^HTTP\/1.1 200 .*connection: close.*"Query"/is,
    ],
    [
      'refuses what with less than its head',
      '{ __typename }',
      20,
      /^HTTP\/1.1 503 .*connection: close.*OVERLOADED/is,
    ],
  ] as const)('%s had begun to come, and closes its connection', async ([, last, cut, expected]) => {
    const gateway = await startGateway();
    const { port } = new URL(gateway.url);
    const socket = connect(Number(port), '127.0.0.1').setEncoding('utf8');
    const ended = once(socket, 'close');
    let text = '';
    const answered = new Promise<void>((resolve) =>
      socket.on('data', (chunk: string) => {
        text += chunk;
        resolve();
      }),
    );
    // The second is in flight, with its head or with a part of that.
    socket.write(requestFor('{ __typename }') + requestFor(last).slice(0, cut));
    await answered;
    const closed = gateway.close();
    socket.write(requestFor(last).slice(cut));
    await ended;
    await closed;
    const [first = '', second = ''] = text.split(/(?<=\})\n?(?=HTTP)/);
    expect(first).toMatch(/^HTTP\/1.1 200 .*"Query"/s);
    expect(second).toMatch(expected);
  });
});
