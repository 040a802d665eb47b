import { InputError } from './input.ts';
import { isFinished, type PackageJob } from './model.ts';
import type { ReadContext } from './store.ts';
import type { JobWatcher } from './watcher.ts';

/** What there is to tell of one of several jobs: its state, or why there will be none. */
export type JobUpdate =
  | { readonly job: PackageJob }
  /** {@link InputError}: ICE does not know the id. `IceError`: ICE refuses to tell. */
  | { readonly error: unknown };

/**
 * The states of several jobs as they come: the present one of each first, then later ones. It is over when every job has
 * finished or cannot be told of, and at once when it is left by `return`.
 *
 * A reader that is slower than the changes gets the latest state of each job: no more than one waits for each.
 *
 * @throws {OverloadedError} when too many jobs are watched
 */
export class JobUpdates implements AsyncIterableIterator<JobUpdate, undefined> {
  /** What has not been taken yet, the longest waiting first. */
  readonly #waiting = new Map<string, JobUpdate>();
  /** How to let go of each job that more is to come of. */
  readonly #watched = new Map<string, () => void>();
  #taker: ((result: IteratorResult<JobUpdate, undefined>) => void) | undefined;

  constructor(watcher: Pick<JobWatcher, 'watch'>, ids: readonly string[], context: ReadContext) {
    try {
      for (const [index, id] of ids.entries()) {
        if (!this.#watched.has(id) && !this.#waiting.has(id)) this.#watch(watcher, id, index, context);
      }
    } catch (error) {
      this.#stop();
      throw error;
    }
  }

  /** One call at a time, as `for await` makes them. */
  next(): Promise<IteratorResult<JobUpdate, undefined>> {
    const [first] = this.#waiting;
    if (first !== undefined) {
      this.#waiting.delete(first[0]);
      return Promise.resolve({ done: false, value: first[1] });
    }
    if (this.#watched.size === 0) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => (this.#taker = resolve));
  }

  return(): Promise<IteratorResult<JobUpdate, undefined>> {
    this.#stop();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #watch(watcher: Pick<JobWatcher, 'watch'>, id: string, index: number, context: ReadContext): void {
    const onState = (job: PackageJob | null) => {
      if (job === null || isFinished(job)) this.#leave(id);
      this.#put(id, job === null ? { error: unknownId(index) } : { job });
    };
    const onFailure = (error: unknown) => {
      this.#watched.delete(id);
      this.#put(id, { error });
    };
    const { known, stop } = watcher.watch(id, { onState, onFailure }, context);
    this.#watched.set(id, stop);
    if (known !== undefined) onState(known.job);
  }

  #put(id: string, update: JobUpdate): void {
    const taker = this.#taker;
    this.#taker = undefined;
    if (taker === undefined) this.#waiting.set(id, update);
    else taker({ done: false, value: update });
  }

  #leave(id: string): void {
    this.#watched.get(id)?.();
    this.#watched.delete(id);
  }

  #stop(): void {
    for (const id of this.#watched.keys()) this.#leave(id);
    this.#waiting.clear();
    this.#taker?.({ done: true, value: undefined });
    this.#taker = undefined;
  }
}

function unknownId(index: number): InputError {
  return new InputError(`ids[${String(index)}]`, 'names no job that ICE knows');
}
