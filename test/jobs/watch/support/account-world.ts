import fc from 'fast-check';
import type { CallContext, IceClient, Observed } from '../../../../src/ice/client.ts';
import { IceError } from '../../../../src/ice/errors.ts';
import type { FilterArgument } from '../../../../src/jobs/filter.ts';
import {
  EVERY_JOB,
  type PackageJobConnection,
  type PackageJobsArguments,
} from '../../../../src/jobs/jobs.ts';
import { createListJobs, type ListJobs } from '../../../../src/jobs/list/list-jobs.ts';
import type { PackageJob } from '../../../../src/jobs/model.ts';
import { createPlanner } from '../../../../src/jobs/source/planner.ts';
import { JobStore, type ReadContext } from '../../../../src/jobs/store/store.ts';
import { AccountFeed } from '../../../../src/jobs/watch/account-feed.ts';
import { AccountUpdates } from '../../../../src/jobs/watch/account-updates.ts';
import { GoneError } from '../../../../src/jobs/errors.ts';
import { Account, type AccountJob } from '../../../support/account.ts';
import { createEvents } from '../../../support/events.ts';
import { FRESHNESS } from '../../../support/jobs.ts';
import { POLL_INTERVAL, startWatching, type Watching } from '../../../support/watching.ts';

/** What happens at ICE, and who follows. Calls in flight end between any two of these. */
export const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('follow'),
      filter: fc.constantFrom('all', 'INIT', 'SUCCESS', 'recent', 'early'),
      isDetailed: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave'), which: fc.nat(8) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('add'),
      count: fc.constantFrom(1, 1, 2, 5),
      lateMs: fc.constantFrom(0, 0, 2500),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('add'), count: fc.constantFrom(130, 260) }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('pass'), ms: fc.constantFrom(1, 400, 1000, 4000, 20_000) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('finish'), which: fc.nat(300) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('change'), which: fc.nat(300) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove'), which: fc.nat(300) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fail'), calls: fc.integer({ min: 1, max: 6 }) }) },
);

/** The most jobs of an account in a history. */
const MAX_ACCOUNT_JOBS = 900;

export interface Step {
  readonly do: string;
  readonly filter?: string;
  readonly isDetailed?: boolean;
  readonly which?: number;
  readonly count?: number;
  readonly lateMs?: number;
  readonly ms?: number;
  readonly calls?: number;
}

export interface Follower {
  readonly filter: FilterArgument;
  readonly isDetailed: boolean;
  readonly updates: AccountUpdates;
  /** What it was told, in order. `null` is a job that is gone. */
  readonly told: { readonly id: string; readonly job: PackageJob | null }[];
  readonly errors: unknown[];
  /** The list that it read once it had begun to follow. */
  list: readonly PackageJob[] | undefined;
  hasLeft: boolean;
}

