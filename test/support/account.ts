import type { ListQuery } from '../../src/ice/client.ts';
import type { IceJob, IceJobPage } from '../../src/ice/decode.ts';
import { jobWith } from './job.ts';

/** What becomes of a job. Times are milliseconds since 1970. `Infinity` is never. */
export interface AccountJob {
  readonly id: string;
  readonly createdAt: number;
  /** When lists show it first. It may be later than for jobs that were created after it. */
  readonly listedAt: number;
  readonly changedAt: number[];
  finishedAt: number;
  removedAt: number;
}

/**
 * An account whose jobs come, change, end and are removed at any time. Every state follows from these times. Lists have ties, as
 * ICE counts whole seconds.
 */
export class Account {
  now = Date.UTC(2026, 0, 1);
  readonly jobs = new Map<string, AccountJob>();
  readonly #lagMs: number;

  constructor({ lagMs = 0 } = {}) {
    this.#lagMs = lagMs;
  }

  add({ ageMs = 0, lateMs = 0, isFinished = false } = {}): AccountJob {
    const createdAt = this.now - ageMs;
    const job = {
      id: `j${String(this.jobs.size)}`,
      createdAt,
      listedAt: createdAt + lateMs,
      changedAt: [],
      finishedAt: isFinished ? createdAt : Infinity,
      removedAt: Infinity,
    };
    this.jobs.set(job.id, job);
    return job;
  }

  unfinished(): AccountJob[] {
    return [...this.jobs.values()].filter((job) => job.finishedAt === Infinity && job.removedAt === Infinity);
  }

  /** The one state that a job has at a time. `null`: there is no such job. */
  stateAt(id: string, at: number): IceJob | null {
    const job = this.jobs.get(id);
    if (job === undefined || job.createdAt > at || job.removedAt <= at) return null;
    if (at >= job.finishedAt) return this.#ended(job);
    return this.unfinishedAt(job, at);
  }

  /** The state that it has before it ends. */
  unfinishedAt(job: AccountJob, at: number): IceJob {
    const changedAt = job.changedAt.findLast((time) => time <= at) ?? job.createdAt;
    const modifiedTime = new Date(changedAt).toISOString();
    const { observedAt: _, ...state } = jobWith({
      id: job.id,
      createTime: second(job.createdAt),
      modifiedTime,
    });
    return state;
  }

  #ended(job: AccountJob): IceJob {
    const finishTime = new Date(job.finishedAt).toISOString();
    return {
      ...this.unfinishedAt(job, job.finishedAt),
      status: 'SUCCESS',
      outputUrl: `http://bucket/${job.id}`,
      finishTime,
      modifiedTime: finishTime,
    };
  }

  /**
   * A page of a list as it is shown now.
   *
   * @param isShifting whether a page begins where the last one ended by its number. Jobs that come and go shift such pages
   */
  list(query: ListQuery, isShifting = false): IceJobPage {
    const at = this.now - this.#lagMs;
    const isBefore = query.orderBy === 'CreateTimeAsc' ? 1 : -1;
    const listed = [...this.jobs.values()]
      .filter(({ listedAt }) => listedAt <= at)
      .map((job, number) => ({ job, number, state: this.stateAt(job.id, at) }))
      .filter(({ state }) => state !== null && matches(state, query))
      .toSorted(
        (a, b) => isBefore * (floor(a.job.createdAt) - floor(b.job.createdAt) || a.number - b.number),
      );
    const start = this.#startOf(query, listed, isShifting);
    const page = listed.slice(start, start + query.pageSize);
    const last = page.at(-1);
    const hasNext = last !== undefined && start + page.length < listed.length;
    const place = isShifting ? String(start + page.length) : last?.job.id;
    return {
      jobs: page.flatMap(({ state }) =>
        state === null ? [] : Object.assign(state, { outputUrl: undefined }),
      ),
      nextPageToken: hasNext && place !== undefined ? place : null,
    };
  }

  #startOf(
    { nextPageToken, orderBy }: ListQuery,
    listed: readonly { job: AccountJob }[],
    isShifting: boolean,
  ): number {
    if (nextPageToken === undefined) return 0;
    if (isShifting) return Number(nextPageToken);
    const after = this.jobs.get(nextPageToken);
    const from = floor(after?.createdAt ?? 0);
    const index = listed.findIndex(({ job }) => job.id === nextPageToken);
    if (index !== -1) return index + 1;
    const next = listed.findIndex(({ job }) =>
      orderBy === 'CreateTimeAsc' ? floor(job.createdAt) > from : floor(job.createdAt) < from,
    );
    return next === -1 ? listed.length : next;
  }
}

const floor = (ms: number) => Math.floor(ms / 1000);
const second = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;

function matches(
  { id, status, createTime }: IceJob,
  { jobId = id, status: wanted, startOfCreateTime = '', endOfCreateTime = '9' }: ListQuery,
): boolean {
  const isWanted = wanted === undefined || status === wanted.toUpperCase();
  return (
    id === jobId &&
    isWanted &&
    (createTime ?? '') >= startOfCreateTime &&
    (createTime ?? '') <= endOfCreateTime
  );
}
