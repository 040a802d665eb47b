import { once } from 'node:events';
import type { RequestListener, Server, ServerOptions } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { createAdmissions } from '../../../src/server/http/admission.ts';
import { createHttpConnections, type HttpConnectionsOptions } from '../../../src/server/http/connections.ts';
import { refuseConnection } from '../../../src/server/http/error-responses.ts';
import { createUsage, type Usage, type UsageLimits } from '../../../src/server/http/usage.ts';
import { createClientOf, createPeerOf } from '../../../src/server/http/client.ts';
import { createEvents } from '../../support/events.ts';

const NONE = { client: Infinity, gateway: Infinity };
export const NO_LIMITS: UsageLimits = {
  connections: NONE,
  requests: NONE,
  held: NONE,
  unread: NONE,
  unreadMost: NONE,
};

export interface CountedServerOptions {
  readonly limits?: Partial<UsageLimits>;
  readonly connections?: Partial<HttpConnectionsOptions>;
  readonly server?: ServerOptions;
}

/** A counted server that does not listen, and what its clients have. It has no other rule. */
export function createCountedServer(
  listener: RequestListener,
  { limits, connections, server: options = {} }: CountedServerOptions = {},
): { readonly server: Server; readonly usage: Usage } {
  const usage = createUsage({ ...NO_LIMITS, ...limits });
  const http = createHttpConnections({
    usage,
    maxRequests: 64,
    unknownBodyBytes: 1000,
    stalledMs: 60_000,
    peerOf: createPeerOf(0),
    logger: pino({ level: 'silent' }),
    ...connections,
  });
  const admissions = createAdmissions({ usage: http.check }, createClientOf(0), createEvents().server);
  const server = http.createServer(options, admissions, (request, response) => {
    const { refusal } = admissions.of(request);
    if (refusal === undefined) return listener(request, response);
    const { status, code, policy, headers } = refusal;
    const text = `${code} ${policy ?? ''}`;
    response.writeHead(status, { ...headers, 'content-length': text.length }).end(text);
  });
  server.on('clientError', (error, socket) => refuseConnection(error, socket as Socket));
  return { server, usage };
}

/** Starts it, until the test has finished. */
export async function startCountedServer(listener: RequestListener, options?: CountedServerOptions) {
  const { server, usage } = createCountedServer(listener, options);
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  return { port, usage, server };
}

/** A client that writes and reads bytes. */
export interface RawClient {
  readonly socket: Socket;
  /** Resolves to all that has come, but for repeated x, once it has the pattern in it. Rejects when the connection closes before. */
  until(pattern: RegExp): Promise<string>;
  /** Resolves to all that has come, once the connection is closed. */
  readonly closed: Promise<string>;
}

/** @param address where the client is, on loopback */
export function connectRaw(port: number, text = '', address = '127.0.0.1'): RawClient {
  const socket = connect({ port, host: '127.0.0.1', localAddress: address });
  let received = '';
  const lookers = new Set<() => void>();
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    received += chunk.replaceAll(/x+/g, 'x');
    for (const look of lookers) look();
  });
  socket.on('error', () => undefined);
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(received)));
  onTestFinished(() => void socket.destroy());
  if (text !== '') socket.write(text);
  return {
    socket,
    closed,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!pattern.test(received)) return;
          lookers.delete(look);
          resolve(received);
        };
        lookers.add(look);
        look();
        void closed.then(() => reject(new Error(`closed without ${String(pattern)}: ${received}`)));
      }),
  };
}

/** A request without a body. */
export function get(path: string, headers = ''): string {
  return `GET ${path} HTTP/1.1\r\nhost: a\r\n${headers}\r\n`;
}