/** A gateway's reading side on a clock of its own, with calls that end when the scheduler says. */
export class World {
  readonly account: Account;
  readonly followers: Follower[] = [];
  readonly watching: Watching;
  readonly feed: AccountFeed;
  readonly #scheduler: fc.Scheduler;
  readonly #store: JobStore;
  readonly #listJobs: ListJobs;
  readonly #context: ReadContext = {
    signal: new AbortController().signal,
    client: 'one',
    turnKey: {},
    onCall: () => undefined,
    onCacheStatus: () => undefined,
  };
  #failing = 0;

  constructor(
    scheduler: fc.Scheduler,
    setting: { lagMs: number; hasShiftingPages: boolean; maxJobs: number },
  ) {
    this.#scheduler = scheduler;
    const account = new Account(setting);
    this.account = account;
    // More than a page of jobs have been there before.
    for (let ageMs = 200_000; ageMs > 60_000; ageMs -= 1000)
      account.add({ ageMs, isFinished: ageMs % 7000 > 0 });
    const now = () => account.now;
    const ice: Pick<IceClient, 'getPackageJob' | 'listPackageJobs'> = {
      getPackageJob: (id, context) => this.#call(context, () => account.stateAt(id, account.now)),
      listPackageJobs: (query, context) => {
        // A client's own list may lose jobs where pages shift. What follows may not.
        const isShifting = setting.hasShiftingPages && context.client === '' && query.status === undefined;
        return this.#call(context, () => account.list(query, isShifting));
      },
    };
    const events = createEvents().jobs;
    const store = new JobStore({
      source: (memory) => createPlanner({ ice, memory, isListBatchingOn: true, now, events }),
      freshness: FRESHNESS,
      maxJobs: setting.maxJobs,
      now,
      events,
    });
    this.#store = store;
    this.watching = startWatching(account, store, { random: Math.random });
    this.feed = new AccountFeed({
      ice,
      store,
      watcher: this.watching.watcher,
      pollInterval: POLL_INTERVAL,
      maxJobs: 10_000,
      readTimeoutMs: 10_000,
      now,
      setTimer: this.watching.timers.set,
      events,
    });
    this.#listJobs = createListJobs(ice, store, events, (id, entry) => this.feed.listed(id, entry));
  }

  async play(history: readonly Step[]): Promise<void> {
    for (const step of history) {
      await this.#take(step);
      await turn();
      if (this.#scheduler.count() > 0) await this.#scheduler.waitOne();
    }
    // Then ICE is well, and all who are still there have read their list.
    this.#failing = 0;
    for (let second = 0; second < 25; second += 1) {
      await this.#land();
      await this.#pass(1000);
    }
    await this.#land();
  }

  async end(): Promise<void> {
    for (const { updates } of this.followers) await updates.return();
    await this.#land();
  }

  async #take({
    do: what,
    filter = 'all',
    isDetailed = false,
    which = 0,
    count = 0,
    lateMs = 0,
    ms = 0,
    calls = 0,
  }: Step) {
    const { account } = this;
    const one = (jobs: readonly AccountJob[]) => jobs[which % Math.max(1, jobs.length)];
    if (what === 'follow') void this.#follow(this.#filter(filter), isDetailed);
    if (what === 'leave') this.#leave(this.followers[which]);
    // Beyond the pages of a look, a job that is listed late is found within a minute.
    const left = Math.max(0, MAX_ACCOUNT_JOBS - account.jobs.size);
    if (what === 'add') for (let job = 0; job < Math.min(count, left); job += 1) account.add({ lateMs });
    if (what === 'pass') await this.#pass(ms);
    if (what === 'fail') this.#failing += calls;
    const job = one(account.unfinished());
    if (job === undefined || what === 'pass') return;
    if (what === 'finish') job.finishedAt = account.now;
    if (what === 'change') job.changedAt.push(account.now);
    if (what === 'remove') job.removedAt = account.now;
  }

  #filter(name: string): FilterArgument {
    const at = new Date(this.account.now);
    if (name === 'recent') return { createdFrom: at };
    if (name === 'early') return { createdTo: at, status: 'INIT' };
    return name === 'INIT' || name === 'SUCCESS' ? { status: name } : {};
  }

  async #follow(filter: FilterArgument, isDetailed: boolean): Promise<void> {
    const jobs = {
      follow: (onChange: () => void, client: string) => this.feed.follow(onChange, client),
      get: (...args: Parameters<JobStore['get']>) => this.#store.get(...args),
    };
    const updates = new AccountUpdates(
      jobs,
      filter,
      this.#context,
      isDetailed ? 'detail' : 'summary',
      this.watching.timers.set,
    );
    const follower: Follower = {
      filter,
      isDetailed,
      updates,
      told: [],
      errors: [],
      list: undefined,
      hasLeft: false,
    };
    this.followers.push(follower);
    void this.#readList(follower);
    for await (const update of updates) {
      if ('job' in update) follower.told.push({ id: update.job.id, job: update.job });
      else if (update.error instanceof GoneError) follower.told.push({ id: update.error.jobId, job: null });
      else follower.errors.push(update.error);
    }
  }

  /** Walks the list. A page that fails is asked for again. */
  async #readList(follower: Follower): Promise<void> {
    const jobs: PackageJob[] = [];
    let after: string | null = null;
    for (;;) {
      const args: PackageJobsArguments = { filter: follower.filter, first: 100, after };
      const isOfEnded = follower.filter.status === 'SUCCESS';
      if (isOfEnded) await this.feed.begun(this.#context.signal);
      const page: PackageJobConnection | undefined = await this.#listJobs(
        args,
        this.#context,
        EVERY_JOB,
      ).catch(() => undefined);
      if (page === undefined) continue;
      jobs.push(...page.nodes);
      after = page.pageInfo.endCursor;
      if (!page.pageInfo.hasNextPage) break;
    }
    follower.list = jobs;
  }

  #leave(follower: Follower | undefined): void {
    if (follower === undefined) return;
    follower.hasLeft = true;
    void follower.updates.return();
  }

  /** Lets time pass; calls in flight stay so. */
  async #pass(ms: number): Promise<void> {
    const until = this.account.now + ms;
    while (this.watching.timers.runNext(until)) await turn();
    this.account.now = until;
  }

  /** Lets all calls in flight end, and those they lead to. */
  async #land(): Promise<void> {
    for (let quiet = 0; quiet < 5; quiet += 1) {
      await turn();
      if (this.#scheduler.count() === 0) continue;
      quiet = 0;
      await this.#scheduler.waitOne();
    }
  }

  async #call<T>(context: CallContext, sample: () => T): Promise<Observed<T>> {
    const observedAt = this.account.now;
    const hasFailed = this.#failing > 0;
    this.#failing = Math.max(0, this.#failing - 1);
    await this.#scheduler.schedule(Promise.resolve(), 'request');
    const value = sample();
    await this.#scheduler.schedule(Promise.resolve(), 'response');
    if (hasFailed || context.signal.aborted) throw new IceError('UPSTREAM_UNAVAILABLE', { action: 'test' });
    return { value, observedAt };
  }
}

function turn(): Promise<void> {
  return new Promise(setImmediate);
}
