import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Admission } from './admission.ts';
import type { EmulatorCredentials } from './admission.ts';
import { handleRequest } from './api.ts';
import type { ApiOptions } from './api.ts';
import { Clock } from './clock.ts';
import { CONTROL_PREFIX, handleControl } from './control.ts';
import { deliver } from './delivery.ts';
import { errorResponse } from './envelope.ts';
import { ApiError } from './errors.ts';
import { FaultInjector } from './faults.ts';
import { JobRegistry } from './jobs.ts';
import { RequestLog } from './request-log.ts';
import type { ReceivedRequest } from './request-log.ts';
import { parseRequest, readBody, splitUrl } from './request.ts';
import { seedDemo } from './seed.ts';
import type { IceAction } from './wire.ts';

export type { EmulatorCredentials } from './admission.ts';
export type { Fault, FaultInjector, FaultRule, FaultScope } from './faults.ts';
export type { JobQuery, JobRegistry, UnknownJobResponse } from './jobs.ts';
export type { ReceivedRequest } from './request-log.ts';
export type { Outcome } from './lifecycle.ts';
export type { JobSubmission, NewJob } from './new-job.ts';
export type { IceAction, WireJobPage, WireMedia, WirePackageJob } from './wire.ts';

export interface EmulatorOptions {
  /** The port on 127.0.0.1. 0 means any free port. @default 0 */
  readonly port?: number;
  /** The clock for jobs, signatures and limits, in milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
  /** The access keys that requests can be signed with. @default {@link DEFAULT_CREDENTIALS} */
  readonly credentials?: readonly EmulatorCredentials[];
  /** `demo`: a few hundred realistic jobs and the example of the ICE reference. @default none */
  readonly seed?: 'demo' | 'none';
  /**
   * Maximum calls per second. Infinity means no limit.
   *
   * @default GetPackageJob 100, ListPackageJobs 100, SubmitPackageJob 50
   */
  readonly limits?: Partial<Record<IceAction, number>>;
  /** The delay of every API response, in real milliseconds. @default 0 */
  readonly latencyMs?: number;
  /** Called with each unexpected error. The client receives InternalError. @default does nothing */
  readonly onInternalError?: (error: unknown) => void;
}

export interface Emulator {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** The first credentials without a security token, else the first ones. */
  readonly credentials: EmulatorCredentials;
  /** The API requests since the last reset, oldest first. At least the latest 100,000 are kept. */
  readonly requests: readonly ReceivedRequest[];
  /** The largest number of API requests in flight at once since the last reset. */
  readonly maxConcurrency: number;
  readonly jobs: JobRegistry;
  readonly faults: FaultInjector;
  /** The number of API requests since the last reset, including those that are no longer kept. */
  countRequests(action?: IceAction): number;
  resetRequests(): void;
  /** Replaces the access keys, as `POST /_emulator/credentials` does. */
  setCredentials(credentials: readonly EmulatorCredentials[]): void;
  /** Moves the clock forward, as `POST /_emulator/clock` does. */
  advanceClock(milliseconds: number): void;
  /** Closes the server and every connection, including hanging ones. */
  close(): Promise<void>;
}

/** Not real: one static access key, and one temporary (STS) key with a security token. */
export const DEFAULT_CREDENTIALS: readonly [EmulatorCredentials, EmulatorCredentials] = [
  { accessKeyId: 'example-access-key', accessKeySecret: 'not-a-real-secret' },
  {
    accessKeyId: 'example-sts-access-key',
    accessKeySecret: 'not-a-real-sts-secret',
    securityToken: 'not-a-real+token/with==special&chars %2B~*',
  },
];

const DEFAULT_LIMITS = { GetPackageJob: 100, ListPackageJobs: 100, SubmitPackageJob: 50 } as const;

/**
 * Starts a local ICE.
 *
 * @throws {TypeError} when `credentials` is an empty list
 * @throws {Error} EADDRINUSE when the port is taken
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const { credentials = DEFAULT_CREDENTIALS, limits, latencyMs = 0, onInternalError = () => {} } = options;
  const main = credentials.find(({ securityToken }) => securityToken === undefined) ?? credentials[0];
  if (main === undefined) throw new TypeError('credentials must name at least one key');

  const clock = new Clock(options.now ?? Date.now);
  const jobs = new JobRegistry(() => clock.now());
  const faults = new FaultInjector();
  const requestLog = new RequestLog();
  const admission = new Admission({ credentials, limits: { ...DEFAULT_LIMITS, ...limits } });
  if (options.seed === 'demo') seedDemo(jobs, clock.now());

  const server = createHttpServer({ admission, jobs, faults, clock, requestLog, latencyMs, onInternalError });
  const port = await listen(server, options.port ?? 0);

  return {
    endpoint: `http://127.0.0.1:${port}`,
    credentials: main,
    jobs,
    faults,
    get requests() {
      return requestLog.requests;
    },
    get maxConcurrency() {
      return requestLog.maxConcurrency;
    },
    countRequests: (action) => requestLog.count(action),
    resetRequests: () => requestLog.reset(),
    setCredentials: (keys) => admission.setCredentials(keys),
    advanceClock: (milliseconds) => clock.advance(milliseconds),
    close: () => close(server),
  };
}

type ServerOptions = ApiOptions & { readonly requestLog: RequestLog };

function createHttpServer(options: ServerOptions): Server {
  // A signed GET of SubmitPackageJob has all its parameters in the URL, so the default of 16 KiB can be too small.
  const limits = { maxHeaderSize: 64 * 1024, keepAliveTimeout: 60_000 };
  return createServer(limits, (incoming, response) => {
    const { path } = splitUrl(incoming.url ?? '/');
    const handle = path.startsWith(CONTROL_PREFIX) ? handleControl : handleApi;
    handle(incoming, response, options).catch((error: unknown) => {
      // After the client has disconnected, the error is expected. A response cannot be sent in either case.
      if (!response.destroyed) options.onInternalError(error);
      response.destroy();
    });
  });
}

async function handleApi(
  incoming: IncomingMessage,
  response: ServerResponse,
  options: ServerOptions,
): Promise<void> {
  const { requestLog, clock } = options;
  const requestId = randomUUID().toUpperCase();
  const hostId = incoming.headers.host ?? '127.0.0.1';
  const entry = requestLog.open(incoming, requestId, clock.now());
  const disconnected = new AbortController();
  response.once('close', () => {
    requestLog.close(entry, response.headersSent ? response.statusCode : undefined);
    disconnected.abort();
  });
  try {
    const request = parseRequest(incoming, await readBody(incoming));
    requestLog.describe(entry, request);
    const context = { requestId, hostId, format: request.format };
    deliver(response, await handleRequest(request, context, { ...options, signal: disconnected.signal }));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    deliver(response, { response: errorResponse({ requestId, hostId, format: 'json' }, error) });
  }
}

function listen(server: Server, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once('error', reject);
  server.listen(port, '127.0.0.1', () => {
    server.off('error', reject);
    const address = server.address();
    if (address === null || typeof address === 'string') reject(new TypeError('expected a TCP address'));
    else resolve(address.port);
  });
  return promise;
}

function close(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  return promise;
}
