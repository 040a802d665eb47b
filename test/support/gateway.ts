import type { FastifyBaseLogger } from 'fastify';
import { pino } from 'pino';
import { readConfig } from '../../src/config.ts';
import { startEmulator, type Emulator, type EmulatorOptions } from '../../src/emulator/server.ts';
import { startGateway as start } from '../../src/gateway.ts';
import { NO_LIMITS } from './limits.ts';

export interface TestGatewayOptions {
  /** Variables that differ from the defaults below. */
  readonly env?: Readonly<Record<string, string>>;
  readonly emulator?: EmulatorOptions;
  /** Whether it serves metrics, on any port. @default false */
  readonly hasMetrics?: boolean;
  /** The clock of the gateway and of its emulator. @default Date.now */
  readonly now?: () => number;
  /** Receives every line of the log. @default nobody */
  readonly onLogLine?: (line: string) => void;
}

/** An answer of the gateway, as a client sees it. */
export interface GraphqlAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly data?: Record<string, unknown> | null;
  readonly extensions?: Record<string, unknown>;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly extensions: Readonly<Record<string, unknown>>;
  }[];
}

export interface TestGateway {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** The same of its metrics, if it serves them. */
  readonly metricsUrl: string | undefined;
  readonly emulator: Emulator;
  /** Posts an operation, as `fetch` does it. */
  readonly query: (
    query: string,
    variables?: Record<string, unknown>,
    headers?: Record<string, string>,
    /** Disconnects. */
    signal?: AbortSignal,
  ) => Promise<GraphqlAnswer>;
  /** Stops the gateway and starts another at the same address, in front of the same emulator. */
  restart(meanwhile?: () => void): Promise<void>;
  close(): Promise<void>;
}

/** The rate is far above any test's, so that only tests of the rate meet it. */
const ENV = {
  PORT: '0',
  METRICS_PORT: '0',
  UPSTREAM: 'emulator',
  ICE_CALLS_PER_SECOND: '10000',
  // The suites run again with every query executed by graphql-js.
  ...(process.env['PLAIN_GATEWAY'] === 'true' && { JIT: 'off', ANSWERS_MAX_MB: '0' }),
};

/** A whole gateway on a port of its own, in front of an emulator of its own. It is ready when this resolves. */
export async function startGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const { now = Date.now } = options;
  const emulator = await startEmulator({ seed: 'demo', limits: NO_LIMITS, now, ...options.emulator });
  const logger = createLogger(options.onLogLine);
  const config = {
    ...readConfig({ ...ENV, ...options.env }),
    ...(options.hasMetrics && { metrics: { host: '127.0.0.1', port: 0 } }),
  };
  const upstream = { endpoint: new URL(emulator.endpoint), credentials: emulator.credentials };
  let gateway = await start(config, upstream, logger, now);
  const { url } = gateway;
  await untilReady(url);
  emulator.resetRequests();

  return {
    url,
    metricsUrl: gateway.metricsUrl,
    emulator,
    query: (query, variables, headers, signal) => post(url, { query, variables }, headers, signal),
    async restart(meanwhile) {
      await gateway.close();
      meanwhile?.();
      gateway = await start({ ...config, port: Number(new URL(url).port) }, upstream, logger, now);
      await untilReady(url);
    },
    async close() {
      await gateway.close();
      await emulator.close();
    },
  };
}

/** Posts a body as JSON. */
export async function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<GraphqlAnswer> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    ...(signal && { signal }),
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const answer = (await response.json()) as Pick<GraphqlAnswer, 'data' | 'errors' | 'extensions'>;
  return { status: response.status, headers: response.headers, ...answer };
}

/** A connection that was open before a restart can still be in the pool of `fetch`. */
async function untilReady(url: string): Promise<void> {
  const isReady = () =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isReady()));
}

function createLogger(onLogLine: ((line: string) => void) | undefined): FastifyBaseLogger {
  return onLogLine === undefined ? pino({ level: 'silent' }) : pino({ level: 'trace' }, { write: onLogLine });
}
