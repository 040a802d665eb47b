import { IncomingMessage } from 'node:http';
import { BOUNDS } from '../../bounds.ts';
import { ChunkBuffer } from './body-chunks.ts';
import { refuseBody } from './error-responses.ts';

const { max } = BOUNDS.bodyParts;

/** Parts that are passed on as they come. Most bodies come in one. */
const FIRST_PARTS = 16;

/** Later parts below this size are passed on together, in bytes. */
const SMALL_BYTES = 256;

/**
 * A request whose body comes in a bounded number of parts. To pass a part on takes far longer than to copy one of a few bytes,
 * so small parts are passed on together, with the next one that is larger or at the end.
 */
export class CountedRequest extends IncomingMessage {
  #parts = 0;
  #together: ChunkBuffer | undefined;

  /** Node calls it with each part, whoever reads the body or nobody, and with `null` at its end. */
  override push(part: Buffer | null, encoding?: BufferEncoding): boolean {
    this.#parts += 1;
    if (this.#parts <= FIRST_PARTS) return super.push(part, encoding);
    if (part === null) {
      this.#passOn();
      return super.push(null);
    }
    if (this.#parts > max) {
      if (this.#parts === max + 1) refuseBody(this.socket, `The body came in more than ${String(max)} parts`);
      return false;
    }
    const isSmall = part.length < SMALL_BYTES;
    if (!isSmall && this.#together === undefined) return super.push(part);
    this.#together ??= new ChunkBuffer();
    this.#together.append(part);
    return isSmall || this.#passOn();
  }

  #passOn(): boolean {
    const bytes = this.#together?.bytes();
    this.#together = undefined;
    return bytes === undefined || super.push(bytes);
  }
}
