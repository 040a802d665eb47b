import { crc32 } from 'node:zlib';

/**
 * Tells what comes again from what comes once, so that a cache takes in only the former: entries that are never used
 * again would push out those that are, and leave garbage that is collected late. It takes no memory for a key, and is
 * therefore wrong now and then: a key is forgotten when another takes its place, and rarely taken for one that it is not.
 *
 * @see https://arxiv.org/abs/1512.00727 TinyLFU, section 3.4.2
 */
export class Doorkeeper {
  readonly #seen: Uint32Array;

  /** @param places about as many keys are remembered; a power of two */
  constructor(places: number) {
    this.#seen = new Uint32Array(places);
  }

  /** Whether the key was asked about before. */
  knows(key: string): boolean {
    const checksum = crc32(key);
    const place = checksum % this.#seen.length;
    const isKnown = this.#seen[place] === checksum;
    this.#seen[place] = checksum;
    return isKnown;
  }
}
