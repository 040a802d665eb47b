import { lookup } from 'node:dns/promises';
import { EventEmitter } from 'node:events';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { Config } from './config.ts';
import { createIceClient, type IceClient } from './ice/client.ts';
import { createServerClock } from './ice/clock.ts';
import type { IceEmitter, IceEvents } from './ice/events.ts';
import { createKeyRing } from './ice/keys/key-ring.ts';
import { chooseSource } from './ice/keys/choose-source.ts';
import type { KeySettings, KeySource } from './ice/keys/key-source.ts';
import { createServices } from './ice/keys/service.ts';
import { NO_PROXIES, type ProxySettings } from './ice/proxy.ts';
import type { Credentials } from './ice/sign.ts';
import type { JobsEmitter, JobsEvents } from './jobs/events.ts';
import { createJobs, EVERY_JOB, type Jobs } from './jobs/jobs.ts';
import { createPlanner } from './jobs/source/planner.ts';
import { startJobs } from './jobs/start-jobs.ts';
import { createApp } from './server/app.ts';
import type { ServerEmitter, ServerEvents } from './server/events.ts';
import { createApollo } from './server/graphql/apollo.ts';
import { createExecutor, type Executor } from './server/graphql/executor.ts';
import { createPersistedDocuments, NO_PERSISTED_DOCUMENTS } from './server/graphql/persisted/documents.ts';
import { readManifest } from './server/graphql/persisted/manifest.ts';
import { createSchema } from './server/graphql/schema.ts';
import { createReadiness } from './server/http/readiness.ts';
import { createPreparedOperations } from './server/response-cache/prepared-operations.ts';
import { StoredResponses } from './server/response-cache/stored-responses.ts';
import { createConnections } from './server/transports/connections.ts';
import { countEvents, type Counters } from './telemetry/counters.ts';
import { logEvents } from './telemetry/log.ts';

/** The folder of the built pages. */
export const PAGES_DIRECTORY = new URL('../web/dist/', import.meta.url);

/** Where calls go and how, and the keys to sign them with. Without keys a source of keys is chosen by its settings. */
export interface Upstream {
  readonly endpoint: URL;
  readonly credentials: Credentials | undefined;
  /** @default none is named */
  readonly keySettings?: KeySettings;
  /** @default none */
  readonly proxies?: ProxySettings;
}

/** A gateway that listens. */
export interface Gateway {
  /** Without a slash at its end, such as `http://127.0.0.1:4000`. */
  readonly url: string;
  readonly counters: Counters;
  /**
   * Refuses new requests, ends streams and waits, lets requests in flight finish, then frees everything. Connections that
   * are still open after the longest time of an operation, plus one second, are cut. A submission may take the limit of a
   * call longer.
   */
  close(): Promise<void>;
}

/** What the steps share. */
interface Composition {
  readonly config: Config;
  readonly logger: FastifyBaseLogger;
  /** The clock that states age by and calls are signed with, in milliseconds since 1970. */
  readonly now: () => number;
  /** Aborts when the gateway begins to stop. */
  readonly stopping: AbortSignal;
  readonly events: { readonly ice: IceEmitter; readonly jobs: JobsEmitter; readonly server: ServerEmitter };
}

/**
 * Puts the layers together and listens.
 *
 * @param now the clock that states age by and calls are signed with
 * @throws {ConfigError} when the manifest of persisted operations cannot be used
 */
export async function startGateway(
  config: Config,
  upstream: Upstream,
  logger: FastifyBaseLogger,
  now: () => number = Date.now,
): Promise<Gateway> {
  const stop = new AbortController();
  const events: Composition['events'] = {
    ice: new EventEmitter<IceEvents>(),
    jobs: new EventEmitter<JobsEvents>(),
    server: new EventEmitter<ServerEvents>(),
  };
  const composition: Composition = { config, logger, now, stopping: stop.signal, events };
  const counters = countEvents(events);
  logEvents(events, logger);

  const ice = connectUpstream(upstream, composition);
  const jobs = composeJobs(ice, composition);
  const server = await startServer(ice, jobs, composition);

  return {
    url: server.url,
    counters,
    async close() {
      stop.abort();
      await server.close();
      ice.close();
    },
  };
}

