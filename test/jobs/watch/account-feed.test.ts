import { describe, expect, it } from 'vitest';
import { BOUNDS } from '../../../src/bounds.ts';
import type { ListQuery } from '../../../src/ice/client.ts';
import { OverloadedError } from '../../../src/jobs/errors.ts';
import { createPlanner } from '../../../src/jobs/source/planner.ts';
import { JobStore } from '../../../src/jobs/store/store.ts';
import { AccountFeed, OVERLAP_MS } from '../../../src/jobs/watch/account-feed.ts';
import type { ChangeReader } from '../../../src/jobs/watch/change-log.ts';
import { Account } from '../../support/account.ts';
import { createEvents } from '../../support/events.ts';
import { FRESHNESS } from '../../support/jobs.ts';
import { POLL_INTERVAL, startWatching } from '../../support/watching.ts';

/** A feed of an account whose calls are answered at once, on a clock that only the test moves. */
function setUp({ maxJobs = 10_000 } = {}) {
  const account = new Account();
  const lists: ListQuery[] = [];
  const now = () => account.now;
  const events = createEvents().jobs;
  const ice = {
    getPackageJob: (id: string) =>
      Promise.resolve({ value: account.stateAt(id, account.now), observedAt: account.now }),
    listPackageJobs(query: ListQuery) {
      lists.push(query);
      return Promise.resolve({ value: account.list(query), observedAt: account.now });
    },
  };
  const store = new JobStore({
    source: (memory) => createPlanner({ ice, memory, isListBatchingOn: true, now, events }),
    freshness: FRESHNESS,
    maxJobs: 100_000,
    now,
    events,
  });
  const { watcher, timers, advance } = startWatching(account, store);
  const feed = new AccountFeed({
    ice,
    store,
    watcher,
    pollInterval: POLL_INTERVAL,
    maxJobs,
    readTimeoutMs: 10_000,
    now,
    setTimer: timers.set,
    events,
  });
  return {
    account,
    watcher,
    timers,
    lists,
    /** Lets time pass, with all that happens in it. */
    advance: async (ms: number) => {
      for (let left = ms; left > 0; left -= 1000) {
        await advance(Math.min(left, 1000));
        for (let turn = 0; turn < 30; turn += 1) await new Promise(setImmediate);
      }
    },
    follow: () => feed.follow(() => undefined, 'one'),
  };
}

/** What a reader can be given now, as `id status`. */
function readAll(reader: ChangeReader): string[] {
  const changes: string[] = [];
  for (let change = reader.poll(); change !== undefined; change = reader.poll())
    changes.push(`${change.id} ${change.job?.status ?? 'gone'}`);
  return changes;
}

const OLD = { ageMs: 60_000 };

