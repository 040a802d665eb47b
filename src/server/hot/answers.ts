import { LRUCache } from 'lru-cache';
import type { JobStore, Proof, ShownStates } from '../../jobs/store.ts';
import type { Answer, Content } from '../answer.ts';
import { isSameContent, type Ticket } from './ticket.ts';

/** An answer with all its headers. */
export interface WholeAnswer extends Content {
  /** Names and values in turn, as `writeHead` takes them, but for those that each response has of its own. */
  readonly head: readonly string[];
  /** When it was made, in milliseconds since 1970. */
  readonly madeAt: number;
}

interface KeptAnswer extends WholeAnswer {
  readonly shown: ShownStates;
  /** What the request was that it answers. */
  readonly content: Ticket['content'];
  /** That the states it shows were the latest known, and fresh, when it was last given. */
  proof: Proof | undefined;
}

export interface AnswersOptions {
  readonly store: Pick<JobStore, 'prove'>;
  /** The most they may take, in bytes; 0 keeps none. */
  readonly maxBytes: number;
}

/** What an entry takes besides its texts, in bytes, and what each of its jobs adds. */
const ENTRY_BYTES = 1500;
const JOB_BYTES = 100;

/** Up to this length, in bytes, a body is kept as text. */
const MAX_TEXT_BYTES = 4096;

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
            sizeCalculation: ({ body, content, shown }, { length }) =>
              ENTRY_BYTES + length + content.length + Math.ceil(1.5 * body.length) + JOB_BYTES * shown.size,
          });
  }

  /** How many answers are kept. */
  get size(): number {
    return this.#kept?.size ?? 0;
  }

  /** The answer to this very request, if it is still right. */
  get({ key, content }: Ticket): WholeAnswer | undefined {
    const answer = this.#kept?.get(key);
    if (answer === undefined || !isSameContent(answer.content, content)) return undefined;
    answer.proof = this.#store.prove(answer.shown, answer.proof);
    if (answer.proof !== undefined) return answer;
    this.#kept?.delete(key);
    return undefined;
  }

  /** Keeps the answer as long as the states it shows are the latest and fresh; `undefined`: it was for one request alone. */
  keep({ key, content }: Ticket, answer: WholeAnswer, states: Answer['shown']): void {
    if (states === undefined || this.#kept === undefined) return;
    const shown = new Map([...states].map(([id, known]) => [id, new WeakRef(known)]));
    const bytes = Buffer.from(answer.body);
    // A short text goes out in one piece with its head.
    const body = bytes.length <= MAX_TEXT_BYTES ? bytes.toString() : copyOf(bytes);
    const request = typeof content === 'string' ? content : copyOf(content);
    this.#kept.set(key, { ...answer, body, content: request, shown, proof: undefined });
  }
}

/** Memory of its own: small buffers share a larger one, and are all kept with the last of them. */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
