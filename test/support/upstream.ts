import type { ListQuery } from '../../src/ice/client.ts';
import type { IceJob } from '../../src/ice/decode.ts';
import { jobWith } from './job.ts';

const START = Date.UTC(2026, 0, 1);
const JOBS = 6;

/** Upstream as a clock and the times at which each job finishes; every state of a job follows from those. */
export class Upstream {
  now = START;
  readonly finishedAt = new Map<string, number>();
  readonly ids = Array.from({ length: JOBS }, (_, index) => `j${String(index)}`);

  /** When anything else about an unfinished job changed, in order. */
  readonly changedAt = new Map<string, number[]>();

  /** When jobs were created that were not there at first, and since when they are shown. */
  readonly submitted = new Map<string, { readonly createdAt: number; readonly shownAt: number }>();

  finishedAtOf(id: string): number {
    return this.finishedAt.get(id) ?? Infinity;
  }

  /** The one state that the job has at a time. */
  stateAt(id: string, at: number): IceJob {
    const finishedAt = this.finishedAtOf(id);
    const job = this.unfinishedAt(id, at);
    if (at < finishedAt) return job;
    const finishTime = new Date(finishedAt).toISOString();
    const outputUrl = `http://bucket/${id}`;
    return { ...job, status: 'SUCCESS', outputUrl, finishTime, modifiedTime: finishTime };
  }

  /** The state it has at a time before it ends. */
  unfinishedAt(id: string, at: number): IceJob {
    const createdAt = this.submitted.get(id)?.createdAt ?? START - 10_000 + 1000 * this.ids.indexOf(id);
    const createTime = new Date(createdAt).toISOString();
    const changedAt = this.changedAt.get(id)?.findLast((time) => time <= at);
    const modifiedTime = changedAt === undefined ? createTime : new Date(changedAt).toISOString();
    const { observedAt: _, ...job } = jobWith({ id, createTime, modifiedTime });
    return job;
  }

  /** Whether calls that began at a time show the job. */
  isShownAt(id: string, begunAt: number): boolean {
    return this.ids.includes(id) || (this.submitted.get(id)?.shownAt ?? Infinity) <= begunAt;
  }

  listAt(
    { status, startOfCreateTime = '', endOfCreateTime = '9' }: ListQuery,
    at: number,
    begunAt = at,
  ): IceJob[] {
    return [...this.ids, ...this.submitted.keys()]
      .filter((id) => this.isShownAt(id, begunAt))
      .map((id) => this.#listedAt(id, at))
      .filter((job) => status === undefined || job.status === 'INIT')
      .filter(
        ({ createTime }) => (createTime ?? '') >= startOfCreateTime && (createTime ?? '') <= endOfCreateTime,
      );
  }

  #listedAt(id: string, at: number): IceJob {
    return { ...this.stateAt(id, at), outputUrl: undefined };
  }
}
