import { LRUCache } from 'lru-cache';
import { isFinished, type PackageJob } from '../model.ts';
import { isUnchangedSummary, supersedes, type JobEntry } from '../store/entry.ts';
import type { JobStore } from '../store/store.ts';
import type { AccountChange } from './change-log.ts';
import { bornAt, type Look, type Reach } from './newest-jobs.ts';
import type { JobWatcher } from './watcher.ts';

export interface AccountJobsOptions {
  readonly store: Pick<JobStore, 'peek'>;
  readonly watcher: Pick<JobWatcher, 'follow'>;
  /** The most unfinished jobs that are followed. */
  readonly maxFollowed: number;
  /** How far lists may lag, in milliseconds. */
  readonly overlapMs: number;
  readonly now: () => number;
  readonly onChange: (change: AccountChange) => void;
}

/** After how long the list of unfinished jobs is read again, in milliseconds. Its pages can have lost jobs as others ended. */
const AGAIN_MS = 60_000;

/** How many jobs are remembered of which it was told that they had ended. */
const MAX_ENDED = 10_000;

/** What is known of a job, and was told of it. */
interface Known {
  entry: JobEntry;
  /** Ends the following of an unfinished job. */
  unfollow: (() => void) | undefined;
  /** The last change that was told. */
  change: AccountChange | undefined;
  /** When that was, in milliseconds since 1970. */
  toldAt: number;
}

/**
 * What is known of the account's jobs while they are followed: the newest ones, those that are unfinished, and those that
 * were just told of. It tells each change once, and none that goes back.
 *
 * A job of which nothing was known is new when it was created after all of those that the last look has not shown, whenever a
 * list shows it. An old job that is only read now is not.
 */
export class AccountJobs {
  readonly #options: AccountJobsOptions;
  readonly #known = new Map<string, Known>();
  /** The jobs whose end was told, longer than they are known. Memory that has lost them may read them again. */
  readonly #ended = new LRUCache<string, true>({ max: MAX_ENDED });
  /** When the following began, in milliseconds since 1970. */
  #startedAt = 0;
  /** When the newest job was created that a look has shown. */
  #newestAt: number | undefined;
  /** Every job that was created after this is known. */
  #completeAfter = 0;
  /** The jobs of the look that goes on. */
  #onLook = new Set<string>();
  #followed = 0;
  /** When the list of unfinished jobs was last read. */
  #unfinishedAt = 0;
  /** Whether there are more unfinished jobs than are followed. */
  #hasMore = false;
  /** Whether a look has ended. */
  hasLooked = false;
  /** Whether the list of unfinished jobs was read. */
  hasUnfinished = false;
  /** Whether the list of unfinished jobs is to be read. */
  wantsUnfinished = true;

  constructor(options: AccountJobsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#known.size;
  }

  /** Whether no more unfinished jobs are followed. */
  get isFull(): boolean {
    return this.#followed >= this.#options.maxFollowed;
  }

  has(id: string): boolean {
    return this.#known.has(id);
  }

  /** Begins anew, with nothing known. */
  begin(at: number): void {
    this.#known.clear();
    this.#startedAt = at;
    this.#newestAt = undefined;
    this.#completeAfter = at - this.#options.overlapMs;
    this.#onLook.clear();
    this.#hasMore = false;
    this.hasLooked = false;
    this.hasUnfinished = false;
    this.wantsUnfinished = true;
  }

  /** Follows the unfinished jobs again, and tells what was learned of them meanwhile. */
  resume(): void {
    for (const [id, known] of this.#known) {
      const entry = this.#options.store.peek(id);
      if (entry !== undefined) this.learn(id, entry);
      this.#follow(id, known);
    }
  }

