import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post, startGateway, type TestGateway } from '../support/gateway.ts';
import { expectNoLeaks } from './support/leaks.ts';
import { retainedMiB } from './support/memory.ts';

/** As many as one client may have with so much in each. */
const WAITS = 12;

/** 190 KB of JSON. It takes 0.7 MB once it is parsed, and is within the bound of values. */
const LARGE = `["${'x'.repeat(150_000)}",${Array(8000).fill('{}').join(',')}]`;

let gateway: TestGateway;
let unfinished: string;

expectNoLeaks();
beforeAll(async () => {
  gateway = await startGateway({ env: { ANSWERS_MAX_MB: '0' } });
  unfinished = gateway.emulator.jobs.add({ createTime: Date.now(), finishTime: Infinity });
  await post(gateway.url, { query: '{ __typename }' });
});
afterAll(() => gateway.close());

/** How much more is retained after `run` than before, in MiB. */
async function growth(run: () => Promise<void>): Promise<number> {
  const before = retainedMiB();
  await run();
  // What was closed is freed in the next turns.
  await setTimeout(100);
  return retainedMiB() - before;
}

async function sendEach(count: number, write: (index: number) => string, repeats = 1): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const query = write(index);
    for (let time = 0; time < repeats; time += 1) await post(gateway.url, { query });
  }
}

const commented = (length: number) => (index: number) => `{__typename}#${String(index)}${'x'.repeat(length)}`;
const wide = (index: number): string => {
  const fields = Array.from({ length: 60 }, (_, place) => `a${String(index)}x${String(place)}`);
  const selection = `packageJob(id:"${unfinished}"){id name status userData statusRaw}`;
  return `{${fields.map((name) => `${name}:${selection}`).join(' ')}}`;
};

describe('what clients sent is not kept', () => {
  it('documents that are refused as too long', async () => {
    expect(await growth(() => sendEach(200, commented(250_000)))).toBeLessThan(24);
  });

  it('comments, beyond the bound of the documents', async () => {
    expect(await growth(() => sendEach(400, commented(60_000)))).toBeLessThan(24);
  });

  it('names of operations, beyond the bound of the documents', async () => {
    expect(
      await growth(() =>
        sendEach(400, (index) => `query Q${String(index)}${'x'.repeat(60_000)}{__typename}`),
      ),
    ).toBeLessThan(24);
  });

  it('compiled queries, beyond their bound', async () => {
    expect(await growth(() => sendEach(100, wide, 3))).toBeLessThan(40);
  });

  it.for([
    { what: 'undeclared variables', member: `"variables":{"unused":${LARGE}}` },
    { what: 'unknown extensions', member: `"extensions":{"unused":${LARGE}}` },
    { what: 'unknown members', member: `"unused":${LARGE}` },
  ])('$what of requests that wait', async ({ member }) => {
    const query = `{packageJob(id:\\"${unfinished}\\",wait:{timeoutSeconds:55}){id}}`;
    const body = `{"query":"${query}",${member}}`;
    const head = `POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${String(body.length)}\r\n\r\n`;
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    let received = '';
    socket.on('data', (data) => (received += data.toString()));
    const held = await growth(async () => {
      for (let sent = 0; sent < WAITS; sent += 1) socket.write(head + body);
      // Only the requests that the gateway has read make room for the next.
      if (socket.writableNeedDrain) await once(socket, 'drain');
      await setTimeout(1000);
    });
    socket.destroy();
    await once(socket, 'close');
    expect(received).toBe('');
    expect(held).toBeLessThan(24);
  });

  it('undeclared variables and extensions of the operations of a WebSocket', async () => {
    const socket = new WebSocket(gateway.url.replace('http', 'ws') + '/graphql', 'graphql-transport-ws');
    await once(socket, 'open');
    socket.send('{"type":"connection_init"}');
    await once(socket, 'message');
    const query = `subscription{packageJobUpdated(ids:[\\"${unfinished}\\"]){id}}`;
    const held = await growth(async () => {
      for (let id = 0; id < WAITS; id += 1) {
        const member = id % 2 === 0 ? 'variables' : 'extensions';
        socket.send(
          `{"id":"${String(id)}","type":"subscribe","payload":{"query":"${query}","${member}":{"unused":${LARGE}}}}`,
        );
        await once(socket, 'message');
      }
    });
    socket.terminate();
    await once(socket, 'close');
    expect(held).toBeLessThan(24);
  });
});
