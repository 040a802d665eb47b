import { InputError } from '../errors.ts';
import { isFinished, type PackageJob } from '../model.ts';
import type { Detail } from '../store/entry.ts';
import type { ReadContext } from '../store/store.ts';
import type { JobListener, JobWatcher, Listening } from './watcher.ts';

/** An update of one of several jobs: its state, or why there will be none. */
export type JobUpdate =
  | {
      readonly job: PackageJob;
      /** Why the state lacks the detail that was asked for. */
      readonly detailFailure?: Error | undefined;
    }
  /** {@link InputError}: ICE does not know the id. `IceError`: ICE refuses to tell. */
  | { readonly error: unknown };

/** Updates as they come. `return` has to be called, unless the stream has completed. */
export interface JobUpdateStream extends AsyncIterableIterator<JobUpdate, undefined> {
  next(): Promise<IteratorResult<JobUpdate, undefined>>;
  return(): Promise<IteratorResult<JobUpdate, undefined>>;
}

type Listen = (id: string, listener: JobListener) => Listening;

/**
 * The states of several jobs as they come: the current state of each first, then later ones. The stream completes when every
 * job has finished or failed to be read. `return` completes it at once.
 *
 * With `detail` each state has `outputUrl`, so that nobody has to read it when it is told: a state that a list has shown is told
 * once GetPackageJob has read it. No job waits for another.
 *
 * A reader that is slower than the changes gets the latest state of each job. At most one update waits for each job.
 *
 * @throws {RateLimitedError} when the client watches too much
 * @throws {OverloadedError} when all clients together do
 */
export class JobUpdates implements JobUpdateStream {
  /** The updates that were not read yet, by job. The oldest is first. */
  readonly #waiting = new Map<string, JobUpdate>();
  /** Stops listening, for each job that more updates are to come of. */
  readonly #watched = new Map<string, () => void>();
  #reader: ((result: IteratorResult<JobUpdate, undefined>) => void) | undefined;

  constructor(
    watcher: Pick<JobWatcher, 'listen'>,
    ids: readonly string[],
    context: ReadContext,
    detail: Detail = 'summary',
  ) {
    const listen: Listen = (id, listener) => watcher.listen(id, listener, context, detail);
    try {
      for (const [index, id] of ids.entries()) {
        if (!this.#watched.has(id) && !this.#waiting.has(id)) this.#watch(listen, id, index);
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
    return new Promise((resolve) => (this.#reader = resolve));
  }

  return(): Promise<IteratorResult<JobUpdate, undefined>> {
    this.#stop();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #watch(listen: Listen, id: string, index: number): void {
    const onState = (job: PackageJob | null, detailFailure?: Error) => {
      if (job === null || isFinished(job)) this.#leave(id);
      this.#put(id, job === null ? { error: unknownId(index) } : { job, detailFailure });
    };
    const onFailure = (error: unknown) => {
      this.#watched.delete(id);
      this.#put(id, { error });
    };
    const { entry, stop } = listen(id, { onState, onFailure });
    this.#watched.set(id, stop);
    if (entry !== undefined) onState(entry.job);
  }

  #put(id: string, update: JobUpdate): void {
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader === undefined) this.#waiting.set(id, update);
    else reader({ done: false, value: update });
  }

  #leave(id: string): void {
    this.#watched.get(id)?.();
    this.#watched.delete(id);
  }

  #stop(): void {
    for (const id of this.#watched.keys()) this.#leave(id);
    this.#waiting.clear();
    this.#reader?.({ done: true, value: undefined });
    this.#reader = undefined;
  }
}

function unknownId(index: number): InputError {
  return new InputError(`ids[${String(index)}]`, 'names no job that ICE knows');
}
