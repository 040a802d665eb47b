import { LRUCache } from 'lru-cache';
import type { Dependencies, FreshnessCheck, Jobs } from '../../jobs/jobs.ts';
import { textBytes } from '../graphql/weight.ts';
import type { CompleteResponse, Content } from '../responses/response.ts';
import { isSameContent, type RequestKey } from './request-key.ts';

/** A response with all its headers. */
export interface StoredResponse extends Content {
  /** Names and values in turn, as `writeHead` takes them. The headers of one single response are not among them. */
  readonly head: readonly string[];
  /** In milliseconds since 1970. */
  readonly storedAt: number;
}

interface Entry extends StoredResponse {
  readonly dependencies: Dependencies;
  readonly content: RequestKey['content'];
  /** The last check that its dependencies are the latest known and fresh. */
  check: FreshnessCheck | undefined;
}

/** What an entry takes besides its texts, in bytes, and what each of its jobs adds. */
const ENTRY_BYTES = 1500;
const JOB_BYTES = 100;

/** Up to this length, in bytes, a body is kept as text. */
const MAX_TEXT_BYTES = 4096;

/**
 * Responses by the exact request. One is served again only while each state that it shows is the latest known of its job,
 * and fresh. So the next request sees whatever the store has got.
 */
export class StoredResponses {
  readonly #entries: LRUCache<string, Entry> | undefined;

  /** @param maxBytes the most that all entries may take, in bytes; 0 stores none */
  constructor(maxBytes: number) {
    this.#entries =
      maxBytes === 0
        ? undefined
        : new LRUCache({
            maxSize: maxBytes,
            // Compressed, a body is a quarter at most, in either encoding.
            sizeCalculation: ({ body, content, head, dependencies }, key) =>
              ENTRY_BYTES +
              textBytes(key) +
              bytesOf(content) +
              textBytes(head.join('')) +
              bytesOf(body) +
              Math.ceil(body.length / 2) +
              JOB_BYTES * dependencies.size,
          });
  }

  /** How many responses are stored. */
  get size(): number {
    return this.#entries?.size ?? 0;
  }

  /** The response to this very request, if it still holds. */
  get({ text, content }: RequestKey, jobs: Pick<Jobs, 'revalidate'>): StoredResponse | undefined {
    const entry = this.#entries?.get(text);
    if (entry === undefined || !isSameContent(entry.content, content)) return undefined;
    entry.check = jobs.revalidate(entry.dependencies, entry.check);
    if (entry.check !== undefined) return entry;
    this.#entries?.delete(text);
    return undefined;
  }

  /** Stores a response that depends on these states. `undefined`: it was for one request alone, and is not stored. */
  set(
    { text, content }: RequestKey,
    response: StoredResponse,
    states: CompleteResponse['dependencies'],
  ): void {
    if (states === undefined || this.#entries === undefined) return;
    const dependencies = new Map([...states].map(([id, entry]) => [id, new WeakRef(entry)]));
    const bytes = Buffer.from(response.body);
    // Node sends a short text in one piece with its head.
    const body = bytes.length <= MAX_TEXT_BYTES ? bytes.toString() : copyOf(bytes);
    const request = typeof content === 'string' ? content : copyOf(content);
    this.#entries.set(text, { ...response, body, content: request, dependencies, check: undefined });
  }
}

function bytesOf(content: string | Buffer): number {
  return typeof content === 'string' ? textBytes(content) : content.length;
}

/** A copy with memory of its own. Small buffers share a larger one, and each of them keeps all of it. */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
