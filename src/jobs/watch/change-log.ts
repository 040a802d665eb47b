import { OverloadedError } from '../errors.ts';
import type { PackageJob } from '../model.ts';

/** A change of one job of the account. */
export interface AccountChange {
  readonly id: string;
  /** The state before, where one was known. */
  readonly before: PackageJob | undefined;
  /** `null`: ICE does not know the id any more. */
  readonly job: PackageJob | null;
  /** Whether a later change of the job follows. Its `before` is the `job` of this one. */
  readonly isSuperseded: () => boolean;
}

/** Who is given the changes, in order. */
export interface ChangeReader {
  /**
   * The next change. It is `undefined` while there is none. `onChange` tells when there is one.
   *
   * @throws {OverloadedError} when the reader has come too late for some changes
   * @throws whatever keeps the changes from being read at all
   */
  poll(): AccountChange | undefined;
  /** Ends the reading. */
  stop(): void;
}

interface Reader {
  readonly onChange: () => void;
  /** Why it is given no more changes. */
  failure: Error | undefined;
}

/** How many readers are told in one turn of the event loop. What follows from it takes some milliseconds. */
const MAX_TOLD_AT_ONCE = 100;

/**
 * The latest changes, once for all who read them. A reader takes no more memory than its place in the log, however slow it
 * is. One whose place has been dropped has lost changes, so it ends.
 */
export class ChangeLog {
  readonly #max: number;
  readonly #changes: { readonly change: AccountChange; readonly at: number }[] = [];
  /** How many changes were dropped. It is the number of the first one that is there. */
  #dropped = 0;
  readonly #readers = new Set<Reader>();
  #isTelling = false;

  /** @param max how many changes are kept */
  constructor(max: number) {
    this.#max = max;
  }

  /** How many read. */
  get readers(): number {
    return this.#readers.size;
  }

  append(change: AccountChange, at: number): void {
    this.#changes.push({ change, at });
    if (this.#changes.length > this.#max) this.#dropped += this.#changes.splice(0, this.#max / 4).length;
    this.#wake();
  }

  /** Begins to read, with the first change that is not older than `since`, in milliseconds since 1970. */
  open(since: number, onChange: () => void): ChangeReader {
    const index = this.#changes.findIndex(({ at }) => at >= since);
    let place = this.#dropped + (index === -1 ? this.#changes.length : index);
    const own: Reader = { onChange, failure: undefined };
    this.#readers.add(own);
    return {
      poll: () => {
        if (own.failure !== undefined) throw own.failure;
        if (place < this.#dropped)
          throw new OverloadedError('More jobs have changed than could be told in time');
        const next = this.#changes[place - this.#dropped];
        if (next !== undefined) place += 1;
        return next?.change;
      },
      stop: () => void this.#readers.delete(own),
    };
  }

  /** Ends all who read now. */
  fail(error: Error): void {
    for (const reader of this.#readers) {
      reader.failure = error;
      reader.onChange();
    }
  }

  /** Forgets everything. Who still reads has failed, or ends. */
  clear(): void {
    this.#dropped += this.#changes.splice(0).length;
  }

  /** Tells some readers in each turn of the event loop. Changes that come meanwhile are told with the others. */
  #wake(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    setImmediate(() => {
      this.#isTelling = false;
      this.#tell([...this.#readers]);
    });
  }

  #tell(readers: readonly Reader[]): void {
    for (const { onChange } of readers.slice(0, MAX_TOLD_AT_ONCE)) onChange();
    if (readers.length > MAX_TOLD_AT_ONCE) setImmediate(() => this.#tell(readers.slice(MAX_TOLD_AT_ONCE)));
  }
}
