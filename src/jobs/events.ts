import type { EventEmitter } from 'node:events';
import type { ListViolation } from './list/connection.ts';
import type { ReadingSource } from './source/job-source.ts';

/**
 * How a read was answered without a call of its own, in the words of RFC 9211. `hit`: from memory. `collapsed`: by a read
 * in flight. `stale`: from memory, as ICE failed.
 */
export type CacheStatus = 'hit' | 'collapsed' | 'stale';

/** One read of a job from its source. The same object is in its start event and in its end event. */
export interface SourceRead {
  readonly id: string;
}

/** One sweep: the watched jobs that were due together. The same object is in its start event and in its end event. */
export interface Sweep {
  /** How many jobs it reads. */
  readonly jobs: number;
}

/**
 * One look at lists of ICE: for jobs that are new to who follows all jobs, or for watched jobs that have ended. The same object is
 * in its start event and in its end event.
 */
export interface ListLook {
  readonly for: 'new jobs' | 'ends';
}

/** What is watched at one moment. */
export interface JobsUsage {
  readonly watchedJobs: number;
  /** Subscriptions and waits, one for each job that they listen to. */
  readonly listeners: number;
}

/** What the domain of jobs does, as it happens. Listeners run at once, so they must neither wait nor throw. */
export interface JobsEvents {
  /**
   * So many reads were answered without a call of their own. `ageMs` is for how long the oldest unfinished state among them
   * was not validated, in milliseconds. It is `-Infinity` when there is none.
   */
  cached: [status: CacheStatus, reads: number, ageMs: number];
  /** A job is read from its source. */
  sourceReadStart: [read: SourceRead];
  /**
   * It was read. `source` is `undefined` when the read failed, and `replica` when another replica had read it. `isShared`: it cost
   * no call of its own, so that it was told to be `cached` too.
   */
  sourceReadEnd: [read: SourceRead, source: ReadingSource | 'replica' | undefined, isShared: boolean];
  /** A read, whichever it was, has brought another state of a job than was known. The same object is told to subscribers. */
  stateFound: [state: object];
  /** Watched jobs that are due are read. */
  sweepStart: [sweep: Sweep];
  /** All of them were read, or failed. */
  sweepEnd: [sweep: Sweep];
  /** Lists are looked at for what nobody names. */
  lookStart: [look: ListLook];
  /** The look ended, or failed. */
  lookEnd: [look: ListLook];
  /** A list was read in place of so many GetPackageJob calls. */
  listBatch: [jobs: number];
  /** A list still showed a job as unfinished that had finished before the list was asked for. */
  listContradiction: [id: string];
  /** Pages of a list were wrong together. No job is shown twice for it, and the list ends. */
  listViolation: [violation: ListViolation];
  /** The gateway itself has a fault. It goes on. */
  unexpectedError: [error: unknown, where: string];
}

export type JobsEmitter = EventEmitter<JobsEvents>;
