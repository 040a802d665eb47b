import { once } from 'node:events';
import { arrays, filler } from '../support/payloads.ts';
import { openRaw, requestBytes, type RawConnection } from '../support/http.ts';
import type { Attack, Row } from '../support/rows.ts';
import { createTally, type Tally } from '../support/tally.ts';
import { bytesOf, openWebSocket } from '../support/transports.ts';

const JSON_HEADERS = { 'content-type': 'application/json' };

/** Opens connections, has each say something, and holds them. */
async function hold(
  { target, whileHeld }: Attack,
  count: number,
  say: (connection: RawConnection, index: number) => Promise<void>,
): Promise<Tally> {
  const tally = createTally();
  const open: RawConnection[] = [];
  for (let index = 0; index < count; index += 1) {
    tally.sent += 1;
    const connection = await openRaw({ port: target.port, onResponse: tally.note }).catch(() => undefined);
    if (connection === undefined) {
      tally.close('refused');
      continue;
    }
    open.push(connection);
    void connection.closed.then(() => tally.close('closed'));
    await say(connection, index);
  }
  await target.untilIdle();
  await whileHeld();
  for (const { socket } of open) socket.destroy();
  return tally;
}

/** The same with WebSockets. */
async function holdWebSockets(
  { target, whileHeld }: Attack,
  count: number,
  say: (socket: Awaited<ReturnType<typeof openWebSocket>>, index: number) => void | Promise<void>,
): Promise<Tally> {
  const tally = createTally();
  const open = [];
  for (let index = 0; index < count; index += 1) {
    tally.sent += 1;
    const socket = await openWebSocket(target.port).catch((error: unknown) => {
      tally.close(error instanceof Error ? error.message : 'refused');
    });
    if (socket === undefined) continue;
    open.push(socket);
    socket.once('close', (code) => tally.close(String(code)));
    socket.on('message', (data: Buffer) => tally.note({ status: 200, head: '', body: data.toString() }));
    await say(socket, index);
  }
  await target.untilIdle();
  await whileHeld();
  for (const socket of open) socket.terminate();
  return tally;
}

