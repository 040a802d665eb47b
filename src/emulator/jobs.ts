import { invalidParameter } from './errors.ts';
import { statusOf, viewJob, viewListedJob } from './lifecycle.ts';
import type { Job, Outcome } from './lifecycle.ts';
import { createJob } from './new-job.ts';
import type { JobSubmission, NewJob } from './new-job.ts';
import { decodePageToken, encodePageToken } from './page-token.ts';
import type { JobOrder } from './page-token.ts';
import { latestTime } from './wire.ts';
import type { WireJobPage, WirePackageJob } from './wire.ts';

/** What GetPackageJob says to an id it does not know: a code, or 200 without a PackageJob. */
export const unknownJobAnswers = [
  'JobNotFound',
  'ResourceNotFound',
  'InvalidParameter.ResourceNotFound',
  'absent',
] as const;

export type UnknownJobAnswer = (typeof unknownJobAnswers)[number];

/** The parameters of ListPackageJobs. Bounds are inclusive, in ms, and compared in whole seconds. */
export interface JobQuery {
  readonly jobId?: string | undefined;
  readonly status?: string | undefined;
  readonly createdFrom?: number | undefined;
  readonly createdTo?: number | undefined;
  /** @default CreateTimeDesc */
  readonly order?: JobOrder | undefined;
  /** 1 to 100; 0 counts as the default. @default 20 */
  readonly pageSize?: number | undefined;
  readonly pageToken?: string | undefined;
}

const defaultPageSize = 20;
/** All jobs of one emulator. Every reading shows the state at that moment of its clock. */
export class JobBook {
  /** What GetPackageJob says to an unknown id. @default JobNotFound */
  unknownJob: UnknownJobAnswer = 'JobNotFound';

  readonly #now: () => number;
  readonly #byId = new Map<string, { job: Job }>();
  /** In the order of creation time, then of insertion. */
  readonly #inOrder: { job: Job }[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Number of jobs, those created in the future included. */
  get size(): number {
    return this.#inOrder.length;
  }

  /**
   * Puts a job into the book and returns its id.
   *
   * @throws {RangeError} when an id is taken, or a time is not one from 1970 on
   */
  add(job: NewJob = {}): string {
    const created = createJob(job, this.#inOrder.length, this.#now());
    const ids = [created.jobId, ...(job.alsoKnownAs ?? [])];
    const taken = ids.find((id) => this.#byId.has(id));
    if (taken !== undefined) throw new RangeError(`jobId ${taken} is taken`);
    requireTime('createTime', created.createTime);
    if (created.finishTime !== Infinity) requireTime('finishTime', created.finishTime);
    const entry = { job: created };
    for (const id of ids) this.#byId.set(id, entry);
    this.#inOrder.splice(this.#indexOf(created.createTime, created.sequence), 0, entry);
    return created.jobId;
  }

  /** SubmitPackageJob, in process: the job starts now and finishes after 5 to 15 s of the clock. */
  submit(submission: JobSubmission): string {
    return this.add(submission);
  }

  /** The job as GetPackageJob shows it, at a time (default: now); undefined when it does not exist then. */
  get(jobId: string, at = this.#now()): WirePackageJob | undefined {
    const job = this.#byId.get(jobId)?.job;
    return job === undefined || job.createTime > at ? undefined : viewJob(job, at);
  }

  /**
   * One page as ListPackageJobs shows it, at a time (default: now).
   *
   * A page goes on strictly after the last job of the one before, by creation time and then insertion,
   * so jobs that appear meanwhile move nothing.
   *
   * @throws {Refusal} InvalidNextPageToken when the token was not made here, or for the other order
   */
  list(query: JobQuery = {}, at = this.#now()): WireJobPage {
    const { status, order = 'CreateTimeDesc' } = query;
    const pageSize = query.pageSize || defaultPageSize;
    const views: WirePackageJob[] = [];
    let last: Job | undefined;
    for (const job of this.#candidates(query, order, at)) {
      if (status !== undefined && statusOf(job, at) !== status) continue;
      if (views.length === pageSize && last !== undefined) {
        const { createTime, sequence } = last;
        return { PackageJobs: views, NextPageToken: encodePageToken({ order, createTime, sequence }) };
      }
      views.push(viewListedJob(job, at));
      last = job;
    }
    return { PackageJobs: views };
  }

  /**
   * Ends a job now, whatever was planned for it.
   *
   * @throws {RangeError} when there is no such job
   */
  finish(jobId: string, outcome?: Outcome): void {
    const entry = this.#byId.get(jobId);
    if (entry === undefined) throw new RangeError(`no job ${jobId}`);
    entry.job = { ...entry.job, finishTime: this.#now(), outcome: outcome ?? entry.job.outcome };
  }

  /** The jobs a query is about but for its status, in its order. */
  *#candidates(query: JobQuery, order: JobOrder, at: number): Generator<Job> {
    let [start, end] = this.#range(query, at);
    if (query.pageToken !== undefined) {
      const position = decodePageToken(query.pageToken);
      if (position?.order !== order) throw invalidParameter('NextPageToken');
      const { createTime, sequence } = position;
      if (order === 'CreateTimeDesc') end = Math.min(end, this.#indexOf(createTime, sequence));
      else start = Math.max(start, this.#indexOf(createTime, sequence + 1));
    }
    if (query.jobId !== undefined) {
      const job = this.#byId.get(query.jobId)?.job;
      if (job === undefined) return;
      // Its own place, if the range has it: the book is not walked for one job.
      const place = this.#indexOf(job.createTime, job.sequence);
      [start, end] = [Math.max(start, place), Math.min(end, place + 1)];
    }
    for (let offset = 0; offset < end - start; offset += 1) {
      const entry = this.#inOrder[order === 'CreateTimeDesc' ? end - 1 - offset : start + offset];
      if (entry !== undefined) yield entry.job;
    }
  }

  #range({ createdFrom = 0, createdTo = Infinity }: JobQuery, at: number): [start: number, end: number] {
    // Clients see whole seconds, so a job created at 00:00:00.900 is within an end of 00:00:00.
    const from = Math.floor(createdFrom / 1000) * 1000;
    const end = Math.min(Math.floor(createdTo / 1000) * 1000 + 1000, at + 1);
    return [this.#indexOf(from, 0), this.#indexOf(end, 0)];
  }

  /** Index of the first job at or after a place in the order. */
  #indexOf(createTime: number, sequence: number): number {
    let [low, high] = [0, this.#inOrder.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const job = this.#inOrder[middle]?.job;
      if (job === undefined) return middle;
      const isBefore = job.createTime === createTime ? job.sequence < sequence : job.createTime < createTime;
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function requireTime(name: string, at: number): void {
  if (at >= 0 && at <= latestTime) return;
  throw new RangeError(`${name} must be milliseconds since the epoch, up to the year 9999, got ${at}`);
}
