import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAnswer } from '../../../src/server/answer.ts';
import { Answers } from '../../../src/server/hot/answers.ts';
import { createRecord } from '../../../src/server/context.ts';
import { createFront } from '../../../src/server/hot/front.ts';
import { startGateway } from '../../support/gateway.ts';
import { raw, statusOf } from '../support/front.ts';

describe('a gateway that stops', () => {
  it('closes the connection of an answer that is still being compressed', async () => {
    const lifetimes = { store: { freshForMs: () => 0 }, watcher: { pollAfterMs: () => 0 } };
    const answers = new Answers({
      store: { prove: () => ({ version: 1, since: 0, until: Infinity }) },
      maxBytes: 1_000_000,
    });
    const bugs: unknown[] = [];
    const stopping = createFront({
      answers,
      prepared: undefined,
      lifetimes,
      now: Date.now,
      onAnswered: () => undefined,
      onBug: (bug) => bugs.push(bug),
    });
    const answered = stopping.before((request, response) => {
      const record = createRecord();
      const answer = createAnswer('x'.repeat(100_000), record, request, lifetimes);
      stopping.learn(request, { answer, record, headers: {} });
      response.end();
    });
    const server = createServer((request, response) => {
      answered(request, response);
      if (request.headers['accept-encoding'] !== undefined) stopping.stop();
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
    expect(bugs).toEqual([]);
  });

  it('refuses what it would have answered from memory, as all else', async () => {
    const gateway = await startGateway();
    const query = JSON.stringify({ query: '{ __typename }' });
    const request =
      `POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n` +
      `content-length: ${String(query.length)}\r\n\r\n${query}`;
    const { host, port } = new URL(gateway.url);
    await statusOf(gateway.url, query, { host, 'content-type': 'application/json' });
    const socket = connect(Number(port), '127.0.0.1').setEncoding('utf8');
    const ended = once(socket, 'close');
    let text = '';
    const answered = new Promise<void>((resolve) =>
      socket.on('data', (chunk: string) => {
        text += chunk;
        resolve();
      }),
    );
    // The second is under way, but for its last byte.
    socket.write(request + request.slice(0, -1));
    await answered;
    const closed = gateway.close();
    socket.write(request.slice(-1));
    await ended;
    await closed;
    const [first = '', second = ''] = text.split(/(?<=\})\n?(?=HTTP)/);
    expect(first).toMatch(/^HTTP\/1.1 200 .*"Query"/s);
    expect(second).toMatch(/^HTTP\/1.1 503 .*connection: close.*OVERLOADED/is);
  });
});
