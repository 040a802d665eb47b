import { crc32 } from 'node:zlib';

/**
 * Tells keys that repeat from keys that come once, so that a cache only admits the former. Entries that are used once would
 * evict entries that are used again, and leave garbage that is collected late. The doorkeeper keeps no keys, so it is wrong
 * now and then. A key is forgotten when another takes its place. Rarely a key is taken for another.
 *
 * @see https://arxiv.org/abs/1512.00727 TinyLFU, section 3.4.2
 */
export class Doorkeeper {
  readonly #seen: Uint32Array;

  /** @param places about how many keys are remembered, a power of two */
  constructor(places: number) {
    this.#seen = new Uint32Array(places);
  }

  /**
   * Whether the key came before. It is remembered from now on.
   *
   * @param key the key, or its checksum
   */
  knows(key: string | number): boolean {
    const checksum = typeof key === 'number' ? key : crc32(key);
    const place = checksum % this.#seen.length;
    const isKnown = this.#seen[place] === checksum;
    this.#seen[place] = checksum;
    return isKnown;
  }
}
