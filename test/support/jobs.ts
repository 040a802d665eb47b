import { test } from 'vitest';
import { startEmulator, type Emulator } from '../../src/emulator/server.ts';
import { createIceClient, type IceClient, type ListQuery, type Observed } from '../../src/ice/client.ts';
import type { IceJobPage } from '../../src/ice/decode.ts';
import { staticCredentials } from '../../src/ice/credentials.ts';
import type { Freshness } from '../../src/jobs/store/entry.ts';
import type { CacheStatus } from '../../src/jobs/events.ts';
import type { Detail } from '../../src/jobs/jobs.ts';
import type { PackageJob } from '../../src/jobs/model.ts';
import type { JobMemory, JobSource, Reading } from '../../src/jobs/source/job-source.ts';
import { createPlanner } from '../../src/jobs/source/planner.ts';
import { JobStore, type JobChange, type ReadContext } from '../../src/jobs/store/store.ts';
import { createEvents } from './events.ts';

/** A store of jobs in front of an emulator, all on one clock that only the test moves. */
export interface JobsSetting {
  readonly clock: { now: number };
  readonly emulator: Emulator;
  readonly ice: IceClient;
  readonly planner: JobSource<Reading>;
  readonly store: JobStore;
  /** How many contradictions the planner has told of. */
  readonly contradictions: () => number;
  readonly changes: JobChange[];
  /** How reads were answered without calls of their own. */
  readonly cached: CacheStatus[];
  readonly context: ReadContext;
  /** Reads a job through the store. */
  get(id: string, detail?: Detail): Promise<PackageJob | null>;
  /** Adds jobs that stay unfinished, created a second apart, the last one now, and gets each once. */
  addKnownJobs(count: number): Promise<string[]>;
}

export const FRESHNESS: Freshness = {
  unfinishedMs: 1000,
  finishedMs: 86_400_000,
  missingMs: 1000,
  staleIfErrorMs: 60_000,
};

const START = Date.UTC(2026, 0, 1);

export const it = test.extend<{ jobs: JobsSetting }>({
  // eslint-disable-next-line no-empty-pattern -- vitest reads the pattern to know what a fixture needs
  jobs: async ({}, use) => {
    const clock = { now: START };
    const now = () => clock.now;
    const events = createEvents();
    const limits = { GetPackageJob: Infinity, ListPackageJobs: Infinity };
    const emulator = await startEmulator({ now, limits });
    const ice = createIceClient({
      endpoint: new URL(emulator.endpoint),
      credentials: staticCredentials(emulator.credentials),
      timeoutMs: 2000,
      callsPerSecond: 10_000,
      maxConcurrency: 32,
      events: events.ice,
      now: () => new Date(clock.now),
    });
    let contradictions = 0;
    const changes: JobChange[] = [];
    const cached: CacheStatus[] = [];
    events.jobs.on('listContradiction', () => (contradictions += 1));
    let planner: JobSource<Reading> | undefined;
    const store = new JobStore({
      source: (memory) =>
        (planner = createPlanner({ ice, memory, isListBatchingOn: true, now, events: events.jobs })),
      freshness: FRESHNESS,
      maxJobs: 10_000,
      now,
      events: events.jobs,
    });
    if (planner === undefined) throw new TypeError('the store makes its source at once');
    store.onChange((change) => changes.push(change));
    const context: ReadContext = {
      signal: new AbortController().signal,
      client: '',
      turnKey: {},
      onCall: () => undefined,
      onCacheStatus: (status) => cached.push(status),
    };
    await use({
      clock,
      emulator,
      ice,
      planner,
      store,
      contradictions: () => contradictions,
      changes,
      cached,
      context,
      get: async (id, detail) => (await store.get(id, context, detail)).job,
      async addKnownJobs(count) {
        const ids = Array.from({ length: count }, (_, index) =>
          emulator.jobs.add({ createTime: clock.now - (count - 1 - index) * 1000, finishTime: Infinity }),
        );
        await getAll(store, ice, context);
        emulator.resetRequests();
        changes.length = 0;
        cached.length = 0;
        return ids;
      },
    });
    ice.close();
    await emulator.close();
  },
});

/** Lets a store know all jobs as if it had got each. A page at a time takes far less time. */
async function getAll(store: JobStore, ice: IceClient, context: ReadContext): Promise<void> {
  let nextPageToken: string | null = null;
  do {
    const query: ListQuery = {
      orderBy: 'CreateTimeAsc',
      pageSize: 100,
      ...(nextPageToken !== null && { nextPageToken }),
    };
    const { value: page, observedAt }: Observed<IceJobPage> = await ice.listPackageJobs(query, context);
    for (const job of page.jobs)
      store.ingest(job.id, { job: { ...job, outputUrl: null }, observedAt, source: 'get' });
    ({ nextPageToken } = page);
  } while (nextPageToken !== null);
}

/** What a planner may know, where nobody is told what it finds besides. */
export function memoryOf(known: Pick<JobMemory, 'peek'>): JobMemory {
  return {
    unfinishedMs: FRESHNESS.unfinishedMs,
    peek: (id) => known.peek(id),
    inDemand: () => [],
    ingest: () => undefined,
  };
}

/** Calls of ICE made since the last time, as [lists, gets]. */
export function callsOf({ emulator }: JobsSetting): [number, number] {
  const counted: [number, number] = [
    emulator.countRequests('ListPackageJobs'),
    emulator.countRequests('GetPackageJob'),
  ];
  emulator.resetRequests();
  return counted;
}

/** Reads all of them at once, after their states have expired; gives their statuses. */
export async function sweep(
  { clock, store, context }: JobsSetting,
  ids: readonly string[],
): Promise<(string | undefined)[]> {
  clock.now += 1000;
  const read = await Promise.all(ids.map((id) => store.get(id, context)));
  return read.map(({ job }) => job?.status);
}
