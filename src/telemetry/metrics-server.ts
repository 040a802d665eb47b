import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { answerLogLevel, type LogLevel } from './log-level.ts';
import type { CollectMetrics } from './metrics.ts';

/** What a server of metrics serves. */
export interface MetricsServerOptions {
  readonly collect: CollectMetrics;
  readonly logLevel: LogLevel;
  /** All levels that there are. */
  readonly levels: readonly string[];
}

/** A server of metrics that listens. */
export interface MetricsServer {
  /** Without a slash at its end, such as `http://127.0.0.1:9464`. */
  readonly url: string;
  close(): Promise<void>;
}

/** How many connections a server of metrics has at most. Prometheus needs one. One more takes the place of the oldest idle one. */
const MAX_CONNECTIONS = 32;

/** How many requests of one connection are under way at most. Prometheus sends one after the other. */
const MAX_REQUESTS = 4;

/** How long a connection may be silent while a response is under way, in milliseconds. */
const SILENT_MS = 10_000;

/** How many times as long as it took to collect the metrics they are not collected again. */
const REST = 9;

/**
 * Serves `GET /metrics` on a port of its own, and `/log-level`.
 *
 * @param address where to listen. A `port` of 0 is any
 * @throws {NodeJS.ErrnoException} when it cannot listen there
 */
export async function startMetricsServer(
  address: { readonly host: string; readonly port: number },
  options: MetricsServerOptions,
): Promise<MetricsServer> {
  const collect = collectTogether(options.collect);
  const underWay = new Map<Socket, number>();
  const server = createServer(TIMEOUTS, (request, response) => {
    const { socket } = request;
    const count = (more: number) => {
      const requests = underWay.get(socket);
      if (requests !== undefined) underWay.set(socket, requests + more);
      return requests ?? 0;
    };
    response.once('close', () => count(-1));
    if (count(1) >= MAX_REQUESTS) socket.destroy();
    else answer(request, response, { ...options, collect }).catch(() => response.destroy());
  });
  server.setTimeout(SILENT_MS);
  server.on('connection', (socket) => {
    if (underWay.size >= MAX_CONNECTIONS) (oldestIdle(underWay) ?? socket).destroy();
    underWay.set(socket, 0);
    socket.once('close', () => underWay.delete(socket));
  });
  await listen(server, address);
  // oxlint-disable-next-line no-unsafe-type-assertion -- it listens on TCP
  const { address: host, family, port } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${host}]` : host}:${String(port)}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Node looks every 30 s otherwise. */
const TIMEOUTS = { requestTimeout: 5000, connectionsCheckingInterval: 1000 };

/** Whoever holds connections without asking anything keeps nobody else from asking. */
function oldestIdle(underWay: ReadonlyMap<Socket, number>): Socket | undefined {
  for (const [socket, requests] of underWay) if (requests === 0 && !socket.destroyed) return socket;
  return undefined;
}

/**
 * Collects the metrics once for all who ask before that begins, and takes a tenth of the processor for it at most, however often
 * they are asked for. Nobody gets what was collected before he has asked.
 */
export function collectTogether(collect: CollectMetrics): CollectMetrics {
  type Format = Parameters<CollectMetrics>[0];
  /** Collections that have not begun, by their format. */
  const coming = new Map<Format, ReturnType<CollectMetrics>>();
  let restsUntil = -Infinity;

  async function collectNext(format: Format): ReturnType<CollectMetrics> {
    await setTimeout(Math.max(0, restsUntil - performance.now()), undefined, { ref: false });
    coming.delete(format);
    const startedAt = performance.now();
    try {
      return await collect(format);
    } finally {
      const endedAt = performance.now();
      restsUntil = endedAt + REST * (endedAt - startedAt);
    }
  }

  return (format) => {
    const next = coming.get(format) ?? collectNext(format);
    coming.set(format, next);
    return next;
  };
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host, port }, () => {
    server.removeListener('error', reject);
    resolve();
  });
  return promise;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { collect, logLevel, levels }: MetricsServerOptions,
): Promise<void> {
  const { method, url = '', headers } = request;
  const [path] = url.split('?', 1);
  if (path === '/log-level') return answerLogLevel(request, response, logLevel, levels);
  if (path !== '/metrics')
    return refuse(response, 404, 'Metrics are at /metrics, and the level of the log at /log-level');
  if (method !== 'GET' && method !== 'HEAD') return refuse(response, 405, '/metrics takes GET');
  const wantsOpenMetrics = headers.accept?.includes('application/openmetrics-text') === true;
  const { type, text } = await collect(wantsOpenMetrics ? 'openmetrics' : 'prometheus');
  response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(method === 'HEAD' ? undefined : text);
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'x-content-type-options': 'nosniff',
    ...(status === 405 && { allow: 'GET, HEAD' }),
  });
  response.end(`${message}\n`);
}
