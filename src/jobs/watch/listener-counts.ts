import { BOUNDS } from '../../bounds.ts';
import { ClientShares } from '../../client-shares.ts';
import { OverloadedError, RateLimitedError } from '../errors.ts';
import { MAX_JOBS } from '../input.ts';

/** As how many listeners one counts that listens to all jobs: as many as an operation that names its jobs can have. */
const ALL_JOBS_LISTENERS = MAX_JOBS;

/** How many listeners each client has, and all together. */
export class ListenerCounts {
  readonly #shares = new ClientShares(BOUNDS.listeners.max);

  get total(): number {
    return this.#shares.total;
  }

  /** Counts listeners in or out. */
  add(client: string, change: number): void {
    this.#shares.add(client, change);
  }

  /**
   * Checks that the client may have so many more.
   *
   * @throws {RateLimitedError} when the client has too many
   * @throws {OverloadedError} when all clients together have
   */
  admit(client: string, count: number): void {
    if (!this.#shares.allows(client, count)) {
      throw new RateLimitedError('listeners', `A client may have ${String(this.#shares.max)} listeners`);
    }
    if (this.total + count > BOUNDS.allListeners.max) {
      throw new OverloadedError('The gateway has too many listeners');
    }
  }

  /**
   * Counts a listener to all jobs until the returned function is called.
   *
   * @throws as {@link admit}
   */
  countAll(client: string): () => void {
    this.admit(client, ALL_JOBS_LISTENERS);
    this.add(client, ALL_JOBS_LISTENERS);
    return () => this.add(client, -ALL_JOBS_LISTENERS);
  }
}

/** To how many jobs a client may listen: the bound, and no more than a tenth of all. But it may to those of one operation. */
export function maxJobsOfClient(maxJobs: number): number {
  return Math.min(BOUNDS.watchedJobs.max, Math.max(MAX_JOBS, Math.floor(maxJobs / 10)));
}

/** Counts one more of a client in each of these, until the returned function is called. */
export function countOne(client: string, counts: readonly Pick<ClientShares, 'add'>[]): () => void {
  const left = [...counts];
  for (const count of left) count.add(client, 1);
  return () => {
    for (const count of left.splice(0)) count.add(client, -1);
  };
}
