import { lookup } from 'node:dns/promises';
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import { BOUNDS } from './bounds.ts';
import { cacheSizes, type CacheSizes } from './cache-sizes.ts';
import { ConfigError, type Config } from './config.ts';
import { heapLimit } from './heap.ts';
import { composeJobs, composeReplicas } from './domain.ts';
import type { IceClient } from './ice/client.ts';
import { composeDoors, composeTokens } from './identity.ts';
import { IceError } from './ice/errors.ts';
import type { IceEmitter, IceEvents } from './ice/events.ts';
import { explain, networkCodeOf } from './ice/explain.ts';
import type { JobsEmitter, JobsEvents } from './jobs/events.ts';
import type { Caches } from './measured-cache.ts';
import type { ReplicasEmitter, ReplicasEvents } from './replicas/events.ts';
import type { Replicas } from './replicas/replicas.ts';
import type { StartedJobs } from './jobs/start-jobs.ts';
import { createApp } from './server/app.ts';
import { ERRORS } from './server/errors/catalogue.ts';
import type { ServerEmitter, ServerEvents } from './server/events.ts';
import { createApollo } from './server/graphql/apollo.ts';
import { createExecutor, type Executor } from './server/graphql/executor.ts';
import {
  createPersistedDocuments,
  NO_PERSISTED_DOCUMENTS,
  type PersistedDocuments,
} from './server/graphql/persisted/documents.ts';
import { readManifest } from './server/graphql/persisted/manifest.ts';
import { createSchema } from './server/graphql/schema.ts';
import { createReadiness, type ReadinessProblem } from './server/http/readiness.ts';
import { createPreparedOperations } from './server/response-cache/prepared-operations.ts';
import { StoredResponses } from './server/response-cache/stored-responses.ts';
import { createConnections } from './server/transports/connections.ts';
import { countEvents, type Counters } from './telemetry/counters.ts';
import { logEvents, logSpanFailures } from './telemetry/log.ts';
import { createLogLevel, type LogLevel } from './telemetry/log-level.ts';
import { logMemoryAnswers } from './telemetry/memory-answers.ts';
import type { MetricsServer } from './telemetry/metrics-server.ts';
import type { Observed } from './telemetry/observed.ts';
import type { Tracing } from './telemetry/tracing.ts';
import type { RecorderHandle } from './telemetry/tracing-sdk.ts';
import { composeRateLimit } from './rate-limits.ts';
import { connectUpstream, firstCall, type Upstream } from './upstream.ts';
import { OTHERS } from './variables.ts';

export type { Upstream } from './upstream.ts';

const LOG_LEVELS = OTHERS.LOG_LEVEL.values;

/** The folder of the built pages. */
export const PAGES_DIRECTORY = new URL('../web/dist/', import.meta.url);

