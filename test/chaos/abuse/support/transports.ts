import { EventEmitter, once } from 'node:events';
import { WebSocket } from 'ws';
import { openRaw, requestBytes, type RawConnection, type RawOptions } from './http.ts';
import { createTally, type Tally } from './tally.ts';
import type { Target } from './target.ts';

/** The ways in which operations come. */
export type Transport = 'POST' | 'GET' | 'event stream' | 'WebSocket';

/** An operation as a client sends it. `variables` and `extensions` can be JSON already. */
export interface Operation {
  readonly query: string;
  readonly operationName?: string;
  readonly variables?: object | string;
  readonly extensions?: object | string;
  /** Not over WebSockets. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface SendOptions {
  readonly target: Target;
  readonly transport: Transport;
  readonly operations: Iterable<Operation>;
  /** How many connections there are at once. An event stream has one for each operation. @default 1 */
  readonly connections?: number;
  /** How many operations of a connection are not answered yet. @default all */
  readonly window?: number;
  /** Whether the operations are held, rather than answered. Then `whileHeld` runs once all were sent. */
  readonly whileHeld?: () => Promise<void>;
  /** What is waited for ahead of `whileHeld`. A busy machine may not have brought all by then. @default nothing */
  readonly until?: (tally: Tally) => boolean;
  /** How connections begin. @default from 127.0.0.1 */
  readonly connectAs?: RawOptions['connectAs'];
}

/** Sends operations, waits for all answers, or holds them, and closes every connection. */
export async function send(options: SendOptions): Promise<Tally> {
  const { target, transport, connections = 1, operations, window, whileHeld } = options;
  const tally = createTally();
  const open: (() => void)[] = [];
  const lanes = sharesOf(operations, connections, whileHeld === undefined && window !== undefined).map(
    (left) => LANES[transport](options, left, tally, open),
  );
  try {
    await Promise.all(lanes);
    if (whileHeld !== undefined) {
      await target.untilIdle();
      await untilSeen(tally, options.until);
      await whileHeld();
    }
  } finally {
    for (const close of open) close();
  }
  return tally;
}

/** How long is waited for what may never come, in milliseconds. */
const PATIENCE_MS = 30_000;

async function untilSeen(tally: Tally, isSeen: SendOptions['until'] = () => true): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (!isSeen(tally) && performance.now() < giveUpAt)
    await new Promise((resolve) => setTimeout(resolve, 50));
}

/**
 * What each connection sends. With a window, operations go to whichever connection is free. Without one they are dealt out, as
 * one connection would take them all before the others are there.
 */
function sharesOf(
  operations: Iterable<Operation>,
  connections: number,
  hasWindow: boolean,
): readonly Iterator<Operation>[] {
  const each = Array.from({ length: connections }, (_, index) => index);
  if (hasWindow) {
    const left = operations[Symbol.iterator]();
    return each.map(() => left);
  }
  const all = Array.from(operations);
  return each.map((lane) => all.filter((_, index) => index % connections === lane)[Symbol.iterator]());
}

/** Sends what is left on connections of its own, and adds how to close them to `open`. */
type Lane = (
  options: SendOptions,
  left: Iterator<Operation>,
  tally: Tally,
  open: (() => void)[],
) => Promise<void>;

function jsonOf({ query, operationName, variables, extensions }: Operation): string {
  const members = Object.entries({ query, operationName, variables, extensions }).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const isJson = typeof value === 'string' && (name === 'variables' || name === 'extensions');
    return [`"${name}":${isJson ? value : JSON.stringify(value)}`];
  });
  return `{${members.join(',')}}`;
}

function pathOf({ query, operationName, variables, extensions }: Operation): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries({ query, operationName, variables, extensions })) {
    if (value !== undefined) search.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  return `/graphql?${search.toString()}`;
}

const JSON_HEADERS = { 'content-type': 'application/json' };

/** The bytes of an operation over HTTP. */
export function bytesOf(transport: Exclude<Transport, 'WebSocket'>, operation: Operation): string {
  if (transport === 'GET') {
    const headers = { 'apollo-require-preflight': '1', ...operation.headers };
    return requestBytes('GET', pathOf(operation), headers);
  }
  const accept = transport === 'event stream' && { accept: 'text/event-stream' };
  const headers = { ...JSON_HEADERS, ...accept, ...operation.headers };
  return requestBytes('POST', '/graphql', headers, jsonOf(operation));
}

