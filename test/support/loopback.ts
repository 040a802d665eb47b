import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Certificate } from './tls.ts';

/** A server on 127.0.0.1. */
export interface LoopbackServer {
  readonly port: number;
  /** Closes it with all its connections, also those that hang. */
  close(): Promise<void>;
}

/** Listens on a free port. */
export function serve(listener: RequestListener, certificate?: Certificate): Promise<LoopbackServer> {
  const server =
    certificate === undefined ? createServer(listener) : createTlsServer({ ...certificate }, listener);
  return listen(server);
}

/** Listens on a free port. Connections are kept until it is closed. */
export async function listen(server: Server): Promise<LoopbackServer> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** A port that is free for now, for programs that cannot choose one by themselves. */
export async function freePort(): Promise<number> {
  const server = await listen(createServer());
  await server.close();
  return server.port;
}

/** A proxy, and what it was asked for. */
export interface TestProxy extends LoopbackServer {
  /** Targets of tunnels, and URLs of plain requests, in order. */
  readonly asked: string[];
  /** The header Proxy-Authorization of each. */
  readonly authorizations: (string | undefined)[];
}

export interface TestProxyOptions {
  /** The port on this machine that stands for a target, such as `sts.aliyuncs.com:443`. @default none, so that it is refused */
  readonly route?: (target: string) => number | undefined;
  /** The status of its answer to CONNECT. @default 200, or 502 without a route */
  readonly status?: number;
  /** Whether it never answers. */
  readonly isSilent?: boolean;
}

/** A proxy for tunnels (CONNECT) and plain requests. */
export async function startProxy({
  route = () => undefined,
  status = 200,
  isSilent = false,
}: TestProxyOptions): Promise<TestProxy> {
  const asked: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const note = (target: string, { headers }: IncomingMessage) => {
    asked.push(target);
    authorizations.push(headers['proxy-authorization']);
  };
  const server = createServer((request, response) => {
    note(request.url ?? '', request);
    response.writeHead(status).end('{"AccessKeyId":"id-by-proxy","AccessKeySecret":"s","SecurityToken":"t"}');
  });
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    const target = request.url ?? '';
    note(target, request);
    if (isSilent) return;
    const port = route(target);
    if (status !== 200 || port === undefined) {
      client.end(`HTTP/1.1 ${String(status === 200 ? 502 : status)} No\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy()).once('close', () => upstream.destroy());
  });
  return { ...(await listen(server)), asked, authorizations };
}