describe('the feed of the account', () => {
  it('tells of more new jobs than a page has, each once, and reads no page that it need not', async () => {
    const { account, advance, follow, lists } = setUp();
    for (let job = 0; job < 150; job += 1) account.add({ ageMs: 60_000 + 1000 * job, isFinished: true });
    const reader = follow();
    await advance(1000);
    lists.length = 0;
    const ids = Array.from({ length: 250 }, () => account.add().id);
    await advance(1000);
    expect(readAll(reader).toSorted()).toEqual(ids.map((id) => `${id} INIT`).toSorted());
    expect(lists.filter(({ status }) => status === undefined)).toHaveLength(3);
    // Lists may still bring more of that time, but not for ever.
    await advance(OVERLAP_MS);
    account.add();
    await advance(1000);
    lists.length = 0;
    await advance(3000);
    expect(lists.filter(({ status }) => status === undefined)).toHaveLength(3);
    expect(readAll(reader)).toHaveLength(1);
  });

  it('takes no old job for new that others leave room for on the page', async () => {
    const { account, advance, follow } = setUp();
    for (let job = 0; job < 150; job += 1) account.add({ ageMs: 60_000 + 1000 * job, isFinished: true });
    const others = [
      account.add({ ageMs: 30_000, isFinished: true }),
      account.add({ ageMs: 40_000, isFinished: true }),
    ];
    const reader = follow();
    await advance(1000);
    for (const job of others) job.removedAt = account.now;
    await advance(5000);
    expect(readAll(reader)).toEqual([]);
  });

  it('takes a job for new that lists show late, behind jobs that are newer', async () => {
    const { account, advance, follow } = setUp();
    for (let job = 0; job < 150; job += 1) account.add({ ageMs: 60_000 + 1000 * job, isFinished: true });
    const reader = follow();
    await advance(1000);
    const late = account.add({ lateMs: 5000 });
    await advance(2000);
    const other = account.add();
    await advance(1000);
    expect(readAll(reader)).toEqual([`${other.id} INIT`]);
    await advance(4000);
    expect(readAll(reader)).toEqual([`${late.id} INIT`]);
  });

  it('follows as many unfinished jobs as it may, the newest, and older ones as these finish', async () => {
    const { account, advance, follow, watcher } = setUp({ maxJobs: 20 });
    for (let job = 0; job < 150; job += 1) account.add({ ageMs: 60_000 + 1000 * job, isFinished: true });
    const jobs = Array.from({ length: 30 }, (_, index) => account.add({ ageMs: 300_000 + 1000 * index }));
    const reader = follow();
    await advance(20_000);
    expect(watcher.size).toBe(10);
    for (const job of [jobs[0], jobs[29]]) if (job) job.finishedAt = account.now;
    await advance(20_000);
    expect(readAll(reader)).toEqual([`${String(jobs[0]?.id)} SUCCESS`]);
    for (const job of jobs.slice(1, 6)) job.finishedAt = account.now;
    await advance(40_000);
    expect(readAll(reader)).toHaveLength(5);
    expect(watcher.size).toBe(10);
    for (const job of jobs.slice(8, 9)) job.finishedAt = account.now;
    await advance(20_000);
    expect(readAll(reader)).toEqual([`${String(jobs[8]?.id)} SUCCESS`]);
  });

  it('gives up the oldest job that it follows for a new one', async () => {
    const { account, advance, follow, watcher } = setUp({ maxJobs: 20 });
    Array.from({ length: 10 }, (_, index) => account.add({ ageMs: 60_000 + 1000 * index }));
    const reader = follow();
    await advance(1000);
    const added = account.add();
    await advance(1000);
    added.finishedAt = account.now;
    await advance(3000);
    expect(readAll(reader)).toEqual([`${added.id} INIT`, `${added.id} SUCCESS`]);
    expect(watcher.size).toBeLessThanOrEqual(10);
  });

  it('ends a reader that is further behind than the changes that are kept, and no other', async () => {
    const { account, advance, follow } = setUp();
    account.add({ ...OLD, isFinished: true });
    const [slow, quick] = [follow(), follow()];
    await advance(1000);
    let told = 0;
    for (let round = 0; round < 5; round += 1) {
      for (let job = 0; job < BOUNDS.accountChanges.max / 4; job += 1) account.add({ isFinished: true });
      await advance(1000);
      told += readAll(quick).length;
    }
    expect(told).toBe((BOUNDS.accountChanges.max / 4) * 5);
    expect(() => slow.poll()).toThrow(OverloadedError);
  });

  it('ends all readers when more jobs are new than it reads at once, and begins anew', async () => {
    const { account, advance, follow } = setUp();
    account.add({ ...OLD, isFinished: true });
    const reader = follow();
    await advance(1000);
    for (let job = 0; job < BOUNDS.accountChanges.max + 100; job += 1) account.add({ isFinished: true });
    account.now += 120_000;
    await advance(1000);
    expect(() => reader.poll()).toThrow('More jobs are new than the gateway reads at once');
    const next = follow();
    reader.stop();
    await advance(3000);
    const added = account.add();
    await advance(1000);
    expect(readAll(next)).toEqual([`${added.id} INIT`]);
  });

  it('costs nothing while nobody follows, and knows within ten seconds where it was', async () => {
    const { account, advance, follow, lists, timers, watcher } = setUp();
    account.add(OLD);
    follow().stop();
    const first = follow();
    await advance(2000);
    first.stop();
    expect([watcher.size, timers.size]).toEqual([0, 0]);
    lists.length = 0;
    const added = account.add();
    await advance(OVERLAP_MS - 1000);
    expect(lists).toEqual([]);
    const second = follow();
    await advance(1000);
    expect(readAll(second)).toEqual([`${added.id} INIT`]);
    expect(lists.filter(({ status }) => status === 'Init')).toEqual([]);
    second.stop();
    await advance(OVERLAP_MS + 1000);
    const third = follow();
    await advance(1000);
    expect(readAll(third)).toEqual([]);
    third.stop();
  });

  it('gives who comes later what has changed in the last seconds', async () => {
    const { account, advance, follow } = setUp();
    const job = account.add(OLD);
    const first = follow();
    await advance(20_000);
    job.finishedAt = account.now;
    await advance(8000);
    const second = follow();
    expect(readAll(first)).toEqual([`${job.id} SUCCESS`]);
    expect(readAll(second)).toEqual([`${job.id} SUCCESS`]);
    await advance(OVERLAP_MS + 5000);
    expect(readAll(follow())).toEqual([]);
  });
});