export const CONNECTIONS: readonly Row[] = [
  {
    name: '60 idle sockets, each begun with 240 KB',
    over: ['WebSocket'],
    attack: (attack) =>
      holdWebSockets(attack, 60, (socket, index) =>
        socket.send(`{"type":"connection_init","payload":{"x":${arrays(240_000, String(index))}}}`),
      ),
  },
  {
    name: '60 sockets that each said a ping of 240 KB',
    over: ['WebSocket'],
    attack: (attack) =>
      holdWebSockets(attack, 60, (socket, index) => {
        socket.send('{"type":"connection_init"}');
        socket.send(`{"type":"ping","payload":{"x":${arrays(240_000, String(index))}}}`);
      }),
  },
  {
    name: '30 sockets with 250 KB each of a message that does not end, in one frame',
    over: ['WebSocket'],
    attack: (attack) =>
      holdWebSockets(attack, 30, (socket, index) =>
        socket.send(filler(250_000, String(index)), { fin: false }),
      ),
  },
  {
    name: '10 sockets with 20,000 frames each of one byte of a message that does not end',
    over: ['WebSocket'],
    attack: (attack) =>
      holdWebSockets(attack, 10, (socket) => {
        for (let frame = 0; frame < 20_000; frame += 1) socket.send('x', { fin: false });
      }),
  },
  {
    name: '20 sockets with 20,000 pings each, in few reads',
    over: ['WebSocket'],
    attack: (attack) =>
      holdWebSockets(attack, 20, (socket) => {
        for (let ping = 0; ping < 20_000; ping += 1) socket.ping();
      }),
  },
  {
    name: '20 sockets with 10,000 messages each that say ping, in few reads',
    over: ['WebSocket'],
    attack: (attack) =>
      holdWebSockets(attack, 20, (socket) => {
        socket.send('{"type":"connection_init"}');
        for (let ping = 0; ping < 10_000; ping += 1) socket.send('{"type":"ping"}');
      }),
  },
  {
    name: '20 sockets that begin and complete 3,000 operations each, in few reads',
    over: ['WebSocket'],
    attack: (attack) =>
      holdWebSockets(attack, 20, async (socket) => {
        socket.send('{"type":"connection_init"}');
        await once(socket, 'message');
        for (let operation = 0; operation < 3000; operation += 1) {
          const id = String(operation);
          socket.send(`{"id":"${id}","type":"subscribe","payload":{"query":"{__typename}"}}`);
          socket.send(`{"id":"${id}","type":"complete"}`);
        }
      }),
  },
  {
    name: '40 connections with 20,000 requests each, in few reads',
    over: ['POST'],
    attack: (attack) =>
      hold(attack, 40, (connection) =>
        connection.send('GET /graphql HTTP/1.1\r\nhost:a\r\n\r\n'.repeat(20_000)),
      ),
  },
  {
    name: '1,000 connections that each ask once, all at once',
    over: ['POST'],
    attack: async ({ target, round }) => {
      const tally = createTally();
      const open: RawConnection[] = [];
      for (let index = 0; index < 1000; index += 1)
        open.push(await openRaw({ port: target.port, onResponse: tally.note }));
      for (const [index, connection] of open.entries()) {
        tally.sent += 1;
        void connection.send(bytesOf('POST', { query: `query Q${round}${String(index)}{__typename}` }));
      }
      await Promise.all(open.map((connection) => connection.until(1)));
      for (const { socket } of open) socket.destroy();
      return tally;
    },
  },
  {
    name: '300 sockets that say nothing',
    over: ['WebSocket'],
    attack: (attack) => holdWebSockets(attack, 300, () => undefined),
  },
  {
    name: '60 bodies that lack their last byte',
    over: ['POST'],
    attack: (attack) =>
      hold(attack, 60, (connection, index) => {
        const body = JSON.stringify({ query: `{__typename}#${filler(250_000, String(index))}` });
        return connection.send(requestBytes('POST', '/graphql', JSON_HEADERS, body).slice(0, -1));
      }),
  },
  {
    name: '60 bodies in chunks of one byte that do not end',
    over: ['POST'],
    // Node's parser tells of each chunk that a read has brought, also of those after the refusal.
    delayMs: 300,
    refusal: ['BAD_REQUEST'],
    attack: (attack) =>
      hold(attack, 60, (connection) => {
        const headers = { ...JSON_HEADERS, 'transfer-encoding': 'chunked' };
        return connection.send(`${requestBytes('POST', '/graphql', headers)}${'1\r\nx\r\n'.repeat(20_000)}`);
      }),
  },
  {
    name: '300 heads of 15 KB that do not end',
    over: ['POST'],
    attack: (attack) =>
      hold(attack, 300, (connection) =>
        connection.send(`GET /graphql HTTP/1.1\r\nhost: a\r\ncookie: ${filler(15_000, 'a')}`),
      ),
  },
  {
    name: '1,500 connections that say nothing',
    over: ['POST'],
    attack: (attack) => hold(attack, 1500, () => Promise.resolve()),
  },
  {
    name: '40 connections that pipeline 30 ever new requests for 100 jobs each and read nothing',
    over: ['POST', 'GET'],
    // The cache of responses would go on filling after the first attack.
    target: { env: { ANSWERS_MAX_MB: '8' } },
    attack: (attack) => {
      const { target, round, transport } = attack;
      return hold(attack, 40, async (connection, index) => {
        connection.socket.pause();
        for (let request = 0; request < 30; request += 1) {
          const operation = {
            query: `query Q${round}${String(index)}x${String(request)}($ids:[ID!]!){packageJobsById(ids:$ids){id name status userData inputs{media url bucket objectKey}output{media url}outputUrl createTime}}`,
            variables: { ids: target.jobs.finished.slice(0, transport === 'GET' ? 50 : 100) },
          };
          // It does not wait for the system to take it, as that may never happen.
          void connection.send(bytesOf(transport === 'GET' ? 'GET' : 'POST', operation));
        }
        await Promise.resolve();
      });
    },
  },
  {
    name: '50 event streams of 100 jobs that are not read',
    over: ['event stream'],
    attack: (attack) =>
      hold(attack, 50, (connection) => {
        connection.socket.pause();
        return connection.send(
          bytesOf('event stream', {
            query:
              'subscription($ids:[ID!]!){packageJobUpdated(ids:$ids){id name userData inputs{media url}output{media url}}}',
            variables: { ids: attack.target.jobs.running },
          }),
        );
      }),
  },
  {
    name: '10 sockets that ask 90 times for 100 jobs each and read nothing',
    over: ['WebSocket'],
    attack: (attack) => {
      const { target, round } = attack;
      return holdWebSockets(attack, 10, async (socket, index) => {
        socket.send('{"type":"connection_init"}');
        // It would be closed for an operation that comes before the acknowledgement is sent.
        await once(socket, 'message');
        socket.pause();
        for (let operation = 0; operation < 90; operation += 1) {
          const query = `query Q${round}${String(index)}x${String(operation)}($ids:[ID!]!){packageJobsById(ids:$ids){id name status userData inputs{media url bucket objectKey}output{media url}outputUrl createTime}}`;
          const payload = { query, variables: { ids: target.jobs.finished } };
          socket.send(JSON.stringify({ id: String(operation), type: 'subscribe', payload }));
        }
      });
    },
  },
  {
    name: '500 connections that are cut after a request',
    over: ['POST'],
    attack: async ({ target }) => {
      const tally = createTally();
      for (let index = 0; index < 500; index += 1) {
        tally.sent += 1;
        const connection = await openRaw({ port: target.port }).catch(() => undefined);
        await connection?.send(
          bytesOf('POST', {
            query: `{packageJob(id:"${target.jobs.running[index % 100] ?? ''}",wait:{timeoutSeconds:9}){id}}`,
          }),
        );
        connection?.socket.resetAndDestroy();
      }
      return tally;
    },
  },
];
