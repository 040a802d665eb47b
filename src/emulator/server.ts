import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Admission } from './admission.ts';
import type { EmulatorCredentials } from './admission.ts';
import { answerRequest } from './api.ts';
import type { ApiOptions } from './api.ts';
import { Clock } from './clock.ts';
import { controlPrefix, handleControl } from './control.ts';
import { deliver } from './delivery.ts';
import { refusalReply } from './envelope.ts';
import { Refusal } from './errors.ts';
import { FaultBook } from './faults.ts';
import { JobBook } from './jobs.ts';
import { Journal } from './journal.ts';
import type { ReceivedRequest } from './journal.ts';
import { parseRequest, readBody, splitUrl } from './request.ts';
import { seedDemo } from './seed.ts';
import type { IceAction } from './wire.ts';

export type { EmulatorCredentials } from './admission.ts';
export type { Fault, FaultBook, FaultRule, FaultScope } from './faults.ts';
export type { JobBook, JobQuery, UnknownJobAnswer } from './jobs.ts';
export type { ReceivedRequest } from './journal.ts';
export type { Outcome } from './lifecycle.ts';
export type { JobSubmission, NewJob } from './new-job.ts';
export type { IceAction, WireJobPage, WireMedia, WirePackageJob } from './wire.ts';

export interface EmulatorOptions {
  /** Always bound to 127.0.0.1; 0 = any free port. @default 0 */
  readonly port?: number;
  /** The clock, in milliseconds since the epoch; jobs, signatures and limits go by it. @default Date.now */
  readonly now?: () => number;
  /** Keys that may sign. @default {@link defaultCredentials} */
  readonly credentials?: readonly EmulatorCredentials[];
  /** `demo`: a few hundred believable jobs and the reference's example. @default none */
  readonly seed?: 'demo' | 'none';
  /** Calls per second; Infinity = off. @default GetPackageJob 100, ListPackageJobs 100, SubmitPackageJob 50 */
  readonly limits?: Partial<Record<IceAction, number>>;
  /** Every API answer waits this long, in real milliseconds. @default 0 */
  readonly latencyMs?: number;
  /** Told of exceptions nobody foresaw, which clients see as InternalError. @default nobody is told */
  readonly onInternalError?: (error: unknown) => void;
}

export interface Emulator {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** The first key without a security token, else the first one. */
  readonly credentials: EmulatorCredentials;
  /** API requests received since the last reset, oldest first; at least the last 100,000 of them. */
  readonly requests: readonly ReceivedRequest[];
  /** Most API requests ever under way at once since the last reset. */
  readonly maxConcurrency: number;
  readonly jobs: JobBook;
  readonly faults: FaultBook;
  /** API requests received since the last reset, also those no longer kept. */
  countRequests(action?: IceAction): number;
  resetRequests(): void;
  /** Shifts the clock, as `POST /_emulator/clock` does. */
  advanceClock(milliseconds: number): void;
  /** Closes the listener and every connection, hanging ones included. */
  close(): Promise<void>;
}

/** Fake on purpose: one static pair and one session triple. */
export const defaultCredentials: readonly [EmulatorCredentials, EmulatorCredentials] = [
  { accessKeyId: 'example-access-key', accessKeySecret: 'not-a-real-secret' },
  {
    accessKeyId: 'example-sts-access-key',
    accessKeySecret: 'not-a-real-sts-secret',
    securityToken: 'not-a-real+token/with==special&chars %2B~*',
  },
];

const defaultLimits = { GetPackageJob: 100, ListPackageJobs: 100, SubmitPackageJob: 50 } as const;

/**
 * Starts a local ICE.
 *
 * @throws {TypeError} when `credentials` is an empty list
 * @throws {Error} EADDRINUSE when the port is taken
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const { credentials = defaultCredentials, limits, latencyMs = 0, onInternalError = () => {} } = options;
  const main = credentials.find(({ securityToken }) => securityToken === undefined) ?? credentials[0];
  if (main === undefined) throw new TypeError('credentials must name at least one key');

  const clock = new Clock(options.now ?? Date.now);
  const jobs = new JobBook(() => clock.now());
  const faults = new FaultBook();
  const journal = new Journal();
  const admission = new Admission({ credentials, limits: { ...defaultLimits, ...limits } });
  if (options.seed === 'demo') seedDemo(jobs, clock.now());

  const server = createHttpServer({ admission, jobs, faults, clock, journal, latencyMs, onInternalError });
  const port = await listen(server, options.port ?? 0);

  return {
    endpoint: `http://127.0.0.1:${port}`,
    credentials: main,
    jobs,
    faults,
    get requests() {
      return journal.requests;
    },
    get maxConcurrency() {
      return journal.maxConcurrency;
    },
    countRequests: (action) => journal.count(action),
    resetRequests: () => journal.reset(),
    advanceClock: (milliseconds) => clock.advance(milliseconds),
    close: () => close(server),
  };
}

type ServerOptions = ApiOptions & { readonly journal: Journal };

function createHttpServer(options: ServerOptions): Server {
  // Long signed GETs of SubmitPackageJob carry everything in the URL.
  const limits = { maxHeaderSize: 64 * 1024, keepAliveTimeout: 60_000 };
  return createServer(limits, (incoming, response) => {
    const { path } = splitUrl(incoming.url ?? '/');
    const handle = path.startsWith(controlPrefix) ? handleControl : handleApi;
    handle(incoming, response, options).catch((error: unknown) => {
      // A client that has left is no bug, and there is nobody to answer either way.
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
  const { journal, clock } = options;
  const requestId = randomUUID().toUpperCase();
  const hostId = incoming.headers.host ?? '127.0.0.1';
  const entry = journal.open(incoming, requestId, clock.now());
  const gone = new AbortController();
  response.once('close', () => {
    journal.close(entry, response.headersSent ? response.statusCode : undefined);
    gone.abort();
  });
  try {
    const request = parseRequest(incoming, await readBody(incoming));
    journal.describe(entry, request);
    const exchange = { requestId, hostId, format: request.format };
    deliver(response, await answerRequest(request, exchange, { ...options, signal: gone.signal }));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    deliver(response, { reply: refusalReply({ requestId, hostId, format: 'json' }, error) });
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