export function connectUpstream(
  { endpoint, credentials, keySettings = {}, proxies = NO_PROXIES }: Upstream,
  {
    config,
    events,
    now,
  }: Pick<Composition, 'config' | 'now'> & { readonly events: { readonly ice: IceEmitter } },
): IceClient {
  const clock = createServerClock(
    now,
    (differenceMs) => void events.ice.emit('clockCorrected', differenceMs),
  );
  const services = createServices({ proxies, clock, machineNow: now });
  return createIceClient({
    endpoint,
    credentials: createKeyRing({
      chooseSource: () =>
        credentials === undefined
          ? chooseSource(keySettings, services)
          : Promise.resolve(fixedSource(credentials)),
      events: events.ice,
      now: () => clock.now(),
    }),
    timeoutMs: config.attemptTimeoutMs,
    callsPerSecond: config.callsPerSecond,
    maxConcurrency: config.maxConcurrency,
    events: events.ice,
    now: () => new Date(now()),
    clock,
    proxies,
  });
}

/** Keys of the environment. They only change with the process. */
function fixedSource(credentials: Credentials): KeySource {
  return { name: 'environment', lookUp: () => Promise.resolve({ credentials, expiresAt: undefined }) };
}

function composeJobs(ice: IceClient, { config, events, now }: Composition): Jobs {
  const { isListBatchingOn, freshness, pollInterval, maxJobs, allowSubmit, operationTimeoutMs } = config;
  const access = startJobs({
    ice,
    source: (memory) => createPlanner({ ice, memory, isListBatchingOn, now, events: events.jobs }),
    freshness,
    pollInterval,
    maxJobs,
    readTimeoutMs: operationTimeoutMs,
    allowSubmit,
    events: events.jobs,
    now,
  });
  return createJobs(access, EVERY_JOB);
}

async function startServer(
  ice: IceClient,
  jobs: Jobs,
  { config, logger, events, stopping, now }: Composition,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const { introspection, isJitOn, operationTimeoutMs, persistedOperations, persistedOnly } = config;
  const schema = createSchema();
  const persisted =
    persistedOperations === undefined
      ? NO_PERSISTED_DOCUMENTS
      : createPersistedDocuments(readManifest(persistedOperations, schema), persistedOnly);
  const apollo = createApollo({ schema, introspection, persisted, isJitOn, logger });
  await apollo.start();
  const jobsFor = () => jobs;
  const app = await createApp({
    logger,
    readiness: createReadiness(
      (signal) => firstCall(ice, signal),
      stopping,
      (error) => logger.warn({ err: error }, 'not ready: the first call of ICE failed'),
    ),
    executor: createExecutor({
      schema,
      apollo,
      jobsFor,
      operationTimeoutMs,
      stopping,
      events: events.server,
    }),
    connections: createConnections(config.streams, stopping, events.server),
    stored: new StoredResponses(config.answersMaxBytes),
    prepared: isJitOn ? createPreparedOperations(schema) : undefined,
    jobsFor,
    corsOrigins: config.corsOrigins,
    allowedHosts: config.allowedHosts,
    trustedProxies: config.trustedProxies,
    pathPrefix: config.pathPrefix,
    introspection,
    pagesDirectory: config.ide ? PAGES_DIRECTORY : undefined,
    stopping,
    now,
    events: events.server,
  });
  // One address, as Fastify drains only the first of several.
  const { address } = await lookup(config.host);
  const url = await app.listen({
    host: address,
    port: config.port,
    listenTextResolver: (address) => `listening on ${address}`,
  });
  return { url, close: () => closeServer(app, apollo, config) };
}

async function closeServer(app: FastifyInstance, apollo: Executor['apollo'], config: Config): Promise<void> {
  const submissionMs = config.allowSubmit ? config.attemptTimeoutMs : 0;
  const longestMs = config.operationTimeoutMs + submissionMs;
  const cut = setTimeout(() => app.server.closeAllConnections(), longestMs + 1000);
  await app.close();
  clearTimeout(cut);
  await apollo.stop();
}

/** The cheapest signed call. ICE accepts it when the endpoint, the keys and the rights are right. */
function firstCall(ice: IceClient, signal: AbortSignal): Promise<unknown> {
  const context = { signal, client: '', turnKey: {}, onCall: () => undefined };
  return ice.listPackageJobs({ orderBy: 'CreateTimeDesc', pageSize: 1 }, context);
}
