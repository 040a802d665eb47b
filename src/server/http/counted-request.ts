import { IncomingMessage } from 'node:http';
import { BOUNDS } from '../../bounds.ts';
import { ChunkBuffer } from './body-chunks.ts';
import { refuseBody } from './error-responses.ts';
import { dropParsed } from './parser.ts';

const { max } = BOUNDS.bodyParts;

/** Parts that are passed on as they come. Most bodies come in one. */
const FIRST_PARTS = 16;

/** Later parts below this size are passed on together, in bytes. */
const SMALL_BYTES = 256;

/** Somebody who wants the body as a whole, ahead of the stream. */
interface Taker {
  /** How long the body is, in bytes. */
  readonly length: number;
  /** Says whether it has taken the body. */
  readonly take: (body: Buffer) => boolean;
  /** Gets the request as it came when the body was not taken. */
  readonly next: () => void;
}

/**
 * A request whose body comes in a bounded number of parts. To pass a part on takes far longer than to copy one of a few bytes,
 * so small parts are passed on together, with the next one that is larger or at the end.
 */
export class CountedRequest extends IncomingMessage {
  #parts = 0;
  #together: ChunkBuffer | undefined;
  #taker: Taker | undefined;
  #begun: ChunkBuffer | undefined;
  #isTaken = false;

  /** Whether some of the body has come already, so that it cannot be offered any more. */
  get hasBegun(): boolean {
    return this.#parts > 0;
  }

  /**
   * Offers the body to `take` once its last byte has come. A body that is taken never goes through the stream, which would cost
   * a fifth of a request that is answered from memory. Otherwise the stream gets it in one part, and then `next` is called.
   * Nobody may have begun to read.
   */
  offerBody(length: number, take: Taker['take'], next: Taker['next']): void {
    this.#taker = { length, take, next };
  }

  /** Node calls it with each part, whoever reads the body or nobody, and with `null` at its end. */
  override push(part: Buffer | null, encoding?: BufferEncoding): boolean {
    this.#parts += 1;
    if (this.#parts <= FIRST_PARTS) return this.#deliver(part, encoding);
    if (part === null) {
      this.#passOn();
      return this.#deliver(null);
    }
    if (this.#parts > max) {
      if (this.#parts === max + 1) {
        dropParsed(this.socket);
        refuseBody(this.socket, `The body came in more than ${String(max)} parts`);
      }
      return false;
    }
    const isSmall = part.length < SMALL_BYTES;
    if (!isSmall && this.#together === undefined) return this.#deliver(part);
    this.#together ??= new ChunkBuffer();
    this.#together.append(part);
    return isSmall || this.#passOn();
  }

  /** Node reads what nobody has read. There is nothing of a body that was taken. */
  override resume(): this {
    return this.#isTaken ? this : super.resume();
  }

  #passOn(): boolean {
    const bytes = this.#together?.bytes();
    this.#together = undefined;
    return bytes === undefined || this.#deliver(bytes);
  }

  #deliver(part: Buffer | null, encoding?: BufferEncoding): boolean {
    if (this.#isTaken) return true;
    const taker = this.#taker;
    if (taker === undefined || part === null) return super.push(part, encoding);
    // Most bodies come in one part.
    const isWhole = this.#begun === undefined && part.length >= taker.length;
    if (!isWhole) {
      this.#begun ??= new ChunkBuffer();
      this.#begun.append(part);
      if (this.#begun.length < taker.length) return true;
    }
    const body = this.#begun?.bytes() ?? part;
    this.#taker = undefined;
    this.#begun = undefined;
    this.#isTaken = taker.take(body);
    if (this.#isTaken) return true;
    const hasRoom = super.push(body);
    taker.next();
    return hasRoom;
  }
}
