import { EVERY_JOB } from '../../../src/jobs/jobs.ts';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallContext, IceClient, Observed } from '../../../src/ice/client.ts';
import { IceError } from '../../../src/ice/errors.ts';
import { isUnchangedSummary } from '../../../src/jobs/store/entry.ts';
import { isFinished, type PackageJob } from '../../../src/jobs/model.ts';
import { createPlanner } from '../../../src/jobs/source/planner.ts';
import { createListJobs, type ListJobs } from '../../../src/jobs/list/list-jobs.ts';
import { JobStore, type ReadContext } from '../../../src/jobs/store/store.ts';
import { JobUpdates } from '../../../src/jobs/watch/updates.ts';
import { waitForJob, type WaitUntil } from '../../../src/jobs/watch/wait.ts';
import { createEvents } from '../../support/events.ts';
import { FRESHNESS } from '../../support/jobs.ts';
import { Upstream } from '../../support/upstream.ts';
import { startWatching, type Watching } from '../../support/watching.ts';

/** Who looks at jobs, or what happens to them; calls in flight end between any two of these. */
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('subscribe'), ids: fc.subarray(JOBS(), { minLength: 1 }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('leave'), which: fc.nat(8) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('wait'),
      id: fc.constantFrom(...JOBS()),
      until: fc.constantFrom<WaitUntil>('FINISHED', 'CHANGE'),
      ms: fc.constantFrom(1000, 30_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel'), which: fc.nat(8) }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('pass'), ms: fc.constantFrom(1, 400, 1000, 5000, 20_000) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('finish'), id: fc.constantFrom(...JOBS()) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('change'), id: fc.constantFrom(...JOBS()) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fail'), calls: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('list') }) },
);

interface Step {
  readonly do: string;
  readonly ids?: readonly string[];
  readonly id?: string;
  readonly until?: WaitUntil;
  readonly which?: number;
  readonly ms?: number;
  readonly calls?: number;
}

function JOBS(): string[] {
  return new Upstream().ids;
}

interface Subscriber {
  readonly ids: readonly string[];
  readonly updates: JobUpdates;
  readonly told: PackageJob[];
  readonly errors: unknown[];
  isOver: boolean;
  hasLeft: boolean;
}

interface Waiting {
  readonly id: string;
  readonly endsAt: number;
  readonly until: WaitUntil;
  readonly leave: AbortController;
  result: { readonly job: PackageJob | null | undefined; readonly at: number } | undefined;
  error: unknown;
}

/** A gateway's reading side on a clock of its own, with calls that end when the scheduler says. */
class World {
  readonly upstream = new Upstream();
  readonly subscribers: Subscriber[] = [];
  readonly waits: Waiting[] = [];
  readonly watching: Watching;
  readonly #scheduler: fc.Scheduler;
  readonly #context: ReadContext = {
    signal: new AbortController().signal,
    client: '',
    turnKey: {},
    onCall: () => undefined,
    onCacheStatus: () => undefined,
  };
  readonly #listJobs: ListJobs;
  #failing = 0;

  constructor(scheduler: fc.Scheduler, lagMs: number) {
    this.#scheduler = scheduler;
    const { upstream } = this;
    const now = () => upstream.now;
    const ice: Pick<IceClient, 'getPackageJob' | 'listPackageJobs'> = {
      getPackageJob: (id, context) => this.#call(context, () => upstream.stateAt(id, upstream.now)),
      listPackageJobs: (query, context) =>
        this.#call(context, () => ({
          jobs: upstream.listAt(query, upstream.now - lagMs),
          nextPageToken: null,
        })),
    };
    const events = createEvents().jobs;
    // Few enough to be forgotten and read again.
    const store = new JobStore({
      source: (memory) => createPlanner({ ice, memory, isListBatchingOn: true, now, events }),
      freshness: FRESHNESS,
      maxJobs: 4,
      now,
      events,
    });
    this.watching = startWatching(upstream, store, { random: Math.random });
    this.#listJobs = createListJobs(ice, store);
  }

  async play(history: readonly Step[]): Promise<void> {
    for (const step of history) {
      await this.#take(step);
      await turn();
      if (this.#scheduler.count() > 0) await this.#scheduler.waitOne();
    }
    // Then ICE is well, every job finishes, and all who are still there are to see it.
    this.#failing = 0;
    for (const id of this.upstream.ids) this.#finish(id);
    for (let second = 0; second < 400 && this.#isBusy; second += 1) {
      await this.#land();
      await this.#pass(1000);
    }
    await this.#land();
  }

  get #isBusy(): boolean {
    return (
      this.subscribers.some(({ isOver, hasLeft }) => !isOver && !hasLeft) ||
      this.waits.some(({ result, error }) => result === undefined && error === undefined)
    );
  }

  async #take({
    do: what,
    ids = [],
    id = '',
    until = 'FINISHED',
    which = 0,
    ms = 0,
    calls = 0,
  }: Step): Promise<void> {
    const { upstream } = this;
    if (what === 'subscribe') void this.#subscribe(ids);
    if (what === 'leave') await this.#leave(this.subscribers[which]);
    if (what === 'wait') void this.#wait(id, until, ms);
    if (what === 'cancel') this.waits[which]?.leave.abort();
    if (what === 'pass') await this.#pass(ms);
    if (what === 'finish') this.#finish(id);
    if (what === 'change') upstream.changedAt.set(id, [...(upstream.changedAt.get(id) ?? []), upstream.now]);
    if (what === 'fail') this.#failing += calls;
    if (what === 'list') this.#listJobs({}, this.#context, EVERY_JOB).catch(() => undefined);
  }

  #finish(id: string): void {
    if (!this.upstream.finishedAt.has(id)) this.upstream.finishedAt.set(id, this.upstream.now);
  }

  async #subscribe(ids: readonly string[]): Promise<void> {
    const updates = new JobUpdates(this.watching.watcher, ids, this.#context);
    const subscriber: Subscriber = { ids, updates, told: [], errors: [], isOver: false, hasLeft: false };
    this.subscribers.push(subscriber);
    for await (const update of updates) {
      if ('error' in update) subscriber.errors.push(update.error);
      else subscriber.told.push(update.job);
    }
    subscriber.isOver = true;
  }

  async #leave(subscriber: Subscriber | undefined): Promise<void> {
    if (subscriber === undefined) return;
    subscriber.hasLeft = true;
    await subscriber.updates.return();
  }

  async #wait(id: string, until: WaitUntil, timeoutMs: number): Promise<void> {
    const leave = new AbortController();
    const endsAt = this.upstream.now + timeoutMs;
    const waiting: Waiting = { id, endsAt, until, leave, result: undefined, error: undefined };
    this.waits.push(waiting);
    try {
      const { jobs, timers } = this.watching;
      const wait = { until, timeoutMs };
      const job = await waitForJob(jobs, id, wait, this.#context, [leave.signal], 'summary', timers.set);
      waiting.result = { job, at: this.upstream.now };
    } catch (error) {
      waiting.error = error;
    }
  }

  /** Lets time pass; calls in flight stay so. */
  async #pass(ms: number): Promise<void> {
    const until = this.upstream.now + ms;
    while (this.watching.timers.runNext(until)) await turn();
    this.upstream.now = until;
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
    const observedAt = this.upstream.now;
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

