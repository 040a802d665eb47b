import type { IncomingHttpHeaders } from 'node:http';
import { pipeline, Transform } from 'node:stream';
import type { FastifyInstance } from 'fastify';

/** The smallest buffer, in bytes. Most bodies fit into it. */
const MIN_BYTES = 4096;

/**
 * Collects chunks in one buffer. Kept by themselves, chunks of one byte take 200 times what the client sent: a buffer object
 * each, and what they are parts of.
 */
export class ChunkBuffer {
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(chunk: Buffer): void {
    const length = this.#length + chunk.length;
    if (length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(MIN_BYTES, 2 * this.#bytes.length, length));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    chunk.copy(this.#bytes, this.#length);
    this.#length = length;
  }

  /** All that was appended. It shares its memory with this buffer. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}

/** Has Fastify get each body as one chunk, as it would keep every chunk until the last has come. */
export function collectBodies(app: FastifyInstance, maxBytes: number): void {
  app.addHook('preParsing', (request, _reply, payload, done) => {
    // The response cache has collected what it has read.
    const length = lengthOf(request.headers);
    const isWhole = payload === request.raw && request.raw.readableLength === length;
    // Fastify refuses one that is too long by its length. Node then drops what comes of it.
    if (request.method !== 'POST' || isWhole || (length ?? 0) > maxBytes) return done(null, payload);
    const collected = pipeline(payload, collector(maxBytes), () => undefined);
    done(null, collected);
  });
}

function lengthOf({ 'content-length': length }: IncomingHttpHeaders): number | undefined {
  return length === undefined ? undefined : Number(length);
}

/** Gives all bytes as one chunk. It passes them on at once when there are too many, so that they are refused. */
function collector(maxBytes: number): Transform {
  const buffer = new ChunkBuffer();
  let isOver = false;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (!isOver) buffer.append(chunk);
      const isTold = isOver;
      isOver = buffer.length > maxBytes;
      if (isOver && !isTold) this.push(buffer.bytes());
      done();
    },
    flush(done) {
      if (!isOver && buffer.length > 0) this.push(buffer.bytes());
      done();
    },
  });
}
