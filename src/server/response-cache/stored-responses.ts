import { MeasuredCache, type Caches } from '../../measured-cache.ts';
import type { Dependencies, FreshnessCheck, Jobs } from '../../jobs/jobs.ts';
import { ownText, textBytes } from '../../jobs/text.ts';
import type { CompleteResponse, Content } from '../responses/response.ts';
import { ownBytes } from '../responses/own-bytes.ts';
import { isSameRequest, type RequestKey } from './request-key.ts';

/** A response with all its headers. */
export interface StoredResponse extends Content {
  /** Names and values in turn, as `writeHead` takes them. The headers of one single response are not among them. */
  readonly head: readonly string[];
  /** In milliseconds since 1970. */
  readonly storedAt: number;
  readonly operationName: string | null;
}

interface Entry extends StoredResponse {
  readonly dependencies: Dependencies;
  readonly request: Pick<RequestKey, 'head' | 'content'>;
  /** The last check that its dependencies are the latest known and fresh. */
  check: FreshnessCheck | undefined;
}

/**
 * What an entry takes in memory besides its bytes: its objects and its place in the cache; each job that it depends on; each
 * header, which most entries share the text of; each buffer, besides its bytes. In bytes, as measured on 64 bits.
 */
const ENTRY_BYTES = 900;
const JOB_BYTES = 100;
const HEADER_BYTES = 12;
const BUFFER_BYTES = 250;

/** Up to this length, in bytes, a body is kept as text. */
const MAX_TEXT_BYTES = 4096;

/**
 * Responses by the exact request. One is served again only while each state that it shows is the latest known of its job,
 * and fresh. So the next request sees whatever the store has got.
 */
export class StoredResponses {
  readonly #entries: MeasuredCache<number, Entry> | undefined;

  /** @param maxBytes the most that all entries may take, in bytes; 0 stores none */
  constructor(maxBytes: number, caches?: Caches) {
    this.#entries =
      maxBytes === 0 ? undefined : new MeasuredCache({ maxSize: maxBytes, sizeCalculation: retainedBy });
    if (this.#entries !== undefined) caches?.set('responses', this.#entries);
  }

  /** How many responses are stored. */
  get size(): number {
    return this.#entries?.size ?? 0;
  }

  /** What they take in memory, in bytes. */
  get bytes(): number {
    return this.#entries?.calculatedSize ?? 0;
  }

  /** The response to this very request, if it still holds. */
  get(key: RequestKey, jobs: Pick<Jobs, 'revalidate'>): StoredResponse | undefined {
    const entry = this.#entries?.get(key.checksum);
    if (entry === undefined || !isSameRequest(entry.request, key)) return undefined;
    entry.check = jobs.revalidate(entry.dependencies, entry.check);
    if (entry.check !== undefined) return entry;
    this.#entries?.delete(key.checksum);
    return undefined;
  }

  /** Stores a response that depends on these states. `undefined`: it was for one request alone, and is not stored. */
  set(
    { head, content, checksum }: RequestKey,
    response: StoredResponse,
    states: CompleteResponse['dependencies'],
  ): void {
    if (states === undefined || this.#entries === undefined) return;
    const bytes = Buffer.from(response.body);
    this.#entries.set(checksum, {
      ...response,
      // Node sends a short text in one piece with its head.
      body: bytes.length <= MAX_TEXT_BYTES ? bytes.toString() : ownBytes(bytes),
      request: {
        head: ownText(head),
        content: typeof content === 'string' ? ownText(content) : ownBytes(content),
      },
      dependencies: new Map([...states].map(([id, entry]) => [ownText(id), new WeakRef(entry)])),
      check: undefined,
    });
    this.#weighWhenCompressed(checksum, response.compressed);
  }

  /** It is a function of its own, so that the callback keeps nothing else in memory. */
  #weighWhenCompressed(checksum: number, compressed: StoredResponse['compressed']): void {
    compressed.onAdded = () => {
      const entry = this.#entries?.peek(checksum);
      // The cache weighs an entry again only when it is another object.
      if (entry?.compressed === compressed) this.#entries?.set(checksum, { ...entry });
    };
  }
}

function retainedBy({ body, request, head, dependencies, compressed }: Entry): number {
  let bytes =
    ENTRY_BYTES + request.head.length + bytesOf(request.content) + bytesOf(body) + HEADER_BYTES * head.length;
  for (const id of dependencies.keys()) bytes += JOB_BYTES + id.length;
  return bytes + compressed.bytes + BUFFER_BYTES * compressed.count;
}

function bytesOf(content: string | Buffer): number {
  return typeof content === 'string' ? textBytes(content) : BUFFER_BYTES + content.length;
}
