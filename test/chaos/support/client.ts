import { request } from 'node:http';
import { connect } from 'node:net';
import { openSocket, type Message, type RawSocket } from '../../support/socket.ts';

/** Addresses of this machine. Each is a client of its own. */
export const ONE = '127.0.0.1';
export const ANOTHER = '127.0.0.2';

/** What came of an operation. */
export interface Result {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly {
    readonly path?: readonly unknown[];
    readonly extensions: Readonly<Record<string, unknown>>;
  }[];
}

/** Posts an operation from an address. */
export function postFrom(
  address: string,
  url: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Result & { readonly status: number; readonly text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<Result & { status: number; text: string }>();
  const outgoing = request(
    `${url}/graphql`,
    {
      method: 'POST',
      localAddress: address,
      agent: false,
      headers: { 'content-type': 'application/json', ...headers },
    },
    (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.once('end', () => {
        const result = text.startsWith('{') ? (JSON.parse(text) as Result) : {};
        resolve({ ...result, status: response.statusCode ?? 0, text });
      });
    },
  );
  outgoing.once('error', reject);
  outgoing.end(JSON.stringify(body));
  return promise;
}

/** The bytes of a request that posts an operation. Several can be written one after the other. */
export function requestBytes(body: object, headers: Record<string, string> = {}): string {
  const text = JSON.stringify(body);
  const lines = Object.entries({
    host: '127.0.0.1',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}`);
  return `POST /graphql HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${text}`;
}

/** Connects, and writes. The returned function leaves. */
export async function openRaw(url: string, bytes: string): Promise<() => void> {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' });
  socket.on('error', () => undefined).resume();
  await new Promise((resolve) => socket.once('connect', resolve));
  await new Promise((resolve) => socket.write(bytes, resolve));
  return () => void socket.destroy();
}

export interface SocketClient extends Pick<RawSocket, 'message'> {
  readonly send: (...messages: (Message | string)[]) => void;
  readonly close: () => void;
}

/** Opens a WebSocket from an address. Messages that are sent together arrive together. */
export async function socketFrom(address: string, url: string): Promise<SocketClient> {
  const transport = connect({ port: Number(new URL(url).port), host: '127.0.0.1', localAddress: address });
  const { socket, message } = await openSocket(url, { transport });
  return {
    send(...list) {
      transport.cork();
      for (const message of list)
        socket.send(typeof message === 'string' ? message : JSON.stringify(message));
      transport.uncork();
    },
    message,
    close: () => socket.terminate(),
  };
}
