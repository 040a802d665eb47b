import { readConfig } from '../../../src/config.ts';
import { createIceClient } from '../../../src/ice/client.ts';
import { createCounters } from '../../../src/telemetry/counters.ts';
import { staticCredentials } from '../../../src/ice/credentials.ts';
import { pollAfterMs } from '../../../src/jobs/model.ts';
import { createPlanner } from '../../../src/jobs/source/planner.ts';
import { createJobReader } from '../../../src/jobs/list/list-jobs.ts';
import { JobStore } from '../../../src/jobs/store/store.ts';
import { createContext, createRecord } from '../../../src/server/graphql/context.ts';
import { createSchema } from '../../../src/server/graphql/schema.ts';

/**
 * The gateway's schema, resolvers, loaders and store, for another GraphQL server to serve: what is measured then is the
 * server. The environment says where ICE is, as for the gateway. Operations have no deadline, which costs a timer.
 */
export function createWork() {
  const config = readConfig(process.env);
  if (config.upstream.kind !== 'ice' || config.upstream.credentials === undefined) {
    throw new TypeError('set UPSTREAM=ice, ICE_ENDPOINT and a key');
  }
  const counters = createCounters();
  const ice = createIceClient({
    endpoint: config.upstream.endpoint,
    credentials: staticCredentials(config.upstream.credentials),
    timeoutMs: config.attemptTimeoutMs,
    callsPerSecond: config.callsPerSecond,
    maxConcurrency: config.maxConcurrency,
    report: () => undefined,
  });
  const store: JobStore = new JobStore({
    planner: createPlanner({
      ice,
      isListBatchingOn: config.isListBatchingOn,
      inDemand: () => store.inDemand(),
      isUnfinished: (id) => store.peek(id)?.job?.status === 'INIT',
      learn: (id, reading) => store.learn(id, reading),
      now: Date.now,
      counters,
      onContradiction: () => undefined,
    }),
    freshness: config.freshness,
    maxJobs: config.maxJobs,
    now: Date.now,
    counters,
  });
  const options = {
    jobs: createJobReader(ice, store),
    submitter: { submit: noWork },
    watcher: {
      watch: noWork,
      isWatched: () => false,
      pollAfterMs: (job: Parameters<typeof pollAfterMs>[0]) => pollAfterMs(job, config.pollInterval),
    },
    waiter: { wait: noWork },
  };
  const never = new AbortController().signal;
  const deadline = { signal: never, gone: never, hold: () => () => undefined, end: () => undefined };
  return {
    schema: createSchema(),
    context: () => createContext(options, { record: createRecord(), deadline }),
    port: config.port,
  };
}

function noWork(): never {
  throw new Error('only reads are measured');
}
