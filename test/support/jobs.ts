import { test } from 'vitest';
import { startEmulator, type Emulator } from '../../src/emulator/server.ts';
import { createCounters } from '../../src/telemetry/counters.ts';
import { createIceClient, type IceClient } from '../../src/ice/client.ts';
import { staticCredentials } from '../../src/ice/credentials.ts';
import type { Freshness } from '../../src/jobs/store/entry.ts';
import { createPlanner, type Planner } from '../../src/jobs/source/planner.ts';
import { JobStore, type JobChange, type ReadContext, type Spared } from '../../src/jobs/store/store.ts';

/** A store of jobs in front of an emulator, all on one clock that only the test moves. */
export interface JobsSetting {
  readonly clock: { now: number };
  readonly emulator: Emulator;
  readonly ice: IceClient;
  readonly planner: Planner;
  readonly store: JobStore;
  /** How many contradictions the planner has told of. */
  readonly contradictions: () => number;
  readonly changes: JobChange[];
  /** How reads were spared calls. */
  readonly spared: Spared[];
  readonly context: ReadContext;
  /** Adds jobs that stay unfinished, created a second apart, the last one now, and reads each once. */
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
    const limits = { GetPackageJob: Infinity, ListPackageJobs: Infinity };
    const emulator = await startEmulator({ now, limits });
    const ice = createIceClient({
      endpoint: new URL(emulator.endpoint),
      credentials: staticCredentials(emulator.credentials),
      timeoutMs: 2000,
      callsPerSecond: 10_000,
      maxConcurrency: 32,
      report: () => undefined,
      now: () => new Date(clock.now),
    });
    let contradictions = 0;
    const changes: JobChange[] = [];
    const spared: Spared[] = [];
    const planner = createPlanner({
      ice,
      isListBatchingOn: true,
      now,
      counters: createCounters(),
      inDemand: () => store.inDemand(),
      isUnfinished: (id) => store.peek(id)?.job?.status === 'INIT',
      learn: (id, reading) => store.learn(id, reading),
      onContradiction: () => (contradictions += 1),
    });
    const store: JobStore = new JobStore({
      planner,
      freshness: FRESHNESS,
      maxJobs: 10_000,
      now,
      counters: createCounters(),
    });
    store.onChange((change) => changes.push(change));
    const context: ReadContext = {
      signal: new AbortController().signal,
      caller: {},
      record: () => undefined,
      spared: (how) => spared.push(how),
    };
    await use({
      clock,
      emulator,
      ice,
      planner,
      store,
      contradictions: () => contradictions,
      changes,
      spared,
      context,
      async addKnownJobs(count) {
        const ids = Array.from({ length: count }, (_, index) =>
          emulator.jobs.add({ createTime: clock.now - (count - 1 - index) * 1000, finishTime: Infinity }),
        );
        await Promise.all(ids.map((id) => store.get(id, context)));
        emulator.resetRequests();
        changes.length = 0;
        spared.length = 0;
        return ids;
      },
    });
    ice.close();
    await emulator.close();
  },
});

/** Calls of ICE made since the last time, as [lists, gets]. */
export function callsOf({ emulator }: JobsSetting): [number, number] {
  const counted: [number, number] = [
    emulator.countRequests('ListPackageJobs'),
    emulator.countRequests('GetPackageJob'),
  ];
  emulator.resetRequests();
  return counted;
}
