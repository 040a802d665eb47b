import { pino } from 'pino';
import { readConfig } from '../../../src/config.ts';
import { createIceClient } from '../../../src/ice/client.ts';
import { staticCredentials } from '../../../src/ice/credentials.ts';
import { observed, pollAfterMs } from '../../../src/jobs/model.ts';
import type { JobReader } from '../../../src/jobs/list/list-jobs.ts';
import { Answers } from '../../../src/server/response-cache/stored-responses.ts';
import { createHttpServer } from '../../../src/server/app.ts';
import { createOperationServer } from '../../../src/server/graphql/apollo.ts';
import { createSchema } from '../../../src/server/graphql/schema.ts';
import { createStreams } from '../../../src/server/transports/connections.ts';

/**
 * What DataLoader alone gives: the gateway's own schema, resolvers and loaders, which go straight to ICE's client. There
 * is no store that remembers between operations, and no planner that puts calls together.
 */
const config = readConfig(process.env);
if (config.upstream.kind !== 'ice' || config.upstream.credentials === undefined) {
  throw new TypeError('set UPSTREAM=ice, ICE_ENDPOINT and a key');
}
const logger = pino({ level: config.logLevel });
const ice = createIceClient({
  endpoint: config.upstream.endpoint,
  credentials: staticCredentials(config.upstream.credentials),
  timeoutMs: config.attemptTimeoutMs,
  callsPerSecond: config.callsPerSecond,
  maxConcurrency: config.maxConcurrency,
  report: () => undefined,
});
const jobs: JobReader = {
  async get(id, context) {
    const { value: job, observedAt } = await ice.getPackageJob(id, context);
    return job && observed({ ...job, outputUrl: job.outputUrl ?? null }, observedAt);
  },
  list: () => Promise.reject(new Error('only reads by id are measured')),
};
const schema = createSchema();
const operations = createOperationServer({
  schema,
  introspection: config.introspection,
  logger,
});
await operations.start();
const nothing = () => {
  throw new Error('only reads are measured');
};
const { app } = await createHttpServer({
  submitter: { submit: nothing },
  watcher: {
    watch: nothing,
    isWatched: () => false,
    pollAfterMs: (job) => pollAfterMs(job, config.pollInterval),
  },
  answers: new Answers({ store: { prove: nothing }, maxBytes: 0 }),
  prepared: undefined,
  lifetimes: { store: { freshForMs: () => 0 }, watcher: { pollAfterMs: () => null } },
  now: Date.now,
  waiter: { wait: nothing },
  streams: createStreams(config.streams, new AbortController().signal),
  schema,
  logger,
  readiness: { isReady: true, stop: () => undefined },
  operations,
  jobs,
  operationTimeoutMs: config.operationTimeoutMs,
  corsOrigins: config.corsOrigins,
  isHostChecked: false,
  ideDirectory: undefined,
});
await app.listen({
  host: config.host,
  port: config.port,
  listenTextResolver: (address) => `listening on ${address}`,
});