/** Plays as many histories and expects nothing in any of them that `wrongs` finds. */
async function expectNone(wrongs: (world: World) => readonly unknown[], lagMs: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 30, size: 'max' }),
      fc.scheduler(),
      async (history, scheduler) => {
        const world = new World(scheduler, lagMs);
        await world.play(history);
        expect(wrongs(world)).toEqual([]);
      },
    ),
    { numRuns: 400 },
  );
}

/** Whether each of these states of one job is a later one than that before it. */
function isForward(states: readonly PackageJob[]): boolean {
  return states.every((state, index) => {
    const before = states[index - 1];
    if (before === undefined) return true;
    const [earlier, later] = [before, state].map(({ modifiedTime }) => Date.parse(modifiedTime ?? ''));
    return !isFinished(before) && (later ?? 0) >= (earlier ?? 0) && !isUnchangedSummary(before, state);
  });
}

/** Whether the job has been in this very state, of which a list leaves out the address. */
function hasBeen(job: PackageJob, upstream: Upstream): boolean {
  const { observedAt, outputUrl, ...shown } = job;
  expect(Date.parse(observedAt)).toBeLessThanOrEqual(upstream.now);
  const times = [0, ...(upstream.changedAt.get(shown.id) ?? []), upstream.finishedAtOf(shown.id)];
  // Just before it ends as well, where a change came in the same millisecond.
  return times.some((at) => {
    return [upstream.stateAt(shown.id, at), upstream.unfinishedAt(shown.id, at)].some(
      ({ outputUrl: truth, ...state }) =>
        isDeepStrictEqual(state, shown) && (outputUrl === undefined || outputUrl === truth),
    );
  });
}

function walks({ told, ids }: Subscriber): PackageJob[][] {
  return ids.map((id) => told.filter((job) => job.id === id));
}

describe.for([0, 3000])(
  'with lists that lag by %i ms, whoever comes, leaves and waits, and whatever fails',
  (lagMs) => {
    it('every subscriber is told each job’s states in order, none twice, and none that was not', async () => {
      await expectNone(({ subscribers, upstream }) => {
        return subscribers.filter(
          (subscriber) =>
            !walks(subscriber).every(isForward) ||
            !subscriber.told.every((job) => hasBeen(job, upstream)) ||
            subscriber.errors.length > 0,
        );
      }, lagMs);
    });

    it('every subscriber that stays is told how each job ended, and is done', async () => {
      await expectNone(
        ({ subscribers }) =>
          subscribers.filter((subscriber) => {
            const hasEnded = walks(subscriber).every((states) => states.at(-1)?.status === 'SUCCESS');
            return !subscriber.hasLeft && (!subscriber.isOver || !hasEnded);
          }),
        lagMs,
      );
    });

    it('every wait ends when it may, and not without a reason', async () => {
      await expectNone(
        ({ waits }) =>
          waits.filter(({ result, error, endsAt, until, leave }) => {
            if (error !== undefined) return !(error instanceof IceError);
            if (result === undefined) return true;
            const isEarly = result.at < endsAt && !leave.signal.aborted;
            return isEarly && until === 'FINISHED' && !(result.job && isFinished(result.job));
          }),
        lagMs,
      );
    });

    it('no entry and no timer is left when all is over', async () => {
      await expectNone(({ watching: { watcher, timers } }) => {
        return watcher.size === 0 && timers.size === 0 ? [] : [watcher.size, timers.size];
      }, lagMs);
    });
  },
);
