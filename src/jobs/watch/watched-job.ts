import { isFinished, type PackageJob } from '../model.ts';
import { hasDetail, isUnchangedSummary, supersedes, type Detail, type JobEntry } from '../store/entry.ts';
import type { ScheduledJob, SweptAt } from './schedule.ts';

/** Who is told of a job. */
export interface JobListener {
  /**
   * Is called with each later state than the last. `null`: ICE does not know the id. `detailFailure` is why a state lacks the
   * detail that the listener wants.
   */
  readonly onState: (job: PackageJob | null, detailFailure?: Error) => void;
  /**
   * Is called in place of a first state when asking again would not help: ICE refuses to give one, or the gateway has a
   * fault. It ends the listening.
   */
  readonly onFailure: (error: unknown) => void;
}

/** A read of a first state, for the listeners of one client. */
export interface FirstRead {
  /** In milliseconds since 1970. Listeners that come too long after that need a newer state. */
  readonly startedAt: number;
  readonly controller: AbortController;
  /** How many listeners it is for. The last one that leaves ends it. */
  listeners: number;
  /** Whether it has brought a state. */
  hasState: boolean;
}

/** What is known of a listener. */
interface Known {
  readonly client: string;
  /** With `detail` it is told states that have `outputUrl`. */
  readonly detail: Detail;
  /** The version of the state that it was last told. 0 is none. */
  told: number;
  /** The read of its first state, until it is told one. */
  first: FirstRead | undefined;
}

/** What a sweep has cost so far. */
export interface SweepCost {
  /** In milliseconds since 1970. */
  readonly startedAt: number;
  /** Whether nearly all jobs that are read together are in it. */
  readonly isWhole: boolean;
  /** Pages of lists. */
  pages: number;
  /** Whether some of its jobs were read by others, so that these pages are not all that it takes. */
  isShared: boolean;
}

/** The most listeners that are told in one turn of the event loop. What follows from it takes some milliseconds. */
const MAX_TOLD_AT_ONCE = 100;

/** A job that somebody listens to: its latest state, and who was told which. */
export class WatchedJob implements ScheduledJob {
  readonly id: string;
  /** How many listeners each client has. */
  readonly listenersOf = new Map<string, number>();
  /** The latest read of a first state in flight, by client and detail. */
  readonly firstReads = new Map<string, FirstRead>();
  entry: JobEntry | undefined;
  failures = 0;
  swept: SweptAt | undefined;
  isGot = false;
  /** How many sweeps in a row have read it by GetPackageJob. */
  getsInRow = 0;
  /** Ends the read in flight. */
  reading: AbortController | undefined;
  /** Whether some listeners cannot be told the latest state before it was read in detail. */
  wantsDetail = false;
  readonly #isFresh: (entry: JobEntry) => boolean;
  readonly #onTold: () => void;
  readonly #listeners = new Map<JobListener, Known>();
  /** How many listeners were told no state yet. */
  #untold = 0;
  /** Grows with each state that says something else than the last one. */
  #version = 0;
  /** Whether the latest state was just read, so that it may be a first state, however long the read took. */
  #isJustRead = false;
  /** Whether the latest state is told without the detail that it lacks, as another read would not bring it. */
  #isAsWholeAsCanBe = false;
  /** Why the detail of the latest state could not be read. */
  #detailFailure: Error | undefined;
  /** Grows with each reason to look for listeners that are to be told. */
  #round = 0;
  /** Whether some listeners are still to be told, in later turns of the event loop. */
  #isTelling = false;

  /**
   * @param isFresh whether a state may be the first that somebody is told
   * @param onTold is called when all have been told who can be
   */
  constructor(id: string, isFresh: (entry: JobEntry) => boolean, onTold: () => void) {
    this.id = id;
    this.#isFresh = isFresh;
    this.#onTold = onTold;
  }

  /** Is told of a sweep that has read it. */
  wasSwept({ startedAt, pages }: SweepCost, lastGetAt: number, now: number): void {
    this.swept = { start: startedAt, end: now };
    this.getsInRow = lastGetAt >= startedAt ? this.getsInRow + 1 : 0;
    // A list is checked on one job, another one each time.
    this.isGot = this.getsInRow > (pages > 0 ? 1 : 0);
  }

  get isInFlight(): boolean {
    return this.reading !== undefined;
  }

  get hasListeners(): boolean {
    return this.#listeners.size > 0;
  }

  /** Whether some listeners are told once the job was read, even if that brings nothing new. */
  get isAwaited(): boolean {
    return this.#untold > 0 || this.wantsDetail;
  }

  has(listener: JobListener): boolean {
    return this.#listeners.has(listener);
  }

