import type { SharedStates } from './states.ts';

/**
 * How long a claim lasts, in milliseconds. What a replica has claimed that died is read by another after that. A replica that is
 * busy renews its claims late.
 */
export const CLAIM_MS = 1000;

/**
 * What this replica reads from ICE for all. Its claims are renewed together for as long as the reads take. One that failed is given
 * up, so that who waits for it does not wait for nothing.
 */
export class Claims {
  readonly #states: Pick<SharedStates, 'claim'>;
  readonly #reads = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(states: Pick<SharedStates, 'claim'>) {
    this.#states = states;
  }

  /** Keeps the claim of a job until its read ends. */
  async during<T>(id: string, read: Promise<T>): Promise<T> {
    this.#reads.set(id, (this.#reads.get(id) ?? 0) + 1);
    this.#timer ??= setInterval(() => this.#claim([...this.#reads.keys()], CLAIM_MS), CLAIM_MS / 2).unref();
    try {
      return await read;
    } catch (error) {
      this.giveUp([id]);
      throw error;
    } finally {
      this.#end(id);
    }
  }

  giveUp(ids: readonly string[]): void {
    if (ids.length > 0) this.#claim(ids, undefined);
  }

  #end(id: string): void {
    const reads = (this.#reads.get(id) ?? 0) - 1;
    if (reads > 0) this.#reads.set(id, reads);
    else this.#reads.delete(id);
    if (this.#reads.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #claim(ids: readonly string[], forMs: number | undefined): void {
    // Without Redis nobody waits.
    this.#states.claim(ids, forMs).catch(() => undefined);
  }
}
