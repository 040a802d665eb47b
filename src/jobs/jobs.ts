import type { PackageJobConnection, PackageJobsArguments } from './list/connection.ts';
import { isFinished, type PackageJob } from './model.ts';
import type { Detail, JobEntry } from './store/entry.ts';
import type { Dependencies, FreshnessCheck, ReadContext } from './store/store.ts';
import type { SubmissionArgument } from './submit/submission.ts';
import { JobUpdates } from './watch/updates.ts';
import { waitForJob, type Wait } from './watch/wait.ts';
import type { JobListener, Listening } from './watch/watcher.ts';

export type { PackageJobConnection, PackageJobsArguments } from './list/connection.ts';
export type { Detail, JobEntry } from './store/entry.ts';
export type { Dependencies, FreshnessCheck, ReadContext } from './store/store.ts';
export type { SubmissionArgument } from './submit/submission.ts';
export type { JobUpdate, JobUpdates } from './watch/updates.ts';
export { MAX_WAIT_S, readWait, type Wait, type WaitUntil } from './watch/wait.ts';
export type { JobListener, Listening } from './watch/watcher.ts';

/**
 * The ways in which jobs are reached. There is no other. A rule on which jobs a client may see is a decorator of these, see
 * {@link createJobs}. Failed reads throw `IceError`, bad arguments `InputError`.
 */
export interface JobAccess {
  /** The job with this id. Its `job` is `null` when ICE does not know the id. `detail` has `outputUrl`. */
  get(id: string, context: ReadContext, detail?: Detail): Promise<JobEntry>;
  /** The jobs with these ids from memory. It is `undefined` when one of them needs a call of ICE. */
  getFreshMany(ids: Iterable<string>): Map<string, JobEntry> | undefined;
  /** Checks that these states are still the latest known and fresh. It is `undefined` when they are not. */
  revalidate(dependencies: Dependencies, last?: FreshnessCheck): FreshnessCheck | undefined;
  /** A page of the account's jobs. */
  list(args: PackageJobsArguments, context: ReadContext): Promise<PackageJobConnection>;
  /**
   * Begins to tell a listener of a job.
   *
   * @throws {OverloadedError} when too many jobs are watched
   */
  listen(id: string, listener: JobListener, context: ReadContext): Listening;
  /**
   * Submits a job and gives its first known state.
   *
   * @throws {ForbiddenError} when this gateway submits nothing
   */
  submit(input: SubmissionArgument, context: ReadContext): Promise<PackageJob>;
  /** Milliseconds for which a state may still be served without asking ICE. */
  freshForMs(entry: JobEntry): number;
  /** Milliseconds until another read of the job can be worth its cost. It is `null` once the job has finished. */
  pollAfterMs(job: PackageJob): number | null;
  /** Whether somebody watches the job. Its `pollAfterMs` then goes by the clock. */
  isWatched(id: string): boolean;
}

/** The one door to jobs: {@link JobAccess}, and what follows from it. */
export interface Jobs extends JobAccess {
  /** The states of these jobs as they come. See {@link JobUpdates}. */
  watch(ids: readonly string[], context: ReadContext): JobUpdates;
  /** The job as soon as the condition is true, or its present state. See {@link waitForJob}. */
  wait(
    id: string,
    wait: Wait,
    context: ReadContext,
    ended: readonly AbortSignal[],
  ): Promise<PackageJob | null | undefined>;
  /** Milliseconds for which a state is worth keeping: until it expires, or until it is worth reading again. */
  lifetimeMs(entry: JobEntry): number;
}

/**
 * Completes the door: `createJobs({ ...access, get: … })`. Updates, waits and lifetimes are derived here.
 *
 * A rule on which jobs a client may see has to decorate `get`, `getFreshMany`, `revalidate`, `list` and `listen`. Without
 * `revalidate`, the response cache serves one client a response that was stored for another.
 */
export function createJobs(access: JobAccess): Jobs {
  return {
    ...access,
    watch: (ids, context) => new JobUpdates(access, ids, context),
    wait: (id, wait, context, ended) => waitForJob(access, id, wait, context, ended),
    lifetimeMs(entry) {
      const isUnfinished = entry.job !== null && !isFinished(entry.job);
      return (isUnfinished ? access.pollAfterMs(entry.job) : access.freshForMs(entry)) ?? 0;
    },
  };
}
