import { EventEmitter } from 'node:events';
import { onTestFinished } from 'vitest';
import type { Emulator } from '../../../src/emulator/server.ts';
import { createServerClock } from '../../../src/ice/clock.ts';
import { createIceClient, type CallContext, type IceClient } from '../../../src/ice/client.ts';
import { staticCredentials } from '../../../src/ice/credentials.ts';
import { createPlanner } from '../../../src/jobs/source/planner.ts';
import { startJobs, type StartedJobs } from '../../../src/jobs/start-jobs.ts';
import type { JobMemory } from '../../../src/jobs/source/job-source.ts';
import type { ReadContext } from '../../../src/jobs/store/store.ts';
import { Connection } from '../../../src/replicas/connection.ts';
import type { ReplicasEmitter, ReplicasEvents } from '../../../src/replicas/events.ts';
import { SharedJobs } from '../../../src/replicas/shared-jobs.ts';
import { createEvents } from '../../support/events.ts';
import { FRESHNESS } from '../../support/jobs.ts';
import type { RedisServer } from '../../support/redis.ts';
import { POLL_INTERVAL } from '../../support/watching.ts';

const BACKGROUND: CallContext = {
  signal: new AbortController().signal,
  client: '',
  turnKey: {},
  onCall: () => undefined,
};

/** A replica without a server: its jobs, in front of an emulator that others share. */
export interface TestReplica {
  readonly jobs: StartedJobs;
  readonly ice: IceClient;
  readonly connection: Connection;
  readonly events: ReplicasEmitter;
  readonly context: ReadContext;
  /** How its reads were answered without a call. */
  readonly cached: string[];
  close(): Promise<void>;
}

export interface ReplicaOptions {
  readonly redis: Pick<RedisServer, 'address'>;
  readonly emulator: Emulator;
  /** @default the machine's */
  readonly now?: () => number;
}

/** Starts one that has joined, and is closed when the test has finished. */
export async function startReplica({
  redis,
  emulator,
  now = Date.now,
}: ReplicaOptions): Promise<TestReplica> {
  const events: ReplicasEmitter = new EventEmitter<ReplicasEvents>();
  const connection = new Connection({
    address: redis.address,
    namespace: 'pjg:1:{test}',
    events,
    // A machine that is busy must not make it alone.
    deadlineMs: 1000,
  });
  await connection.first;
  const layers = createEvents();
  const ice = createIceClient({
    endpoint: new URL(emulator.endpoint),
    credentials: staticCredentials(emulator.credentials),
    timeoutMs: 2000,
    callsPerSecond: 1000,
    maxConcurrency: 32,
    events: layers.ice,
    now: () => new Date(now()),
    // A clock that is wrong is corrected with the first call.
    clock: createServerClock(now, () => undefined),
  });
  await ice.listPackageJobs({ orderBy: 'CreateTimeDesc', pageSize: 1 }, BACKGROUND);
  const shared = new SharedJobs({
    connection,
    events,
    freshness: FRESHNESS,
    pollInterval: POLL_INTERVAL,
    readTimeoutMs: 10_000,
    now,
  });
  const createIce = (memory: JobMemory) =>
    createPlanner({
      ice,
      memory,
      isListBatchingOn: true,
      now,
      events: layers.jobs,
      distrust: shared.distrust,
    });
  const jobs = startJobs({
    ice,
    source: shared.source(createIce),
    pages: shared.pages(ice),
    shareLooks: (look) => shared.looks(look),
    freshness: FRESHNESS,
    pollInterval: POLL_INTERVAL,
    watchShare: 0.25,
    random: () => shared.jitter,
    maxJobs: 10_000,
    readTimeoutMs: 10_000,
    allowSubmit: true,
    events: layers.jobs,
    now,
  });
  shared.attach(jobs);
  const cached: string[] = [];
  const context: ReadContext = {
    signal: new AbortController().signal,
    client: 'test',
    turnKey: {},
    onCall: () => undefined,
    onCacheStatus: (status) => cached.push(status),
  };
  const close = async () => {
    await shared.close();
    await connection.close();
    ice.close();
  };
  onTestFinished(close);
  return { jobs, ice, connection, events, context, cached, close };
}
