import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { TestGateway } from '../../support/gateway.ts';
import { exchange } from '../../support/wire.ts';

export const ORIGIN = 'https://app.example';

/** A request for the operation that the cached gateway has in memory. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answered {
  readonly status: number;
  readonly text: string;
  /** Whether a page of an allowed origin may read it. */
  readonly isReadable: boolean;
}

/** The same operation by both methods, as it is served. */
export interface Served {
  readonly post: Asked & { readonly body: string };
  readonly get: Asked;
  readonly variables: { readonly id: string };
}

/** A request that is refused, wherever its operation is. */
export interface RefusedRequest {
  readonly name: string;
  /** The check that refuses it. `undefined`: something behind the checks does. */
  readonly check?: string;
  readonly status: number;
  readonly code: string;
  readonly refused: (served: Served) => Asked;
  /** @default {@link ask} */
  readonly send?: (gateway: TestGateway, asked: Asked, served: Served) => Promise<Answered>;
}

export const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
  'sec-websocket-protocol': 'graphql-transport-ws',
};

/** Gives the request these headers. Empty ones are left out. */
export function withHeaders(asked: Asked, headers: Readonly<Record<string, string>>): Asked {
  const all = Object.entries({ ...asked.headers, ...headers });
  return { ...asked, headers: Object.fromEntries(all.filter(([, value]) => value !== '')) };
}

export async function ask(
  { url }: TestGateway,
  { method, path, headers, body = '' }: Asked,
): Promise<Answered> {
  const length = body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const outgoing = request(`${url}${path}`, { method, headers: { ...headers, ...length }, agent: false });
  const responded = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  outgoing.end(body);
  const [response] = await responded;
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  const isReadable = response.headers['access-control-allow-origin'] === ORIGIN;
  return { status: response.statusCode ?? 0, text, isReadable };
}

/** Sends a target and headers that Node's client does not let a program send. */
export async function askVerbatim({ url }: TestGateway, asked: Asked): Promise<Answered> {
  const isUpgrade = asked.headers['upgrade'] !== undefined;
  const message = messageOf(isUpgrade ? asked : withHeaders(asked, { connection: 'close' }));
  const [head = '', text = ''] = (await exchange(url, message)).split('\r\n\r\n');
  const isReadable = head.includes(`\r\naccess-control-allow-origin: ${ORIGIN}`);
  return { status: Number(head.split(' ', 2)[1]), text, isReadable };
}

/** Sends the head of a request only in part, before the gateway begins to stop, and the rest after that. */
export async function askWhileStopping(
  gateway: TestGateway,
  asked: Asked,
  { post }: Served,
): Promise<Answered> {
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1').setEncoding('utf8');
  const ended = once(socket, 'close');
  let text = '';
  const answered = new Promise<void>((resolve) =>
    socket.on('data', (chunk: string) => {
      text += chunk;
      resolve();
    }),
  );
  const message = messageOf(asked);
  socket.write(messageOf(post) + message.slice(0, 20));
  await answered;
  const closed = gateway.close();
  socket.write(message.slice(20));
  await ended;
  await closed;
  const [, second = ''] = text.split(/(?<=\})\n?(?=HTTP)/);
  const [head = '', content = ''] = second.split('\r\n\r\n');
  const isReadable = head.includes(`\r\naccess-control-allow-origin: ${ORIGIN}`);
  return { status: Number(head.split(' ', 2)[1]), text: content, isReadable };
}

/** A request as it is sent. */
function messageOf({ method, path, headers, body = '' }: Asked): string {
  const length = body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const lines = Object.entries({ host: '127.0.0.1', ...headers, ...length }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}
