import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
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

/** How many connections a server of metrics has at most. Prometheus needs one. */
const MAX_CONNECTIONS = 32;

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
  const server = createServer({ requestTimeout: 5000 }, (request, response) => {
    answer(request, response, options).catch(() => response.destroy());
  });
  server.maxConnections = MAX_CONNECTIONS;
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
