import type { PackageJobConnection, PackageJobsArguments } from './list/connection.ts';
import type { IsVisible, PackageJob } from './model.ts';
import type { Detail, JobEntry } from './store/entry.ts';
import type { ReadContext, StatesCheck } from './store/store.ts';
import type { SubmissionArgument } from './submit/submission.ts';
import type { ChangeReader } from './watch/change-log.ts';
import type { JobListener, Listening } from './watch/watcher.ts';

/** Jobs as the domain has them, for all clients together. Clients get at them through the door of `jobs.ts` alone. */
export interface JobAccess {
  /** The job with this id. Its `job` is `null` when ICE does not know the id. `detail` has `outputUrl`. */
  get(id: string, context: ReadContext, detail?: Detail): Promise<JobEntry>;
  /** What memory has of these ids. It is `undefined` when one of them needs a call of ICE. */
  peekFresh(ids: Iterable<string>): Map<string, JobEntry> | undefined;
  /** What is known of the id, however old. */
  peek(id: string): JobEntry | undefined;
  /** Asks ICE for the job, if what is known of it is not fresh any more in so many milliseconds. A failure is nothing. */
  renew(id: string, inMs: number, context: ReadContext): void;
  /** The longest that an unfinished job is served without asking ICE, in milliseconds. */
  readonly maxAgeMs: number;
  /** Is told that entries of {@link peekFresh} were served. */
  served(entries: ReadonlyMap<string, JobEntry>): void;
  /** Says for how long entries of {@link peekFresh} are the latest known and fresh. */
  check(entries: ReadonlyMap<string, JobEntry>): StatesCheck;
  /** Whether a check still holds. If so, its entries are served. */
  holds(check: StatesCheck): boolean;
  /**
   * Checks that a client may begin so many reads now, of jobs and of pages.
   *
   * @throws {IceError} RATE_LIMITED when it would come to more in flight than a client may have
   */
  checkReads(client: string, reads: number): void;
  /** What would be known of the id if ICE did not know it. It ages like that. */
  absence(id: string, observedAt: number): JobEntry;
  /** The {@link absence} of the id, if it was asked for lately and is fresh. With a context it counts as served from memory. */
  freshAbsence(id: string, context?: ReadContext): JobEntry | undefined;
  /** Asks ICE for the job, however fresh what is known of it is. @throws {IceError} when ICE fails */
  refresh(id: string, context: ReadContext): Promise<JobEntry>;
  /**
   * A page of the account's jobs that are visible.
   *
   * @param given reads the only jobs that can be, where they are few. What it gives is visible. No list of ICE is read then
   */
  list(
    args: PackageJobsArguments,
    context: ReadContext,
    isVisible: IsVisible,
    given?: () => Promise<readonly JobEntry[]>,
  ): Promise<PackageJobConnection>;
  /**
   * Begins to tell a listener of a job. With `detail` it is told states that have `outputUrl`.
   *
   * @throws {RateLimitedError} when the client watches too much
   * @throws {OverloadedError} when all clients together do
   */
  listen(id: string, listener: JobListener, context: ReadContext, detail?: Detail): Listening;
  /**
   * Counts a listener of a job that nobody watches, although it is told nothing, until the returned function is called.
   *
   * @throws as {@link listen}
   */
  countListener(client: string): () => void;
  /**
   * Begins to follow all jobs of the account. `onChange` is called when there is a change to be read.
   *
   * @throws {RateLimitedError} when the client listens to too much
   * @throws {OverloadedError} when all clients together do
   */
  follow(onChange: () => void, client: string): ChangeReader;
  /** Whether this gateway submits jobs at all. */
  readonly canSubmit: boolean;
  /**
   * Submits a job and gives its first known state.
   *
   * @throws {ForbiddenError} when this gateway submits nothing
   */
  submit(input: SubmissionArgument, context: ReadContext): Promise<PackageJob>;
  /** Milliseconds for which a state may still be served without asking ICE. */
  freshForMs(entry: JobEntry): number;
  /**
   * Milliseconds until another read of the job can be worth its cost: until memory would not serve the same state again. It is
   * `null` once the job has finished.
   */
  pollAfterMs(job: PackageJob): number | null;
  /** Whether the job's `pollAfterMs` goes by the clock. It is the same at any time otherwise. */
  isTimed(job: PackageJob): boolean;
}
