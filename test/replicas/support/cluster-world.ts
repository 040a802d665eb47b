import fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallContext, IceClient, Observed } from '../../../src/ice/client.ts';
import { IceError } from '../../../src/ice/errors.ts';
import { createListJobs } from '../../../src/jobs/list/list-jobs.ts';
import { EVERY_JOB, isFinished, type PackageJob } from '../../../src/jobs/model.ts';
import type { JobMemory } from '../../../src/jobs/source/job-source.ts';
import { createPlanner } from '../../../src/jobs/source/planner.ts';
import type { Detail } from '../../../src/jobs/store/entry.ts';
import { JobStore, type ReadContext } from '../../../src/jobs/store/store.ts';
import type { Connection } from '../../../src/replicas/connection.ts';
import { SharedJobs } from '../../../src/replicas/shared-jobs.ts';
import { createEvents } from '../../support/events.ts';
import { FRESHNESS } from '../../support/jobs.ts';
import { Upstream } from '../../support/upstream.ts';
import { POLL_INTERVAL } from '../../support/watching.ts';
import { Link } from './link.ts';

const replica = fc.nat(3);

/** Jobs that are there only once they were submitted. */
const SUBMITTED = ['j6', 'j7'];

/** What happens at ICE, at the replicas, and between them and Redis. Calls in flight end whenever they do. */
export const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('read' as const),
      replica,
      ids: fc.subarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 1 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('list' as const), replica }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('submit' as const),
      replica,
      id: fc.integer({ min: 6, max: 7 }),
      shownAfterMs: fc.constantFrom(1, 500, 30_000),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 300, 1000, 61_000) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('finish' as const), id: fc.nat(7) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('change' as const), id: fc.nat(7) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('lose' as const), replica }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('join' as const), replica }) },
  { weight: 1, arbitrary: fc.constant({ do: 'empty' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('fail' as const), calls: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 3, arbitrary: fc.constant({ do: 'rest' as const }) },
);

export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface Member {
  readonly link: Link;
  readonly store: JobStore;
  readonly shared: SharedJobs;
  readonly list: () => Promise<unknown>;
  /** Each state that memory came to have, by id. */
  readonly states: Map<string, (PackageJob | null)[]>;
}

/** A read as its caller saw it, by the clock of the test. */
export interface Answer {
  readonly id: string;
  readonly askedAt: number;
  readonly answeredAt: number;
  readonly isStale: boolean;
  readonly job: PackageJob | null;
}

/** Replicas over one Redis, in front of one ICE, on a clock that only the test moves. */
export class ClusterWorld {
  readonly upstream = new Upstream();
  readonly ids = [...this.upstream.ids, ...SUBMITTED];
  readonly members: readonly Member[];
  readonly answers: Answer[] = [];
  readonly #empty: () => Promise<unknown>;
  readonly #reads: Promise<unknown>[] = [];
  #failing = 0;

  /** @param empty removes everything from Redis */
  constructor(connections: readonly Connection[], empty: () => Promise<unknown>) {
    this.#empty = empty;
    this.members = connections.map((connection) => this.#createMember(connection));
  }

  async play(history: readonly Step[]): Promise<void> {
    for (const step of history) await this.#take(step);
    await Promise.all(this.#reads);
    this.#failing = 0;
    // What Redis has lost it is told again by those who join.
    for (const { link } of this.members) link.lose();
    for (const { link } of this.members) link.join();
  }

  /** What each replica knows of each job that it knows, in the end. */
  known(): Map<string, Set<string>> {
    const known = new Map<string, Set<string>>();
    for (const { store } of this.members) {
      for (const id of this.ids) {
        const job = store.peek(id)?.job;
        if (!job) continue;
        const states = known.get(id) ?? new Set();
        known.set(id, states.add(isFinished(job) ? job.status : `${job.status} ${String(job.modifiedTime)}`));
      }
    }
    return known;
  }

  async close(): Promise<void> {
    for (const { shared } of this.members) await shared.close();
  }

  async #take(step: Step): Promise<void> {
    const { upstream, members } = this;
    const member = 'replica' in step ? members[step.replica % members.length] : undefined;
    const id = 'id' in step ? `j${String(step.id)}` : '';
    if (step.do === 'read' && member !== undefined)
      for (const index of step.ids) this.#reads.push(this.#read(member, `j${String(index)}`));
    if (step.do === 'list' && member !== undefined) this.#reads.push(member.list());
    if (step.do === 'pass') upstream.now += step.ms;
    if (step.do === 'submit' && member !== undefined) this.#submit(member, id, step.shownAfterMs);
    const isOpen = upstream.isShownAt(id, upstream.now) && !upstream.finishedAt.has(id);
    if (step.do === 'finish' && isOpen) upstream.finishedAt.set(id, upstream.now);
    if (step.do === 'change' && isOpen)
      upstream.changedAt.set(id, [...(upstream.changedAt.get(id) ?? []), upstream.now]);
    if (step.do === 'lose') member?.link.lose();
    if (step.do === 'join') member?.link.join();
    if (step.do === 'empty') await this.#empty();
    if (step.do === 'fail') this.#failing += step.calls;
    if (step.do === 'rest') await sleep(5);
    else await new Promise(setImmediate);
  }

  /** Does what SubmitPackageJob does at a replica. ICE shows the job later. */
  #submit(member: Member, id: string, shownAfterMs: number): void {
    const { upstream } = this;
    if (upstream.submitted.has(id)) return;
    const { now } = upstream;
    upstream.submitted.set(id, { createdAt: now, shownAt: now + shownAfterMs });
    const job = { ...upstream.unfinishedAt(id, now), createTime: null, modifiedTime: null };
    member.store.ingest(id, { job: { ...job, outputUrl: undefined }, observedAt: now, source: 'submission' });
    this.#reads.push(this.#read(member, id, 'detail'));
  }

  async #read({ store }: Member, id: string, detail: Detail = 'summary'): Promise<void> {
    const askedAt = this.upstream.now;
    let isStale = false;
    const context = this.#context(() => (isStale = true));
    const entry = await store.get(id, context, detail).catch((error: unknown) => {
      if (!(error instanceof IceError)) throw error;
      return undefined;
    });
    if (entry === undefined) return;
    this.answers.push({ id, askedAt, answeredAt: this.upstream.now, isStale, job: entry.job });
  }

  #context(onStale: () => void): ReadContext {
    return {
      signal: new AbortController().signal,
      client: 'test',
      turnKey: {},
      onCall: () => undefined,
      onCacheStatus: (status) => (status === 'stale' ? onStale() : undefined),
    };
  }

  #createMember(connection: Connection): Member {
    const now = () => this.upstream.now;
    const link = new Link(connection, now);
    const { jobs: events } = createEvents();
    const ice = this.#createIce();
    const shared = new SharedJobs({
      connection: link.connection,
      events: link.events,
      freshness: FRESHNESS,
      pollInterval: POLL_INTERVAL,
      readTimeoutMs: 10_000,
      now,
    });
    const createIce = (memory: JobMemory) =>
      createPlanner({ ice, memory, isListBatchingOn: true, now, events });
    const store = new JobStore({
      source: shared.source(createIce),
      freshness: FRESHNESS,
      maxJobs: 100,
      now,
      events,
    });
    const states: Member['states'] = new Map(this.ids.map((id) => [id, []]));
    store.onChange(({ id, entry }) => states.get(id)?.push(entry.job));
    shared.attach({
      unfinished: () => this.ids.filter((id) => store.peek(id)?.job?.status === 'INIT'),
      isWanted: (id) => store.peek(id) !== undefined,
    });
    const listJobs = createListJobs(shared.pages(ice).listed, store);
    const list = () =>
      listJobs(
        {},
        this.#context(() => undefined),
        EVERY_JOB,
      ).catch(() => undefined);
    return { link, store, shared, list, states };
  }

  #createIce(): Pick<IceClient, 'getPackageJob' | 'listPackageJobs'> {
    const { upstream } = this;
    const call = async <T>({ signal }: CallContext, sample: (begunAt: number) => T): Promise<Observed<T>> => {
      const observedAt = upstream.now;
      const hasFailed = this.#failing > 0;
      this.#failing = Math.max(0, this.#failing - 1);
      await sleep(Math.random() * 3);
      const value = sample(observedAt);
      await sleep(Math.random() * 3);
      if (hasFailed || signal.aborted) throw new IceError('UPSTREAM_UNAVAILABLE', { action: 'test' });
      return { value, observedAt };
    };
    return {
      // Calls that began at the same time say the same of whether a job is there.
      getPackageJob: (id, context) =>
        call(context, (begunAt) =>
          upstream.isShownAt(id, begunAt) ? upstream.stateAt(id, upstream.now) : null,
        ),
      listPackageJobs: (query, context) =>
        call(context, (begunAt) => ({
          jobs: upstream.listAt(query, upstream.now, begunAt),
          nextPageToken: null,
        })),
    };
  }
}
