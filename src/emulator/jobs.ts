import { invalidParameter } from './errors.ts';
import { statusOf, viewJob, viewListedJob } from './lifecycle.ts';
import type { Job, Outcome } from './lifecycle.ts';
import { createJob } from './new-job.ts';
import type { JobSubmission, NewJob } from './new-job.ts';
import { decodePageToken, encodePageToken } from './page-token.ts';
import type { JobOrder } from './page-token.ts';
import { MAX_TIME } from './wire.ts';
import type { WireJobPage, WirePackageJob } from './wire.ts';

/** The responses of GetPackageJob for an unknown id: an error code, or `absent` for 200 without a PackageJob. */
export const UNKNOWN_JOB_RESPONSES = [
  'JobNotFound',
  'ResourceNotFound',
  'InvalidParameter.ResourceNotFound',
  'absent',
] as const;

export type UnknownJobResponse = (typeof UNKNOWN_JOB_RESPONSES)[number];

/** The parameters of ListPackageJobs. Both time bounds are inclusive, in ms, and compared in whole seconds. */
export interface JobQuery {
  readonly jobId?: string | undefined;
  readonly status?: string | undefined;
  readonly createdFrom?: number | undefined;
  readonly createdTo?: number | undefined;
  /** @default CreateTimeDesc */
  readonly order?: JobOrder | undefined;
  /** 1 to 100. 0 means the default. @default 20 */
  readonly pageSize?: number | undefined;
  readonly pageToken?: string | undefined;
}

const DEFAULT_PAGE_SIZE = 20;

/** All jobs of one emulator. Each read shows their states at the time of the emulator's clock. */
export class JobRegistry {
  /** The response of GetPackageJob for an unknown id. @default JobNotFound */
  unknownJob: UnknownJobResponse = 'JobNotFound';

  readonly #now: () => number;
  readonly #byId = new Map<string, { job: Job }>();
  /** How many jobs were ever added. */
  #added = 0;
  /** Sorted by creation time, then by insertion. */
  readonly #inOrder: { job: Job }[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The number of jobs, including those with a creation time in the future. */
  get size(): number {
    return this.#inOrder.length;
  }

  /**
   * Adds a job and returns its id.
   *
   * @throws {RangeError} when an id is taken, or when a time is not between 1970 and 9999
   */
  add(job: NewJob = {}): string {
    const created = createJob(job, this.#added, this.#now());
    const ids = [created.jobId, ...(job.alsoKnownAs ?? [])];
    const taken = ids.find((id) => this.#byId.has(id));
    if (taken !== undefined) throw new RangeError(`jobId ${taken} is taken`);
    requireTime('createTime', created.createTime);
    if (created.finishTime !== Infinity) requireTime('finishTime', created.finishTime);
    this.#added += 1;
    const entry = { job: created };
    for (const id of ids) this.#byId.set(id, entry);
    this.#inOrder.splice(this.#indexOf(created.createTime, created.sequence), 0, entry);
    return created.jobId;
  }

  /** Does what SubmitPackageJob does. The job starts now and finishes after 5 to 15 s of the emulator's clock. */
  submit(submission: JobSubmission): string {
    return this.add(submission);
  }

  /** The job as GetPackageJob shows it at a time (default: now). Undefined when it does not exist at that time. */
  get(jobId: string, at = this.#now()): WirePackageJob | undefined {
    const job = this.#byId.get(jobId)?.job;
    return job === undefined || job.createTime > at ? undefined : viewJob(job, at);
  }

  /**
   * One page as ListPackageJobs shows it at a time (default: now).
   *
   * A page starts right after the last job of the previous page, by creation time and then by insertion.
   * New jobs therefore do not shift the pages.
   *
   * @throws {ApiError} InvalidNextPageToken when the token was not made here, or was made for the other order
   */
  list(query: JobQuery = {}, at = this.#now()): WireJobPage {
    const { status, order = 'CreateTimeDesc' } = query;
    const pageSize = query.pageSize || DEFAULT_PAGE_SIZE;
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
   * Finishes a job now, even if its finish time is later. Without `outcome` the job keeps its own.
   *
   * @throws {RangeError} when the job does not exist
   */
  finish(jobId: string, outcome?: Outcome): void {
    const entry = this.#byId.get(jobId);
    if (entry === undefined) throw new RangeError(`no job ${jobId}`);
    entry.job = { ...entry.job, finishTime: this.#now(), outcome: outcome ?? entry.job.outcome };
  }

  /**
   * Removes a job, as if it had never been. Tokens of pages stay valid.
   *
   * @throws {RangeError} when the job does not exist
   */
  remove(jobId: string): void {
    const entry = this.#byId.get(jobId);
    if (entry === undefined) throw new RangeError(`no job ${jobId}`);
    this.#inOrder.splice(this.#inOrder.indexOf(entry), 1);
    for (const [id, other] of this.#byId) if (other === entry) this.#byId.delete(id);
  }

  /** The jobs that match a query, except for its status, in the order of the query. */
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
      // The range becomes the index of this job alone, so the other jobs are not searched.
      const index = this.#indexOf(job.createTime, job.sequence);
      [start, end] = [Math.max(start, index), Math.min(end, index + 1)];
    }
    for (let offset = 0; offset < end - start; offset += 1) {
      const entry = this.#inOrder[order === 'CreateTimeDesc' ? end - 1 - offset : start + offset];
      if (entry !== undefined) yield entry.job;
    }
  }

  #range({ createdFrom = 0, createdTo = Infinity }: JobQuery, at: number): [start: number, end: number] {
    // Clients see whole seconds, so a bound of 00:00:00 includes a job created at 00:00:00.900.
    const from = Math.floor(createdFrom / 1000) * 1000;
    const end = Math.min(Math.floor(createdTo / 1000) * 1000 + 1000, at + 1);
    return [this.#indexOf(from, 0), this.#indexOf(end, 0)];
  }

  /** The index of the first job at or after this position in the order. */
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
  if (at >= 0 && at <= MAX_TIME) return;
  throw new RangeError(`${name} must be milliseconds since the epoch, up to the year 9999, got ${at}`);
}
