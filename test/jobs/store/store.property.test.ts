import { EVERY_JOB } from '../../../src/jobs/jobs.ts';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CacheStatus } from '../../../src/jobs/events.ts';
import { IceError } from '../../../src/ice/errors.ts';
import type { CallContext, IceClient, Observed } from '../../../src/ice/client.ts';
import { isFinished, type PackageJob } from '../../../src/jobs/model.ts';
import { createPlanner } from '../../../src/jobs/source/planner.ts';
import { createListJobs } from '../../../src/jobs/list/list-jobs.ts';
import { JobStore, type ReadContext } from '../../../src/jobs/store/store.ts';
import { createEvents } from '../../support/events.ts';
import { FRESHNESS } from '../../support/jobs.ts';
import { Upstream } from '../../support/upstream.ts';

/** What happens, in the order it happens; calls in flight end between any two of these. */
const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('read'),
      ids: fc.oneof(
        fc.constant([0, 1, 2, 3, 4, 5]),
        fc.subarray([0, 1, 2, 3, 4, 5], { minLength: 1, maxLength: 2 }),
      ),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('list') }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('wait'), ms: fc.constantFrom(1, 300, 1000, 61_000) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('finish'), id: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('fail'), calls: fc.integer({ min: 1, max: 12 }) }) },
);

interface Step {
  readonly kind: string;
  readonly ids?: readonly number[];
  readonly ms?: number;
  readonly id?: number;
  readonly calls?: number;
}

interface Answer {
  readonly id: string;
  readonly askedAt: number;
  readonly answeredAt: number;
  readonly job: PackageJob | null;
  readonly isStale: boolean;
  readonly isListed: boolean;
  /** The order in which reads began and ended. */
  readonly began: number;
  readonly ended: number;
}

const contextOf = (onCacheStatus: (status: CacheStatus) => void): ReadContext => ({
  signal: new AbortController().signal,
  client: '',
  turnKey: {},
  onCall: () => undefined,
  onCacheStatus,
});

/** Plays a history; calls take the order that the scheduler gives them, on their way there and back. */
async function play(
  history: readonly Step[],
  scheduler: fc.Scheduler,
  lagMs: number,
): Promise<{ upstream: Upstream; answers: Answer[] }> {
  const upstream = new Upstream();
  const answers: Answer[] = [];
  const reads: Promise<unknown>[] = [];
  let failing = 0;
  let order = 0;

  async function call<T>(context: CallContext, sample: () => T): Promise<Observed<T>> {
    const observedAt = upstream.now;
    const hasFailed = failing > 0;
    failing = Math.max(0, failing - 1);
    await scheduler.schedule(Promise.resolve(), 'request');
    const value = sample();
    await scheduler.schedule(Promise.resolve(), 'response');
    if (hasFailed || context.signal.aborted) throw new IceError('UPSTREAM_UNAVAILABLE', { action: 'test' });
    return { value, observedAt };
  }
  const ice: Pick<IceClient, 'getPackageJob' | 'listPackageJobs'> = {
    getPackageJob: (id, context) => call(context, () => upstream.stateAt(id, upstream.now)),
    listPackageJobs: (query, context) =>
      call(context, () => ({ jobs: upstream.listAt(query, upstream.now - lagMs), nextPageToken: null })),
  };
  const now = () => upstream.now;
  const events = createEvents().jobs;
  events.on('listContradiction', () => expect.unreachable('the list is never wrong'));
  const store = new JobStore({
    // The planner checks lists; how soon it finds one that lags is tested there.
    source: (memory) => createPlanner({ ice, memory, isListBatchingOn: lagMs === 0, now, events }),
    freshness: FRESHNESS,
    maxJobs: 100,
    now,
    events,
  });
  const listJobs = createListJobs(ice, store);

  async function read(id: string): Promise<void> {
    const [askedAt, began] = [upstream.now, (order += 1)];
    let isStale = false;
    const entry = await store
      .get(
        id,
        contextOf((how) => (isStale ||= how === 'stale')),
      )
      .catch((error: unknown) => {
        if (!(error instanceof IceError)) throw error;
        return undefined;
      });
    const ended = (order += 1);
    if (entry !== undefined)
      answers.push({
        id,
        askedAt,
        answeredAt: upstream.now,
        job: entry.job,
        isStale,
        isListed: false,
        began,
        ended,
      });
  }
  async function list(): Promise<void> {
    const [askedAt, began] = [upstream.now, (order += 1)];
    const page = await listJobs(
      {},
      contextOf(() => undefined),
      EVERY_JOB,
    ).catch(() => ({ nodes: [] }));
    const ended = (order += 1);
    for (const job of page.nodes) {
      answers.push({
        id: job.id,
        askedAt,
        answeredAt: upstream.now,
        job,
        isStale: false,
        isListed: true,
        began,
        ended,
      });
    }
  }

  for (const step of history) {
    if (step.kind === 'read') reads.push(...(step.ids ?? []).map((index) => read(`j${String(index)}`)));
    if (step.kind === 'list') reads.push(list());
    if (step.kind === 'wait') upstream.now += step.ms ?? 0;
    if (step.kind === 'finish' && !upstream.finishedAt.has(`j${String(step.id)}`)) {
      upstream.finishedAt.set(`j${String(step.id)}`, upstream.now);
    }
    if (step.kind === 'fail') failing += step.calls ?? 0;
    // Lets reads be planned, then lets some of the calls in flight get on.
    await new Promise(setImmediate);
    if (scheduler.count() > 0) await scheduler.waitOne();
  }
  while (answers.length >= 0) {
    await new Promise(setImmediate);
    if (scheduler.count() === 0) break;
    await scheduler.waitOne();
  }
  await Promise.all(reads);
  return { upstream, answers };
}

