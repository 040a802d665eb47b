import { pino } from 'pino';
import { readConfig } from '../../../src/config.ts';
import { createIceClient } from '../../../src/ice/client.ts';
import { staticCredentials } from '../../../src/ice/credentials.ts';
import { createJobs, EVERY_JOB, type JobAccess } from '../../../src/jobs/jobs.ts';
import { observed, pollAfterMs } from '../../../src/jobs/model.ts';
import { createEvents } from '../../support/events.ts';
import { createServerOf } from '../../support/server.ts';

/**
 * What DataLoader alone gives: the gateway's own schema, resolvers and loaders, which go straight to ICE's client. There
 * is no store that remembers between operations, and no planner that puts calls together.
 */
const config = readConfig(process.env);
if (config.upstream.kind !== 'ice' || config.upstream.credentials === undefined) {
  throw new TypeError('set UPSTREAM=ice, ICE_ENDPOINT and a key');
}
const ice = createIceClient({
  endpoint: config.upstream.endpoint,
  credentials: staticCredentials(config.upstream.credentials),
  timeoutMs: config.attemptTimeoutMs,
  callsPerSecond: config.callsPerSecond,
  maxConcurrency: config.maxConcurrency,
  events: createEvents().ice,
});
const notMeasured = () => {
  throw new Error('only reads by id are measured');
};
const access: JobAccess = {
  async get(id, context) {
    const { value: job, observedAt } = await ice.getPackageJob(id, context);
    return {
      job: job && observed({ ...job, outputUrl: job.outputUrl ?? null }, observedAt),
      observedAt,
      validatedAt: observedAt,
      lastGetAt: observedAt,
    };
  },
  peek: () => undefined,
  follow: notMeasured,
  renew: notMeasured,
  maxAgeMs: config.freshness.unfinishedMs,
  peekFresh: () => undefined,
  served: notMeasured,
  check: notMeasured,
  holds: notMeasured,
  checkReads: () => undefined,
  absence: notMeasured,
  freshAbsence: notMeasured,
  countListener: notMeasured,
  refresh: notMeasured,
  list: notMeasured,
  listen: notMeasured,
  canSubmit: false,
  submit: notMeasured,
  freshForMs: () => 0,
  pollAfterMs: (job) => pollAfterMs(job, config.pollInterval),
  isTimed: () => false,
};
const jobs = createJobs(access, EVERY_JOB);
const app = await createServerOf({
  jobsFor: () => jobs,
  logger: pino({ level: config.logLevel }),
  config: { ...config, isJitOn: true, answersMaxBytes: 0 },
  app: { prepared: undefined },
});
await app.listen({
  host: config.host,
  port: config.port,
  listenTextResolver: (address) => `listening on ${address}`,
});
