import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Admission } from './admission.ts';
import type { EmulatorCredentials, KeyRefusal } from './admission.ts';
import { handleRequest } from './api.ts';
import type { ApiOptions } from './api.ts';
import { Clock } from './clock.ts';
import { CONTROL_PREFIX, handleControl } from './control.ts';
import { deliver } from './delivery.ts';
import { errorResponse } from './envelope.ts';
import { ApiError } from './errors.ts';
import { FaultInjector } from './faults.ts';
import type { ProxyFault } from './faults.ts';
import { ISSUER_PREFIX, TokenIssuer } from './issuer.ts';
import { JobRegistry } from './jobs.ts';
import { isKeyRequest, KeyService } from './key-service.ts';
import { answerConnect } from './proxy.ts';
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
  /**
   * A certificate and its key, as PEM text, and a port on 127.0.0.1 for HTTPS. The emulator is a proxy then, at whose tunnels'
   * ends it is ICE and STS. @default no TLS; port 0 means any free port
   */
  readonly tls?: { readonly cert: string; readonly key: string; readonly port?: number } | undefined;
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
  /** `https://localhost:PORT`. It is `undefined` without `tls`. */
  readonly tlsEndpoint: string | undefined;
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
  /** Has a key refused from now on, or accepted again, as `PATCH /_emulator/credentials` does. */
  refuseKey(accessKeyId: string, refusal: KeyRefusal | undefined): void;
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

  const keyService = new KeyService({ admission, faults, clock });
  const issuer = new TokenIssuer(options.now ?? Date.now);
  const state = { admission, jobs, faults, clock, requestLog, keyService, issuer };
  const handle = createHandler({ ...state, latencyMs, onInternalError });
  const server = createServer(LIMITS, handle);
  const { tls: certificate } = options;
  const tls = certificate && createTlsServer({ ...LIMITS, ...certificate }, handle);
  const closeTunnels = answerConnect(server, { faults, tls });
  const port = await listen(server, options.port ?? 0);
  const tlsPort = tls && (await listen(tls, certificate.port ?? 0));

  return {
    endpoint: `http://127.0.0.1:${port}`,
    tlsEndpoint: tlsPort === undefined ? undefined : `https://localhost:${tlsPort}`,
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
    refuseKey: (accessKeyId, refusal) => admission.refuse(accessKeyId, refusal),
    advanceClock: (milliseconds) => clock.advance(milliseconds),
    async close() {
      closeTunnels();
      if (tls) await close(tls);
      await close(server);
    },
  };
}

type ServerOptions = ApiOptions & {
  readonly requestLog: RequestLog;
  readonly keyService: KeyService;
  readonly issuer: TokenIssuer;
};

// A signed GET of SubmitPackageJob has all its parameters in the URL, so the default of 16 KiB can be too small.
const LIMITS = { maxHeaderSize: 64 * 1024, keepAliveTimeout: 60_000 };

function createHandler(
  options: ServerOptions,
): (incoming: IncomingMessage, response: ServerResponse) => void {
  return (incoming, response) => {
    handlerFor(incoming, options)(incoming, response, options).catch((error: unknown) => {
      // After the client has disconnected, the error is expected. A response cannot be sent in either case.
      if (!response.destroyed) options.onInternalError(error);
      response.destroy();
    });
  };
}

function handlerFor(incoming: IncomingMessage, { faults }: ServerOptions) {
  // A client that has us for its proxy sends the whole URL.
  const { url = '/' } = incoming;
  const target = url.replace(/^http:\/\/[^/?]*/i, '');
  const proxyFault = target === url ? undefined : faults.take(['proxy'], undefined, []);
  if (proxyFault !== undefined) return refuseAsProxy(proxyFault);
  incoming.url = target;
  const { path } = splitUrl(target);
  if (path.startsWith(CONTROL_PREFIX)) return handleControl;
  if (path.startsWith(ISSUER_PREFIX)) return handleIssuer;
  return isKeyRequest(target, incoming.headers) ? handleKeyRequest : handleApi;
}

function refuseAsProxy({ status = 407, isSilent = false }: ProxyFault) {
  return async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    await readBody(incoming);
    if (!isSilent) response.writeHead(status).end();
  };
}

async function handleIssuer(
  incoming: IncomingMessage,
  response: ServerResponse,
  { issuer }: ServerOptions,
): Promise<void> {
  await issuer.handle(incoming, response);
}

async function handleKeyRequest(
  incoming: IncomingMessage,
  response: ServerResponse,
  { keyService }: ServerOptions,
): Promise<void> {
  const disconnected = new AbortController();
  response.once('close', () => disconnected.abort());
  const request = parseRequest(incoming, await readBody(incoming));
  const context = {
    requestId: randomUUID().toUpperCase(),
    hostId: incoming.headers.host ?? '127.0.0.1',
    format: 'json',
  } as const;
  deliver(response, await keyService.handle(request, context, disconnected.signal));
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