/** Connects, or tells the tally that it could not. */
async function connect({ target, connectAs }: SendOptions, tally: Tally): Promise<RawConnection | undefined> {
  try {
    return await openRaw({ port: target.port, connectAs, onResponse: tally.note });
  } catch (error) {
    tally.close(error instanceof Error ? error.message : 'refused');
    return undefined;
  }
}

/** All on one connection, pipelined. */
const pipelined: Lane = async (options, left, tally, open) => {
  const { transport, window = Infinity, whileHeld } = options;
  const connection = await connect(options, tally);
  if (connection === undefined) return;
  open.push(() => connection.socket.destroy());
  let sent = 0;
  for (let next = left.next(); next.done !== true; next = left.next()) {
    tally.sent += 1;
    sent += 1;
    await connection.send(bytesOf(transport === 'GET' ? 'GET' : 'POST', next.value));
    if (whileHeld === undefined && sent > window) await connection.until(sent - window);
    if (connection.isClosed) break;
  }
  if (whileHeld === undefined) await connection.until(sent);
  if (connection.isClosed) tally.close('connection');
};

/** One connection for each. An answer ends with its connection. */
const streamed: Lane = async (options, left, tally, open) => {
  const isHeld = options.whileHeld !== undefined;
  for (let next = left.next(); next.done !== true; next = left.next()) {
    const connection = await connect(options, tally);
    if (connection === undefined) continue;
    tally.sent += 1;
    await connection.send(bytesOf('event stream', next.value));
    if (isHeld) open.push(() => connection.socket.destroy());
    else {
      await connection.until(1);
      connection.socket.destroy();
    }
  }
};

const ACKNOWLEDGED = '{"type":"connection_ack"}';

/** All on one WebSocket. */
const multiplexed: Lane = async ({ target, window = 90, whileHeld, connectAs }, left, tally, open) => {
  const socket = await openWebSocket(target.port, { connectAs }).catch((error: unknown) => {
    tally.close(error instanceof Error ? error.message : 'refused');
  });
  if (socket === undefined) return;
  open.push(() => socket.terminate());
  const state = { isReady: false, inFlight: 0 };
  const changes = new EventEmitter();
  socket.on('message', (data: Buffer) => {
    const text = data.toString();
    if (text === ACKNOWLEDGED) state.isReady = true;
    else tally.note({ status: 200, head: '', body: text });
    if (/^\{[^{[]*"type":"(complete|error)"/.test(text)) state.inFlight -= 1;
    changes.emit('change');
  });
  socket.once('close', (code) => {
    tally.close(String(code));
    changes.emit('change');
  });
  const isOpen = () => socket.readyState === socket.OPEN;
  const until = async (isEnough: () => boolean) => {
    while (!isEnough() && isOpen()) await once(changes, 'change');
  };
  socket.send('{"type":"connection_init"}');
  await until(() => state.isReady);
  let id = 0;
  for (let next = left.next(); next.done !== true && isOpen(); next = left.next()) {
    id += 1;
    tally.sent += 1;
    state.inFlight += 1;
    socket.send(`{"id":"${String(id)}","type":"subscribe","payload":${jsonOf(next.value)}}`);
    if (whileHeld === undefined) await until(() => state.inFlight < window);
  }
  if (whileHeld === undefined) await until(() => state.inFlight === 0);
};

const LANES: Readonly<Record<Transport, Lane>> = {
  POST: pipelined,
  GET: pipelined,
  'event stream': streamed,
  WebSocket: multiplexed,
};

/** Opens a WebSocket. It rejects when it is refused. */
export async function openWebSocket(
  port: number,
  { from, connectAs }: Pick<RawOptions, 'from' | 'connectAs'> = {},
): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${String(port)}/graphql`, 'graphql-transport-ws', {
    ...(from !== undefined && { localAddress: from }),
    ...(connectAs !== undefined && { createConnection: connectAs }),
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.on('error', () => undefined);
  return socket;
}
