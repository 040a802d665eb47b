import { useSyncExternalStore } from 'react';
import { client } from '../client.ts';
import { JobTimesDocument, type PackageJobFilter } from '../gql/graphql.ts';
import { queryOf } from '../list-query.ts';
import { listOf, type Place } from '../location.ts';
import type { OverviewJob } from './outcome.ts';
import { NO_PAGES, readOn, type Page, type Pages } from './pages.ts';

/** The most jobs of a page. The gateway has no larger ones. */
const PAGE_SIZE = 100;

/** How many jobs are read before somebody has to ask for more. Each page costs a call of ICE. */
export const MAX_JOBS = 5000;

/** A list that is read on purpose. */
export interface Reading extends Pages<OverviewJob> {
  /** Which list it is. */
  readonly list: string;
  readonly filter: PackageJobFilter;
  /** When it began. */
  readonly time: Date;
  readonly isRunning: boolean;
  /** Why it has stopped. */
  readonly error: Error | undefined;
}

/** The latest one. It outlasts the view, so that the way back from a list leads to the same figures. */
let reading: Reading | undefined;
let running: AbortController | undefined;
const listeners = new Set<() => void>();

// The next token may be for other jobs.
client.onClearStore(() => {
  stopReading();
  change(undefined);
  return Promise.resolve();
});

/** What has been read. `undefined`: nothing. */
export function useReading(): Reading | undefined {
  return useSyncExternalStore(listen, () => reading);
}

/** Reads a place's list, from the newest job on. */
export function startReading(place: Place): void {
  const time = new Date();
  const { filter } = queryOf(place, time.getTime());
  void run({ ...NO_PAGES, list: listOf(place), filter, time, isRunning: true, error: undefined });
}

/** Goes on behind the last page. */
export function goOnReading(): void {
  if (reading) void run({ ...reading, isRunning: true, error: undefined });
}

/** Keeps what has been read so far. */
export function stopReading(): void {
  running?.abort();
  running = undefined;
  if (reading?.isRunning) change({ ...reading, isRunning: false });
}

async function run(start: Reading): Promise<void> {
  stopReading();
  const controller = new AbortController();
  running = controller;
  let next = start;
  // Another one may have begun since, or this one may have been stopped.
  const show = (members: Partial<Reading>) => {
    next = { ...next, ...members };
    if (running === controller) change(next);
  };
  show({});
  const fetchPage = (after: string | undefined) => fetchTimes(start.filter, after, controller.signal);
  try {
    for await (const pages of readOn<OverviewJob>(start, MAX_JOBS, fetchPage)) show(pages);
    show({ isRunning: false });
  } catch (error) {
    show({ isRunning: false, error: error instanceof Error ? error : new Error(String(error)) });
  }
}

/** Rejects when the gateway refuses the page, or cannot be reached. */
async function fetchTimes(
  filter: PackageJobFilter,
  after: string | undefined,
  signal: AbortSignal,
): Promise<Page<OverviewJob>> {
  const { data } = await client.query({
    query: JobTimesDocument,
    variables: { first: PAGE_SIZE, filter, ...(after && { after }) },
    fetchPolicy: 'no-cache',
    context: { fetchOptions: { signal } },
  });
  const { nodes = [], pageInfo } = data?.packageJobs ?? {};
  return {
    jobs: nodes,
    endCursor: pageInfo?.endCursor ?? undefined,
    hasNextPage: pageInfo?.hasNextPage ?? false,
  };
}

function change(next: Reading | undefined): void {
  reading = next;
  for (const listener of listeners) listener();
}

/** Nobody reads on for a view that is closed. */
function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) stopReading();
  };
}