/** A gateway that listens. */
export interface Gateway {
  /** Without a slash at its end, such as `http://127.0.0.1:4000`. */
  readonly url: string;
  readonly counters: Counters;
  /** Where metrics are served, such as `http://127.0.0.1:9464`. `undefined`: nowhere. */
  readonly metricsUrl: string | undefined;
  readonly logLevel: LogLevel;
  /** Resolves when ICE was first called: to what is wrong, in one line, or to `undefined`. */
  readonly firstProblem: Promise<string | undefined>;
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
  readonly logLevel: LogLevel;
  /** The clock that states age by and calls are signed with, in milliseconds since 1970. */
  readonly now: () => number;
  /** Aborts when the gateway begins to stop. */
  readonly stopping: AbortSignal;
  /** A secret that all replicas have. `undefined`: they share none. */
  readonly cursorSecret: string | undefined;
  readonly events: {
    readonly ice: IceEmitter;
    readonly jobs: JobsEmitter;
    readonly server: ServerEmitter;
    readonly replicas: ReplicasEmitter;
  };
  readonly caches: Caches;
  /** What the caches may take whose size is a variable. */
  readonly sizes: CacheSizes;
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
    replicas: new EventEmitter<ReplicasEvents>(),
  };
  const logLevel = createLogLevel(logger, LOG_LEVELS);
  const composition: Composition = {
    config,
    logger,
    logLevel,
    now,
    cursorSecret: upstream.credentials?.accessKeySecret,
    stopping: stop.signal,
    events,
    caches: new Map(),
    sizes: sizesOf(config, logger),
  };
  const counters = countEvents(events);
  // Ahead of the metrics, which show traces beside their figures.
  const tracing = await startTracing(upstream, composition);
  logEvents(events, logger, tracing?.currentTraceId);
  logMemoryAnswers(events.server, logger, stop.signal);

  const schema = createSchema();
  const persisted = persistedDocuments(schema, config);
  const replicasMetrics = await countReplicas(composition);
  const replicas = await composeReplicas(upstream, composition);
  const ice = connectUpstream(upstream, config, events.ice, now, replicas?.sharedRates);
  const jobs = composeJobs(ice, replicas, composition);
  const observed = { ice, jobs, spans: tracing?.spans, replicas: replicasMetrics };
  const metrics = await startMetrics(observed, persisted, composition);
  const server = await startServer(ice, jobs, { schema, persisted, replicas }, composition).catch(
    async (error: unknown) => {
      await metrics?.close();
      await replicas?.close();
      throw error;
    },
  );

  return {
    url: server.url,
    counters,
    metricsUrl: metrics?.url,
    logLevel,
    firstProblem: server.firstProblem,
    async close() {
      stop.abort();
      await server.close();
      await metrics?.close();
      await tracing?.shutdown();
      ice.close();
      await replicas?.close();
    },
  };
}

/** Sizes the caches by the heap, and says so where it has no room for what is configured. */
function sizesOf({ maxJobs, answersMaxBytes }: Config, logger: FastifyBaseLogger): CacheSizes {
  const wanted = { jobs: maxJobs * BOUNDS.cachedJob.max, responses: answersMaxBytes };
  const heap = heapLimit();
  const sizes = cacheSizes(wanted, heap);
  if (sizes.jobs < wanted.jobs)
    logger.info(
      { heap, wanted, sizes },
      'caches are smaller than configured, as the heap has no room for them',
    );
  return sizes;
}

function persistedDocuments(
  schema: GraphQLSchema,
  { persistedOperations, persistedOnly }: Config,
): PersistedDocuments {
  if (persistedOperations === undefined) return NO_PERSISTED_DOCUMENTS;
  return createPersistedDocuments(readManifest(persistedOperations, schema), persistedOnly);
}

/** Traces what the layers tell, where the configuration says so. What makes traces is only loaded then. */
async function startTracing(
  { endpoint }: Upstream,
  { config: { tracing }, events, logger }: Composition,
): Promise<(Tracing & Pick<RecorderHandle, 'shutdown' | 'spans'>) | undefined> {
  if (tracing === undefined) return undefined;
  const { traceEvents } = await import('./telemetry/tracing.ts');
  const { startRecorder } = await import('./telemetry/tracing-sdk.ts');
  const recorder = startRecorder(tracing, ownVersion(), logSpanFailures(logger));
  const { currentTraceId } = traceEvents(events, { recorder, upstream: endpoint });
  return { currentTraceId, spans: recorder.spans, shutdown: () => recorder.shutdown() };
}

/** Counts what happens between replicas, where metrics tell of it. */
async function countReplicas({ config, events }: Composition): Promise<Observed['replicas']> {
  if (config.metrics === undefined || config.redis === undefined) return undefined;
  const metrics = await import('./telemetry/replicas-metrics.ts');
  return metrics.countReplicas(events.replicas);
}

/**
 * Serves metrics, where the configuration says so. What makes them is only loaded then.
 *
 * @throws {ConfigError} in production, when the port is taken. Elsewhere it is a warning
 */
