import { lookup } from 'node:dns/promises';
import type { FastifyBaseLogger } from 'fastify';
import { isLoopback, type Config } from './config.ts';
import { createIceClient } from './ice/client.ts';
import { createCounters } from './ice/counters.ts';
import { chainCredentials, staticCredentials } from './ice/credentials.ts';
import type { Oddity } from './ice/decode.ts';
import type { Credentials } from './ice/sign.ts';
import { createPlanner } from './jobs/planner.ts';
import { createJobReader } from './jobs/reader.ts';
import { JobStore } from './jobs/store.ts';
import { createJobSubmitter } from './jobs/submitter.ts';
import { createJobWaiter } from './jobs/wait.ts';
import { JobWatcher } from './jobs/watcher.ts';
import { Answers } from './server/hot/answers.ts';
import { createHttpServer } from './server/http.ts';
import { readManifest } from './server/manifest.ts';
import { createOperationServer } from './server/operation.ts';
import { createPersistedDocuments, NO_PERSISTED_DOCUMENTS } from './server/persisted.ts';
import { createPreparedOperations } from './server/hot/prepared.ts';
import { createReadiness } from './server/readiness.ts';
import { createSchema } from './server/schema.ts';
import { createStreams } from './server/streams.ts';

/** Where the IDE is built to. */
export const IDE_DIRECTORY = new URL('../web/dist/', import.meta.url);

/** Where calls go, and the keys to sign them with; without keys the official default chain finds them. */
export interface Upstream {
  readonly endpoint: URL;
  readonly credentials: Credentials | undefined;
}

/** A gateway that listens. */
export interface Gateway {
  /** Without a slash at its end, such as `http://127.0.0.1:4000`. */
  readonly url: string;
  /**
   * Refuses new requests, ends streams and waits, lets what is under way finish, then frees everything. Connections
   * still open after the longest time an operation may take, plus one second, are cut; one that submits may take the
   * limit of a call longer.
   */
  close(): Promise<void>;
}

/**
 * Puts the layers together and listens. `now` is the clock that states age by and calls are signed with.
 *
 * @throws {ConfigError} when the manifest of persisted operations cannot be used
 */
export async function startGateway(
  config: Config,
  upstream: Upstream,
  logger: FastifyBaseLogger,
  now: () => number = Date.now,
): Promise<Gateway> {
  const schema = createSchema();
  const persisted =
    config.persistedOperations === undefined
      ? NO_PERSISTED_DOCUMENTS
      : createPersistedDocuments(readManifest(config.persistedOperations, schema), config.persistedOnly);
  const { endpoint, credentials } = upstream;
  const counters = createCounters();
  const ice = createIceClient({
    endpoint,
    credentials: credentials === undefined ? chainCredentials() : staticCredentials(credentials),
    timeoutMs: config.attemptTimeoutMs,
    callsPerSecond: config.callsPerSecond,
    maxConcurrency: config.maxConcurrency,
    report: logOnce(logger),
    counters,
    now: () => new Date(now()),
  });
  const store: JobStore = new JobStore({
    planner: createPlanner({
      ice,
      isListBatchingOn: config.isListBatchingOn,
      inDemand: () => store.inDemand(),
      isUnfinished: (id) => store.peek(id)?.job?.status === 'INIT',
      learn: (id, reading) => store.learn(id, reading),
      now,
      counters,
      onContradiction: () =>
        logger.warn('ICE listed a finished job as unfinished: lists are not trusted for now'),
    }),
    freshness: config.freshness,
    maxJobs: config.maxJobs,
    now,
    counters,
  });
  const readiness = createReadiness(
    (signal) =>
      ice.listPackageJobs(
        { orderBy: 'CreateTimeDesc', pageSize: 1 },
        { signal, caller: config, record: () => undefined },
      ),
    (error) => logger.warn({ err: error }, 'not ready: the first call of ICE failed'),
  );
  const stopping = new AbortController();
  const watcher = new JobWatcher({
    store,
    pollInterval: config.pollInterval,
    readTimeoutMs: config.operationTimeoutMs,
    maxJobs: config.maxJobs,
    now,
    counters,
    onBug: (err) => logger.error({ err }, 'bug'),
  });
  const operations = createOperationServer({
    schema,
    introspection: config.introspection,
    persisted,
    isJitOn: config.isJitOn,
    logger,
  });
  await operations.start();
  const { app, drain } = await createHttpServer({
    logger,
    readiness,
    schema,
    operations,
    streams: createStreams(config.streams, stopping.signal),
    watcher,
    answers: new Answers({ store, maxBytes: config.answersMaxBytes }),
    prepared: config.isJitOn ? createPreparedOperations({ schema, store, watcher }) : undefined,
    lifetimes: { store, watcher },
    now,
    waiter: createJobWaiter({ watcher, stopping: stopping.signal }),
    jobs: createJobReader(ice, store),
    submitter: createJobSubmitter({ ice, store, isAllowed: config.allowSubmit }),
    operationTimeoutMs: config.operationTimeoutMs,
    corsOrigins: config.corsOrigins,
    isHostChecked: !config.production && isLoopback(config.host),
    ideDirectory: config.ide ? IDE_DIRECTORY : undefined,
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
    async close() {
      drain();
      stopping.abort();
      readiness.stop();
      const submissionMs = config.allowSubmit ? config.attemptTimeoutMs : 0;
      const longestMs = config.operationTimeoutMs + submissionMs;
      const cut = setTimeout(() => app.server.closeAllConnections(), longestMs + 1000);
      await app.close();
      clearTimeout(cut);
      await operations.stop();
      ice.close();
    },
  };
}

/** Logs each kind of oddity once: a member that ICE changed would be in every answer. */
function logOnce(logger: FastifyBaseLogger): (oddity: Oddity) => void {
  const seen = new Set<string>();
  return (oddity) => {
    const key = `${oddity.member} ${oddity.kind} ${oddity.text ?? ''}`;
    if (seen.has(key) || seen.size >= 1000) return;
    seen.add(key);
    logger.warn(oddity, 'ICE sent something it does not document');
  };
}
