import { readConfig } from '../../../src/config.ts';
import { createIceClient } from '../../../src/ice/client.ts';
import { staticCredentials } from '../../../src/ice/credentials.ts';
import { createPlanner } from '../../../src/jobs/source/planner.ts';
import { createJobs, EVERY_JOB } from '../../../src/jobs/jobs.ts';
import { startJobs } from '../../../src/jobs/start-jobs.ts';
import { ClientShares } from '../../../src/client-shares.ts';
import { createContext } from '../../../src/server/graphql/context.ts';
import { createRecord } from '../../../src/server/graphql/record.ts';
import { createSchema } from '../../../src/server/graphql/schema.ts';
import { createEvents } from '../../support/events.ts';

/**
 * The gateway's schema, resolvers, loaders and store, for another GraphQL server to serve: what is measured then is the
 * server. The environment says where ICE is, as for the gateway. Operations have no deadline, which costs a timer.
 */
export function createWork() {
  const config = readConfig(process.env);
  if (config.upstream.kind !== 'ice' || config.upstream.credentials === undefined) {
    throw new TypeError('set UPSTREAM=ice, ICE_ENDPOINT and a key');
  }
  const events = createEvents();
  const ice = createIceClient({
    endpoint: config.upstream.endpoint,
    credentials: staticCredentials(config.upstream.credentials),
    timeoutMs: config.attemptTimeoutMs,
    callsPerSecond: config.callsPerSecond,
    maxConcurrency: config.maxConcurrency,
    events: events.ice,
  });
  const { isListBatchingOn, freshness, pollInterval, watchShare, maxJobs, operationTimeoutMs } = config;
  const access = startJobs({
    ice,
    source: (memory) => createPlanner({ ice, memory, isListBatchingOn, now: Date.now, events: events.jobs }),
    freshness,
    pollInterval,
    watchShare,
    maxJobs,
    readTimeoutMs: operationTimeoutMs,
    allowSubmit: false,
    events: events.jobs,
    now: Date.now,
  });
  const jobs = createJobs(access, EVERY_JOB);
  const never = new AbortController().signal;
  const deadline = {
    signal: never,
    disconnected: never,
    pauseDuring: <T>(run: () => Promise<T>) => run(),
    end: () => undefined,
  };
  const client = { key: '' };
  return {
    schema: createSchema(),
    context: () =>
      createContext({
        client,
        jobs,
        upstream: 'EMULATOR',
        record: createRecord(),
        deadline,
        stopping: never,
        waits: new ClientShares(Infinity),
        acceptsSubscriptions: false,
      }),
    port: config.port,
  };
}