type Played = Awaited<ReturnType<typeof play>>;

/** Plays a thousand histories and expects no answer in any of them that `isWrong` finds. */
async function expectNone(isWrong: (answer: Answer, played: Played) => boolean, lagMs = 0): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { maxLength: 40, size: 'max' }),
      fc.scheduler(),
      async (history, scheduler) => {
        const played = await play(history, scheduler, lagMs);
        expect(played.answers.filter((answer) => isWrong(answer, played))).toEqual([]);
      },
    ),
    { numRuns: 500 },
  );
}

describe('whatever the order of reads, lists, changes, slow and failing calls', () => {
  it('no answer is older than promised while ICE works, nor than its limit while it fails', async () => {
    await expectNone(({ id, askedAt, answeredAt, job, isStale }, { upstream }) => {
      const bound = isStale ? answeredAt - FRESHNESS.staleIfErrorMs : askedAt - FRESHNESS.unfinishedMs;
      return job !== null && !isFinished(job) && upstream.finishedAtOf(id) < bound;
    });
  });

  it('no read of a job by its id is older than promised, however far lists lag', async () => {
    await expectNone(({ id, askedAt, answeredAt, job, isStale, isListed }, { upstream }) => {
      const bound = isStale ? answeredAt - FRESHNESS.staleIfErrorMs : askedAt - FRESHNESS.unfinishedMs;
      return !isListed && job !== null && !isFinished(job) && upstream.finishedAtOf(id) < bound;
    }, 60_000);
  });

  it('no job goes backwards: what one read has shown, no later one undoes', async () => {
    await expectNone((later, { answers }) => {
      const isUndone = (earlier: Answer) =>
        earlier.id === later.id &&
        earlier.ended < later.began &&
        earlier.job !== null &&
        isFinished(earlier.job);
      return later.job !== null && !isFinished(later.job) && answers.some(isUndone);
    });
  });

  it('no answer mixes two states of a job, and each was the job’s state when it says it was observed', async () => {
    await expectNone(({ id, job }, { upstream }) => {
      if (job === null) return true;
      const { observedAt, outputUrl, ...shown } = job;
      const at = Date.parse(observedAt);
      // A job can finish in the very millisecond in which it is observed, and after its observation began.
      const times = [at - 1, at, upstream.finishedAtOf(id)].filter(Number.isFinite);
      const states = times.map((time) => upstream.stateAt(id, time));
      const isOneOfThem = states.some(({ outputUrl: truth, ...state }) => {
        return isDeepStrictEqual(state, shown) && (outputUrl === undefined || outputUrl === truth);
      });
      return !isOneOfThem || (shown.status === 'INIT' && upstream.finishedAtOf(id) < at);
    });
  });
});
