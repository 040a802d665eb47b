import { LRUCache } from 'lru-cache';
import type { JobStore } from '../jobs/store.ts';
import type { Answer } from './answer.ts';

/** An answer with all its headers, as they were first sent. */
export interface KeptAnswer extends Answer {
  /** Names and values in turn, as `writeHead` takes them. */
  readonly head: readonly string[];
  /** When it was made, in milliseconds since 1970. */
  readonly madeAt: number;
}

export interface AnswersOptions {
  readonly store: Pick<JobStore, 'holds'>;
  /** The most they may take, in bytes; 0 keeps none. */
  readonly maxBytes: number;
}

/** What an entry takes besides its texts, in bytes, and what each of its jobs adds. */
const ENTRY_BYTES = 1500;
const JOB_BYTES = 100;

/**
 * Finished answers by the exact request. One is given again only while each state it shows is the latest known of its
 * job, and fresh: whatever the store learns is seen by the next request.
 */
export class Answers {
  readonly #kept: LRUCache<string, KeptAnswer> | undefined;
  readonly #store: AnswersOptions['store'];

  constructor({ store, maxBytes }: AnswersOptions) {
    this.#store = store;
    this.#kept =
      maxBytes === 0
        ? undefined
        : new LRUCache({
            maxSize: maxBytes,
            // Compressed, the body is a quarter at most, in either encoding.
            sizeCalculation: ({ body, shown }, key) =>
              ENTRY_BYTES + key.length + Math.ceil(1.5 * body.length) + JOB_BYTES * (shown?.size ?? 0),
          });
  }

  /** How many answers are kept. */
  get size(): number {
    return this.#kept?.size ?? 0;
  }

  /** The answer to this very request, if it is still right. */
  get(request: string): KeptAnswer | undefined {
    const answer = this.#kept?.get(request);
    if (answer === undefined) return undefined;
    if (answer.shown !== undefined && this.#store.holds(answer.shown)) return answer;
    this.#kept?.delete(request);
    return undefined;
  }

  /** Keeps the answer, unless it was for one request alone. */
  keep(request: string, answer: KeptAnswer): void {
    if (answer.shown !== undefined) this.#kept?.set(request, answer);
  }
}
