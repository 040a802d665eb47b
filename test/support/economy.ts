import { expect } from 'vitest';
import { createLookForEnds } from '../../src/jobs/watch/ends.ts';
import { jobWith } from './job.ts';
import { callsOf, type JobsSetting } from './jobs.ts';
import { POLL_INTERVAL, recorder, startWatching, type Watching } from './watching.ts';

/** Watches jobs that are known already. Ends are looked for as in a gateway. */
export function watch(
  jobs: JobsSetting,
  ids: readonly string[],
  onEnd: (id: string) => void = () => undefined,
): Watching {
  const watching = startWatching(jobs.clock, jobs.store, {
    lookForEnds: createLookForEnds(jobs.ice, jobs.store),
  });
  for (const id of ids) {
    const { listener } = recorder();
    const onState: typeof listener.onState = (job) => {
      if (job?.status === 'SUCCESS') onEnd(id);
    };
    watching.watcher.listen(id, { ...listener, onState }, jobs.context);
  }
  return watching;
}

/** Adds unfinished jobs that are as old as this, and has the store know those that are watched. */
export function addJobs(
  { emulator, store, clock }: JobsSetting,
  agesMs: readonly number[],
  isWatched: (index: number) => boolean = () => true,
): string[] {
  return agesMs.flatMap((ageMs, index) => {
    const createdAt = clock.now - ageMs;
    const id = emulator.jobs.add({ createTime: createdAt, finishTime: Infinity });
    if (!isWatched(index)) return [];
    const createTime = `${new Date(createdAt).toISOString().slice(0, 19)}Z`;
    const job = jobWith({ id, createTime, modifiedTime: createTime, outputUrl: null });
    store.ingest(id, { job, observedAt: clock.now, source: 'get' });
    return [id];
  });
}

/** So many ages, in milliseconds, the oldest first. */
export function evenly(count: number, fromMs: number, toMs: number): number[] {
  return Array.from(
    { length: count },
    (_, index) => toMs - ((toMs - fromMs) * index) / Math.max(1, count - 1),
  );
}

/** The calls of a sweep, as [lists, gets]. */
export async function callsOfSweep(jobs: JobsSetting, ids: readonly string[]): Promise<[number, number]> {
  const { advance, counters } = watch(jobs, ids);
  await advance(POLL_INTERVAL.minMs);
  expect(counters.sweeps).toBe(1);
  return callsOf(jobs);
}

/** How many are watched, and what that may take: lists and gets a second. */
export type EndCase = readonly [count: number, listsPerSecond: number, getsPerSecond: number];

/** Lets some of so many watched jobs of all ages end, and expects that it is told in time, for so many calls. */
export async function expectEndsInTime(
  jobs: JobsSetting,
  [count, listsPerSecond, getsPerSecond]: EndCase,
  seconds = 3,
): Promise<void> {
  const { clock, emulator } = jobs;
  const ids = addJobs(jobs, evenly(count, 5000, 3_600_000));
  const finishedAt = new Map<string, number>();
  const latenciesMs: number[] = [];
  const watching = watch(jobs, ids, (id) => latenciesMs.push(clock.now - (finishedAt.get(id) ?? 0)));
  await watching.advance(2000);
  callsOf(jobs);
  const ending = ids.filter((_, index) => index % Math.ceil(count / 40) === 0);
  for (let tenth = 0; tenth < 10 * seconds; tenth += 1) {
    for (const id of ending.splice(0, 1)) {
      finishedAt.set(id, clock.now);
      emulator.jobs.finish(id, { status: 'Success' });
    }
    await watching.advance(100);
  }
  await watching.advance(POLL_INTERVAL.minMs);
  expect(latenciesMs.length).toBe(finishedAt.size);
  expect(Math.max(...latenciesMs)).toBeLessThanOrEqual(POLL_INTERVAL.minMs);
  const [lists, gets] = callsOf(jobs);
  expect(lists / (seconds + 1)).toBeLessThanOrEqual(1.05 * listsPerSecond);
  // One for each that has ended, and the checks.
  expect((gets - finishedAt.size) / (seconds + 1)).toBeLessThanOrEqual(1.05 * getsPerSecond);
}