async function startMetrics(
  observed: Pick<Observed, 'ice' | 'jobs' | 'spans' | 'replicas'>,
  { operationNames }: PersistedDocuments,
  { config, logger, logLevel, events, caches, now }: Composition,
): Promise<MetricsServer | undefined> {
  const { metrics, production, freshness } = config;
  if (metrics === undefined) return undefined;
  const { createMetrics } = await import('./telemetry/metrics.ts');
  const { startMetricsServer } = await import('./telemetry/metrics-server.ts');
  const collect = createMetrics({
    ...observed,
    events,
    caches,
    version: ownVersion(),
    jobMaxAgeMs: freshness.unfinishedMs,
    errorCodes: Object.keys(ERRORS),
    operationNames: [...operationNames].slice(0, MAX_OPERATION_NAMES),
    now,
  });
  try {
    return await startMetricsServer(metrics, { collect, logLevel, levels: LOG_LEVELS });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const problem = `METRICS_PORT: cannot listen on ${metrics.host}:${String(metrics.port)} (${code}), 0 turns metrics off`;
    if (production) throw new ConfigError([problem]);
    logger.warn(problem);
    return undefined;
  }
}

/** The most operations of a manifest that have metrics of their own. */
const MAX_OPERATION_NAMES = 200;

interface ServerParts {
  readonly schema: GraphQLSchema;
  readonly persisted: PersistedDocuments;
  readonly replicas: Replicas | undefined;
}

async function startServer(
  ice: IceClient,
  access: StartedJobs,
  { schema, persisted, replicas }: ServerParts,
  composition: Composition,
): Promise<Pick<Gateway, 'url' | 'firstProblem' | 'close'>> {
  const { config, logger, events, stopping, now, caches, sizes } = composition;
  const { introspection, isJitOn, operationTimeoutMs } = config;
  const apollo = createApollo({ schema, introspection, persisted, isJitOn, logger, caches });
  await apollo.start();
  const tokens = composeTokens(composition);
  const jobsFor = composeDoors(access, composition);
  const readiness = createReadiness((signal) => firstCall(ice, signal), stopping, problemOf, {
    onReady() {
      events.server.emit('ready');
      logger.info('ready: ICE accepted a signed call');
    },
    onFailure: ({ message, upstream }) => logger.warn({ upstream }, `not ready: ${message}`),
  });
  const app = await createApp({
    logger,
    readiness,
    replicas: replicas?.connection,
    executor: createExecutor({
      schema,
      apollo,
      jobsFor,
      upstream: config.upstream.kind === 'emulator' ? 'EMULATOR' : 'ICE',
      operationTimeoutMs,
      stopping,
      events: events.server,
      caches,
    }),
    connections: createConnections(config.streams, stopping, events.server),
    stored: new StoredResponses(sizes.responses, caches),
    prepared: isJitOn ? createPreparedOperations(schema, caches) : undefined,
    jobsFor,
    corsOrigins: config.corsOrigins,
    allowedHosts: config.allowedHosts,
    trustedProxies: config.trustedProxies,
    tokens,
    rateLimit: composeRateLimit(replicas, composition),
    ...pagesOf(config),
    introspection,
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
  return {
    url,
    firstProblem: readiness.first.then((problem) => problem?.message),
    close: () => closeServer(app, apollo, config),
  };
}

/** Which pages there are, where, and what they may do. */
function pagesOf({ ide, pathPrefix, production }: Config) {
  return { pagesDirectory: ide ? PAGES_DIRECTORY : undefined, pathPrefix, playsLoopback: !production };
}

async function closeServer(app: FastifyInstance, apollo: Executor['apollo'], config: Config): Promise<void> {
  const submissionMs = config.allowSubmit ? config.attemptTimeoutMs : 0;
  const longestMs = config.operationTimeoutMs + submissionMs;
  const cut = setTimeout(() => app.server.closeAllConnections(), longestMs + 1000);
  await app.close();
  clearTimeout(cut);
  await apollo.stop();
}

/** What an operator should know of a failed first call. */
function problemOf(error: unknown): ReadinessProblem {
  const message = explain(error);
  if (!(error instanceof IceError)) return { code: 'INTERNAL_SERVER_ERROR', message };
  const { action, upstreamCode, requestId } = error.details;
  const upstream = {
    action,
    code: upstreamCode ?? networkCodeOf(error) ?? null,
    requestId: requestId ?? null,
  };
  return { code: error.code, message, upstream };
}

/** The version of the gateway, as its package says. */
function ownVersion(): string {
  // oxlint-disable-next-line no-unsafe-type-assertion -- npm has read it
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}