  /** Adds a listener that was given the latest state, or that waits for a read of its first one. */
  add(listener: JobListener, client: string, detail: Detail, first: FirstRead | undefined): void {
    this.#listeners.set(listener, { client, detail, told: first ? 0 : this.#version, first });
    if (first === undefined) return;
    first.listeners += 1;
    this.#untold += 1;
  }

  /** @returns the client whose listener it was */
  remove(listener: JobListener): string | undefined {
    const known = this.#listeners.get(listener);
    if (known === undefined) return undefined;
    this.#listeners.delete(listener);
    if (known.told === 0) this.#untold -= 1;
    leave(known);
    return known.client;
  }

  /** The listeners that were told no state, of one read of a first state or of all. */
  untold(read?: FirstRead): JobListener[] {
    const isMeant = ({ told, first }: Known) => told === 0 && (read === undefined || first === read);
    return [...this.#listeners].flatMap(([listener, known]) => (isMeant(known) ? listener : []));
  }

  /** Passes a state on, if it is later than the last one that was passed on. */
  pass(entry: JobEntry): void {
    const last = this.entry;
    // A state that the store had evicted may come back as an earlier one.
    if (last !== undefined && !supersedes(entry, last)) return;
    this.entry = entry;
    if (last === undefined || !isUnchangedSummary(last.job, entry.job)) {
      this.#version += 1;
      this.#isAsWholeAsCanBe = false;
      this.#detailFailure = undefined;
    } else if (!this.wantsDetail) return;
    this.tell();
  }

  /** Takes over a state that the store serves. The store has passed it on if it says anything new. */
  adopt(entry: JobEntry): void {
    if (this.entry === undefined) this.pass(entry);
    else if (supersedes(entry, this.entry)) this.entry = entry;
  }

  /** Tells the latest state, which was just read, to those that wait for a read of it. */
  tellJustRead(): void {
    this.#isJustRead = true;
    this.tell();
  }

  /**
   * Tells the latest state without the detail that it lacks, unless a later one than `version` has come.
   *
   * @param failure why the detail could not be read
   */
  giveUpDetail(version: number, failure?: Error): void {
    if (this.#isAsWholeAsCanBe || !this.wantsDetail || version !== this.#version) return;
    this.#isAsWholeAsCanBe = true;
    this.#detailFailure = failure;
  }

  get version(): number {
    return this.#version;
  }

  /** Tells the latest state to the listeners that may be told it and were not. */
  tell(): void {
    this.#round += 1;
    if (!this.#isTelling) this.#tell();
  }

  /**
   * Tells some listeners in each turn of the event loop. A listener that is told later than others is told of no state in
   * between.
   */
  #tell(left: Iterator<[JobListener, Known]> = this.#listeners.entries()): void {
    const round = this.#round;
    for (let told = 0; told < MAX_TOLD_AT_ONCE;) {
      const next = left.next();
      if (next.done === true) {
        this.#isTelling = false;
        this.#isJustRead = false;
        if (this.entry && (hasDetail(this.entry) || this.#isAsWholeAsCanBe)) this.wantsDetail = false;
        this.#onTold();
        return;
      }
      const [listener, known] = next.value;
      if (!this.#mayBeTold(known)) continue;
      told += 1;
      this.#tellOne(listener, known);
    }
    this.#isTelling = true;
    // Those that were passed over are looked at again when there is a reason by now.
    setImmediate(() => (this.#round === round ? this.#tell(left) : this.#tell()));
  }

  #tellOne(listener: JobListener, known: Known): void {
    if (this.entry === undefined) return;
    if (known.told === 0) this.#untold -= 1;
    known.told = this.#version;
    leave(known);
    listener.onState(this.entry.job, hasDetail(this.entry) ? undefined : this.#detailFailure);
  }

  #mayBeTold({ told, detail, first }: Known): boolean {
    if (this.entry === undefined || told === this.#version) return false;
    const wasRead = this.#isJustRead || first?.hasState === true;
    if (told === 0 && !wasRead && !this.#isFresh(this.entry)) return false;
    if (detail === 'summary' || this.#isAsWholeAsCanBe || hasDetail(this.entry)) return true;
    // A job that was just accepted has no detail yet. One that a list has shown to have finished meanwhile has.
    if (first?.hasState === true && this.entry.job !== null && !isFinished(this.entry.job)) return true;
    this.wantsDetail = true;
    return false;
  }
}

/** A read of a first state goes on for others. */
function leave(known: Known): void {
  const { first } = known;
  known.first = undefined;
  if (first === undefined) return;
  first.listeners -= 1;
  if (first.listeners === 0) first.controller.abort();
}
