import { IceError } from '../../ice/errors.ts';
import type { JobAccess } from '../access.ts';
import { GoneError } from '../errors.ts';
import { matchesFilter, readFilter, type FilterArgument } from '../filter.ts';
import { isSameState, type IsVisible, type PackageJob } from '../model.ts';
import type { Detail } from '../store/entry.ts';
import type { ReadContext } from '../store/store.ts';
import type { AccountChange, ChangeReader } from './change-log.ts';
import { setUnrefTimer, type SetTimer } from './timer.ts';
import type { JobUpdate, JobUpdateStream } from './updates.ts';

/** The most jobs that are read in detail at once for one stream. */
const MAX_READING = 100;

/** How long a detail that could not be read is waited for before it is read again, in milliseconds. */
const RETRY_MS = 1000;

/** What updates of the account use of jobs. */
export type FollowedJobs = Pick<JobAccess, 'follow' | 'get'>;

/**
 * The changes of all jobs of the account that match a filter, and of those that matched it before. The stream does not end by
 * itself. It ends with an error when its reader is too slow for the changes.
 *
 * With `detail` each state has `outputUrl`, so that nobody has to read it when it is told. No job waits for another.
 *
 * @param setTimer tests pass timers of their own
 * @throws {InputError} when the filter is wrong
 * @throws {RateLimitedError} when the client listens to too much
 * @throws {OverloadedError} when all clients together do
 */
export class AccountUpdates implements JobUpdateStream {
  readonly #jobs: FollowedJobs;
  readonly #matches: IsVisible;
  readonly #context: ReadContext;
  readonly #detail: Detail;
  readonly #setTimer: SetTimer;
  readonly #reader: ChangeReader;
  /** The updates that can be given. */
  readonly #ready: JobUpdate[] = [];
  /** The change of each job that is being read in detail. */
  readonly #reading = new Map<string, AccountChange>();
  readonly #over = new AbortController();
  #wake: () => void = () => undefined;

  constructor(
    jobs: FollowedJobs,
    filter: FilterArgument | null | undefined,
    { client }: ReadContext,
    detail: Detail = 'summary',
    setTimer: SetTimer = setUnrefTimer,
  ) {
    this.#setTimer = setTimer;
    this.#jobs = jobs;
    this.#matches = matchesFilter(readFilter(filter));
    // It lasts longer than the operation that began it.
    this.#context = {
      client,
      signal: this.#over.signal,
      turnKey: this,
      onCall: () => undefined,
      onCacheStatus: () => undefined,
    };
    this.#detail = detail;
    this.#reader = jobs.follow(() => this.#wake(), client);
  }

  /** One call at a time, as `for await` makes them. */
  async next(): Promise<IteratorResult<JobUpdate, undefined>> {
    for (;;) {
      this.#fill();
      const update = this.#ready.shift();
      if (update !== undefined) return { done: false, value: update };
      if (this.#over.signal.aborted) return { done: true, value: undefined };
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  return(): Promise<IteratorResult<JobUpdate, undefined>> {
    this.#ready.length = 0;
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #fill(): void {
    while (this.#ready.length === 0 && this.#reading.size < MAX_READING && !this.#over.signal.aborted) {
      try {
        const change = this.#reader.poll();
        if (change === undefined) return;
        this.#take(change);
      } catch (error) {
        this.#ready.push({ error });
        this.#end();
      }
    }
  }

  #take(change: AccountChange): void {
    const { id, before, job } = change;
    const isShown = job !== null && this.#matches(job);
    if (!isShown && (before === undefined || !this.#matches(before))) return;
    // The later change is told, as it begins with this state.
    if (isShown && change.isSuperseded()) return;
    this.#reading.delete(id);
    if (job === null) this.#ready.push({ error: new GoneError(id) });
    else if (this.#detail === 'summary' || job.outputUrl !== undefined) this.#ready.push({ job });
    else void this.#readDetail(change, job, isShown);
  }

  async #readDetail(change: AccountChange, job: PackageJob, isShown: boolean): Promise<void> {
    const { id } = change;
    const isWanted = () => this.#reading.get(id) === change;
    this.#reading.set(id, change);
    let update: JobUpdate | undefined;
    while (update === undefined && isWanted()) update = await this.#detailOf(job);
    // A later change of the job has been taken meanwhile.
    if (update === undefined || !isWanted()) return;
    this.#reading.delete(id);
    if (!isShown || !change.isSuperseded()) this.#ready.push(update);
    this.#wake();
  }

  /** Reads a state in detail. While ICE fails there is nothing to tell, so it waits and gives `undefined`. */
  async #detailOf(job: PackageJob): Promise<JobUpdate | undefined> {
    try {
      const { job: latest } = await this.#jobs.get(job.id, this.#context, 'detail');
      return { job: latest !== null && isSameState(latest, job) ? latest : job };
    } catch (error) {
      const isTemporary = error instanceof IceError && error.retryable;
      if (!isTemporary) return { job, ...(error instanceof Error && { detailFailure: error }) };
      await new Promise<void>((resolve) => void this.#setTimer(resolve, RETRY_MS));
      return undefined;
    }
  }

  #end(): void {
    this.#reading.clear();
    this.#reader.stop();
    this.#over.abort();
    this.#wake();
  }
}
