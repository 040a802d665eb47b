import { LRUCache } from 'lru-cache';

/** What a cache has at this moment, and what it has lost. */
export interface CacheUsage {
  readonly entries: number;
  /** What the entries take in memory, in bytes. */
  readonly bytes: number;
  /** The most that they may take, in bytes. */
  readonly maxBytes: number;
  /** How many entries had to make room for others, since the start. */
  readonly evictions: number;
}

/** The caches of one gateway, by name. Whoever creates a cache puts it here, so that somebody can look at it. */
export type Caches = Map<string, { readonly usage: CacheUsage }>;

/** An LRU cache that is sized in bytes, and counts what it evicts. */
export class MeasuredCache<K extends {}, V extends {}> extends LRUCache<K, V> {
  readonly #evicted: { count: number };

  constructor(options: LRUCache.Options<K, V, unknown>) {
    const evicted = { count: 0 };
    super({
      ...options,
      dispose(value, key, reason) {
        if (reason === 'evict') evicted.count += 1;
        options.dispose?.(value, key, reason);
      },
    });
    this.#evicted = evicted;
  }

  get usage(): CacheUsage {
    return {
      entries: this.size,
      bytes: this.calculatedSize,
      maxBytes: this.maxSize,
      evictions: this.#evicted.count,
    };
  }
}
