import { expect } from 'vitest';
import type { Emulator } from '../../src/emulator/server.ts';
import { EVERY_JOB, type IsVisible } from '../../src/jobs/jobs.ts';
import type { PackageJobConnection, PackageJobsArguments } from '../../src/jobs/list/connection.ts';
import { createListJobs } from '../../src/jobs/list/list-jobs.ts';
import { JobStore } from '../../src/jobs/store/store.ts';
import { createEvents } from './events.ts';
import { it as base, type ClientSetting } from './it.ts';
import { FRESHNESS } from './jobs.ts';

/** Reads a page of the emulator's jobs. */
export type List = (args: PackageJobsArguments, isVisible?: IsVisible) => Promise<PackageJobConnection>;

/** Tests of lists of the emulator's jobs. */
export const it = base.extend<{ list: List }>({
  list: async ({ client }: { client: ClientSetting }, use: (list: List) => Promise<void>) => {
    const unused = { read: () => Promise.reject(new Error('lists need no source')) };
    const store = new JobStore({
      source: () => unused,
      freshness: FRESHNESS,
      maxJobs: 10_000,
      now: Date.now,
      events: createEvents().jobs,
    });
    const listJobs = createListJobs(client.ice, store, createEvents().jobs);
    const context = { ...client.context, onCacheStatus: () => undefined };
    await use((args, isVisible = EVERY_JOB) => listJobs(args, context, isVisible));
  },
});

/** When the first of the jobs that are added was created. */
export const START = Date.UTC(2026, 0, 1);
export const idsOf = ({ nodes }: PackageJobConnection) => nodes.map(({ id }) => id);

/** Adds jobs a second apart, or several to a second, finished in turn as Success and Fail and not at all. */
export function addJobs(emulator: Emulator, count: number, perSecond = 1): string[] {
  return Array.from({ length: count }, (_, index) => {
    const createTime = START + Math.floor(index / perSecond) * 1000;
    const finishTime = index % 3 === 0 ? Infinity : createTime;
    const outcome = index % 3 === 1 ? ({ status: 'Success' } as const) : ({ status: 'Fail' } as const);
    return emulator.jobs.add({ createTime, finishTime, outcome });
  });
}

/** Walks all pages; `between` runs after each. */
export async function walk(
  list: List,
  args: PackageJobsArguments,
  between?: (page: number) => void,
): Promise<string[]> {
  const ids: string[] = [];
  let after: string | null = null;
  for (let page = 0; page < 1000; page += 1) {
    const connection: PackageJobConnection = await list({ ...args, after });
    ids.push(...idsOf(connection));
    between?.(page);
    if (!connection.pageInfo.hasNextPage) return ids;
    after = connection.pageInfo.endCursor;
  }
  return expect.unreachable('the walk does not end');
}