  /** Lets the watcher rest. */
  pause(): void {
    for (const known of this.#known.values()) this.#unfollow(known);
    this.#onLook.clear();
  }

  /** How far a look is to reach back. */
  reach(): Reach {
    const least = this.#newestAt ?? this.#startedAt;
    return { least, untilOf: (newestAt) => Math.min(least, newestAt) - this.#options.overlapMs };
  }

  /** Is told of each job that a look shows. */
  shown(id: string, entry: JobEntry): void {
    this.#onLook.add(id);
    if (this.#known.has(id)) this.learn(id, entry);
    else this.#meet(id, entry, this.#isNews(entry.job, undefined, true));
  }

  /** Is told how far a look went that has ended. */
  looked({ newestAt, completeAfter }: Look): void {
    const shown = this.#onLook;
    this.#onLook = new Set();
    this.hasLooked = true;
    // Jobs that a list does not show for once are no news when they come back.
    if (shown.size === 0) return;
    this.#newestAt = Math.max(newestAt, this.#newestAt ?? newestAt);
    this.#completeAfter = completeAfter;
    const toldSince = this.#options.now() - this.#options.overlapMs;
    for (const [id, { entry, unfollow, toldAt }] of this.#known) {
      const isNewest = entry.job !== null && (bornAt(entry.job) ?? -Infinity) > completeAfter;
      if (unfollow === undefined && !shown.has(id) && !isNewest && toldAt < toldSince) this.#known.delete(id);
    }
    const hasRoom = this.#hasMore && this.#followed < this.#options.maxFollowed / 2;
    if (hasRoom || this.#options.now() - this.#unfinishedAt >= AGAIN_MS) this.wantsUnfinished = true;
  }

  /** Is told of each job that a list of unfinished jobs shows. Where it has finished, lists do not say so yet. */
  shownUnfinished(id: string, entry: JobEntry): void {
    const known = this.#known.get(id);
    if (known === undefined) this.#meet(id, entry, entry.job !== null && isFinished(entry.job));
    else {
      this.learn(id, entry);
      this.#follow(id, known);
    }
  }

  /** Is told when the list of unfinished jobs was read, and whether to its end. */
  haveUnfinished(isAll: boolean): void {
    this.wantsUnfinished = false;
    this.hasUnfinished = true;
    this.#unfinishedAt = this.#options.now();
    this.#hasMore = !isAll;
  }

  /** Learns a state of a job, wherever it was read. */
  learn(id: string, entry: JobEntry, before?: JobEntry): void {
    const known = this.#known.get(id);
    if (known === undefined) {
      // A job that was just accepted is read at once. ICE's documentation masks ids, so a job can have two.
      const isAccepted = entry.acceptedAt !== undefined && entry.job?.createTime === null;
      if (isAccepted || entry.job?.id !== id || this.#ended.has(id)) return;
      const isNews = this.#isNews(entry.job, before?.job ?? undefined, false);
      if (isNews || !isFinished(entry.job)) this.#meet(id, entry, isNews, before?.job ?? undefined);
      return;
    }
    const last = known.entry;
    // A list that lags shows a job that is gone.
    const isBack =
      entry.lastGetAt > last.observedAt || entry.observedAt > last.observedAt + this.#options.overlapMs;
    if (last.job === null ? !isBack : !supersedes(entry, last)) return;
    known.entry = entry;
    if (isUnchangedSummary(last.job, entry.job)) return;
    this.#tell(id, known, last.job ?? undefined);
    if (entry.job === null || isFinished(entry.job)) this.#unfollow(known);
    else this.#follow(id, known);
  }

  #isNews(job: PackageJob | null, before: PackageJob | undefined, isOnLook: boolean): boolean {
    if (job === null || this.#ended.has(job.id)) return false;
    const at = bornAt(job);
    if (at === undefined ? isOnLook && this.hasLooked : at > this.#completeAfter) return true;
    if (!isFinished(job)) return false;
    if (before !== undefined && !isFinished(before)) return true;
    const { finishTime } = job;
    return finishTime !== null && Date.parse(finishTime) > this.#startedAt - this.#options.overlapMs;
  }

  /** Takes in a job of which nothing was known. */
  #meet(id: string, entry: JobEntry, isNews: boolean, before?: PackageJob): void {
    if (entry.job === null) return;
    const known: Known = { entry, unfollow: undefined, change: undefined, toldAt: -Infinity };
    this.#known.set(id, known);
    if (isNews) this.#tell(id, known, before);
    this.#follow(id, known);
  }

  #tell(id: string, known: Known, before: PackageJob | undefined): void {
    const change: AccountChange = {
      id,
      before,
      job: known.entry.job,
      isSuperseded: () => known.change !== change,
    };
    known.change = change;
    if (change.job !== null && isFinished(change.job)) this.#ended.set(id, true);
    known.toldAt = this.#options.now();
    this.#options.onChange(change);
  }

  #follow(id: string, known: Known): void {
    const { job } = known.entry;
    if (job === null || isFinished(job) || known.unfollow !== undefined) return;
    if (this.isFull && !this.#makeRoom(bornAt(job) ?? -Infinity)) {
      this.#hasMore = true;
      return;
    }
    try {
      known.unfollow = this.#options.watcher.follow(id, known.entry);
      this.#followed += 1;
    } catch {
      // The watcher has no room.
      this.#hasMore = true;
    }
  }

  #unfollow(known: Known): void {
    if (known.unfollow === undefined) return;
    known.unfollow();
    known.unfollow = undefined;
    this.#followed -= 1;
  }

  /** Gives up the oldest job that is followed, if it is older than this. */
  #makeRoom(at: number): boolean {
    let oldest: Known | undefined;
    let oldestAt = at;
    for (const known of this.#known.values()) {
      if (known.unfollow === undefined || known.entry.job === null) continue;
      const knownAt = bornAt(known.entry.job) ?? -Infinity;
      if (knownAt >= oldestAt) continue;
      oldest = known;
      oldestAt = knownAt;
    }
    if (oldest === undefined) return false;
    this.#unfollow(oldest);
    this.#hasMore = true;
    return true;
  }
}
