import type { JobAccess } from './access.ts';
import type { FilterArgument } from './filter.ts';
import { isJobId, MAX_JOBS } from './input.ts';
import type { PackageJobConnection, PackageJobsArguments } from './list/connection.ts';
import { isFinished, type IsVisible, type PackageJob } from './model.ts';
import type { Detail, JobEntry } from './store/entry.ts';
import type { Dependencies, ReadContext, StatesCheck } from './store/store.ts';
import { sealCursors, type CursorSeal } from './list/sealed-cursors.ts';
import { ownedBy, type Ownership } from './submit/ownership.ts';
import type { SubmissionArgument } from './submit/submission.ts';
import { seenBy } from './visible.ts';
import { AccountUpdates } from './watch/account-updates.ts';
import { JobUpdates, type JobUpdateStream } from './watch/updates.ts';
import { waitForJob, type Wait } from './watch/wait.ts';

export type { FilterArgument } from './filter.ts';
export type { PackageJobConnection, PackageJobsArguments } from './list/connection.ts';
export type { Detail, JobEntry } from './store/entry.ts';
export type { Dependencies, ReadContext, StatesCheck } from './store/store.ts';
export type { SubmissionArgument } from './submit/submission.ts';
export type { JobAccess } from './access.ts';
export { createCursorSeals, type CursorSeal } from './list/sealed-cursors.ts';
export type { Ownership } from './submit/ownership.ts';
export { EVERY_JOB, type IsVisible } from './model.ts';
export { supersedes } from './store/entry.ts';
export type { JobUpdate, JobUpdateStream } from './watch/updates.ts';
export { MAX_WAIT_S, readWait, WAIT_GRACE_MS, type Wait, type WaitUntil } from './watch/wait.ts';

/** Says that what some clients see of states is up to date. See {@link Jobs.revalidate}. */
export interface FreshnessCheck {
  /** The rule that decided what the clients see. */
  readonly isVisible: IsVisible;
  readonly states: StatesCheck;
}

/**
 * The one door to jobs, for clients that may see the same. A job that they may not see does not exist for them: each method
 * treats it as an id that ICE does not know. Failed reads throw `IceError`, bad arguments `InputError`.
 */
export interface Jobs {
  /** The job with this id. Its `job` is `null` when ICE does not know the id. `detail` has `outputUrl`. */
  get(id: string, context: ReadContext, detail?: Detail): Promise<JobEntry>;
  /** What memory has of the id, however old. */
  peek(id: string): JobEntry | undefined;
  /** The jobs with these ids from memory. It is `undefined` when one of them needs a call of ICE. */
  getFreshMany(ids: Iterable<string>): Map<string, JobEntry> | undefined;
  /**
   * Checks that these states are what the clients see now, and fresh. If so, they count as served.
   *
   * @param last the result of the last such check, which spares a look at each state when nothing was stored since
   * @returns `undefined` when they are not
   */
  revalidate(dependencies: Dependencies, last?: FreshnessCheck): FreshnessCheck | undefined;
  /**
   * Checks that a client may begin so many reads now, of jobs and of pages.
   *
   * @throws {IceError} RATE_LIMITED when it would come to more in flight than a client may have
   */
  checkReads(client: string, reads: number): void;
  /** A page of the account's jobs. */
  list(args: PackageJobsArguments, context: ReadContext): Promise<PackageJobConnection>;
  /** The states of these jobs as they come. See {@link JobUpdates}. */
  watch(ids: readonly string[], context: ReadContext, detail?: Detail): JobUpdateStream;
  /** The changes of all jobs that match, or matched before, from now on. See {@link AccountUpdates}. */
  watchAll(filter: FilterArgument | null | undefined, context: ReadContext, detail?: Detail): JobUpdateStream;
  /** The job as soon as the condition is true, or its present state. See {@link waitForJob}. */
  wait(
    id: string,
    wait: Wait,
    context: ReadContext,
    ended: readonly AbortSignal[],
    detail?: Detail,
  ): Promise<PackageJob | null>;
  /** Whether {@link submit} submits anything for these clients. */
  readonly canSubmit: boolean;
  /**
   * Submits a job and gives its first known state.
   *
   * @throws {ForbiddenError} when this gateway submits nothing
   */
  submit(input: SubmissionArgument, context: ReadContext): Promise<PackageJob>;
  /** See {@link JobAccess.pollAfterMs}. */
  pollAfterMs(job: PackageJob): number | null;
  /** See {@link JobAccess.isTimed}. */
  isTimed(job: PackageJob): boolean;
  /** Milliseconds for which a state is worth keeping: until it expires, or until it is worth reading again. */
  lifetimeMs(entry: JobEntry): number;
}

/** What else differs between doors. */
export interface DoorOptions {
  /** Whose jobs the clients submit. @default nobody's */
  readonly ownership?: Ownership | undefined;
  /** The only jobs that the clients may see. @default whichever `isVisible` says */
  readonly jobIds?: ReadonlySet<string> | undefined;
  /** Hides what cursors say. @default nothing does */
  readonly seal?: CursorSeal | undefined;
}

/**
 * Opens the door for clients that may see the same jobs.
 *
 * @param isVisible the rule. All that is read, from memory too, passes it. Pass the same function for clients that may see
 *   the same: what was checked for one then holds for the others
 */
export function createJobs(
  access: JobAccess,
  isVisible: IsVisible,
  { ownership, jobIds, seal }: DoorOptions = {},
): Jobs {
  const seen = seenBy(access, isVisible, jobIds && fewOf(jobIds));
  return {
    get: (id, context, detail) => seen.get(id, context, detail),
    peek: (id) => seen.peek(id),
    getFreshMany(ids) {
      const entries = seen.peekFresh(ids);
      if (entries !== undefined) access.served(entries);
      return entries;
    },
    revalidate(dependencies, last) {
      if (last?.isVisible === isVisible && access.holds(last.states)) return last;
      const entries = seen.peekFresh(dependencies.keys());
      if (entries === undefined) return undefined;
      for (const [id, state] of dependencies) if (entries.get(id) !== state.deref()) return undefined;
      access.served(entries);
      return { isVisible, states: access.check(entries) };
    },
    checkReads: (client, reads) => access.checkReads(client, reads),
    async list(args, context) {
      if (seal === undefined) return seen.list(args, context);
      const after = typeof args.after === 'string' ? seal.open(args.after) : null;
      return sealCursors(await seen.list({ ...args, after }, context), seal);
    },
    watch: (ids, context, detail) => new JobUpdates(seen, ids, context, detail),
    watchAll: (filter, context, detail) => new AccountUpdates(seen, filter, context, detail),
    wait: (id, wait, context, ended, detail) => waitForJob(seen, id, wait, context, ended, detail),
    canSubmit: access.canSubmit,
    async submit(input, context) {
      return access.submit(ownership === undefined ? input : ownedBy(input, ownership), context);
    },
    pollAfterMs: (job) => access.pollAfterMs(job),
    isTimed: (job) => access.isTimed(job),
    lifetimeMs(entry) {
      const isUnfinished = entry.job !== null && !isFinished(entry.job);
      return (isUnfinished ? access.pollAfterMs(entry.job) : access.freshForMs(entry)) ?? 0;
    },
  };
}

/** Ids that can be read one by one for a list. `undefined`: they are more than a list of ids may have. */
export function fewOf(jobIds: ReadonlySet<string>): readonly string[] | undefined {
  return jobIds.size <= MAX_JOBS ? [...jobIds].filter(isJobId) : undefined;
}
