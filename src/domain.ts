import type { FastifyBaseLogger } from 'fastify';
import type { CacheSizes } from './cache-sizes.ts';
import type { Config } from './config.ts';
import type { IceClient } from './ice/client.ts';
import type { JobsEmitter } from './jobs/events.ts';
import type { JobMemory } from './jobs/source/job-source.ts';
import { createPlanner } from './jobs/source/planner.ts';
import { startJobs, type StartedJobs } from './jobs/start-jobs.ts';
import type { Caches } from './measured-cache.ts';
import type { ReplicasEmitter } from './replicas/events.ts';
import type { Replicas } from './replicas/replicas.ts';
import { ASYNC_SCOPES, NO_SCOPES } from './scopes.ts';
import { logReplicas } from './telemetry/replicas-log.ts';
import type { Upstream } from './upstream.ts';

/** What reading jobs takes. */
export interface DomainOptions {
  readonly config: Config;
  readonly logger: FastifyBaseLogger;
  readonly events: { readonly jobs: JobsEmitter; readonly replicas: ReplicasEmitter };
  /** In milliseconds since 1970. */
  readonly now: () => number;
  readonly caches: Caches;
  /** What the caches may take whose size is a variable. */
  readonly sizes: CacheSizes;
}

/** Joins the other replicas, where the configuration says so. What talks to Redis is only loaded then. */
export async function composeReplicas(
  { endpoint }: Upstream,
  { config: { redis, callsPerSecond }, events, logger }: DomainOptions,
): Promise<Replicas | undefined> {
  if (redis === undefined) return undefined;
  const { startReplicas } = await import('./replicas/replicas.ts');
  logReplicas(events.replicas, logger);
  return startReplicas({ redis, endpoint, callsPerSecond, events: events.replicas });
}

/** Starts the jobs. Where there are other replicas, jobs are read for all of them together. */
export function composeJobs(
  ice: IceClient,
  replicas: Replicas | undefined,
  { config, events, now, caches, sizes }: DomainOptions,
): StartedJobs {
  const scopes = config.tracing === undefined ? NO_SCOPES : ASYNC_SCOPES;
  const { isListBatchingOn, freshness, pollInterval, watchShare, maxJobs, allowSubmit } = config;
  const readTimeoutMs = config.operationTimeoutMs;
  const shared = replicas?.shareJobs({ freshness, pollInterval, readTimeoutMs, now, scopes });
  const distrust = shared?.distrust;
  const createIce = (memory: JobMemory) =>
    createPlanner({ ice, memory, isListBatchingOn, now, events: events.jobs, distrust, scopes });
  const jobs = startJobs({
    ice,
    source: shared?.source(createIce) ?? createIce,
    pages: shared?.pages(ice),
    shareLooks: shared && ((look) => shared.looks(look)),
    freshness,
    pollInterval,
    watchShare,
    random: shared && (() => shared.jitter),
    maxJobs,
    maxBytes: sizes.jobs,
    readTimeoutMs,
    allowSubmit,
    events: events.jobs,
    now,
    caches,
    scopes,
  });
  shared?.attach(jobs);
  return jobs;
}
