import { BOUNDS } from '../../bounds.ts';
import { ownText } from '../../jobs/text.ts';
import { MeasuredCache, type Caches } from '../../measured-cache.ts';

/** How much each client may ask for. */
export interface RatePolicy {
  /** What a full bucket has. */
  readonly cost: number;
  /** How long an empty bucket takes to fill. */
  readonly seconds: number;
}

/** What came of taking from a bucket. */
export interface Taken {
  /** Whether the bucket had as much. Nothing was taken otherwise. */
  readonly isTaken: boolean;
  /** What is left, from 0 to a full bucket. It need not be a whole number. */
  readonly left: number;
}

/** A bucket for each client. It fills at a constant rate, and is full at first. */
export interface Buckets {
  /**
   * Takes a cost from the bucket of a client, if it has as much. A negative cost is given back, up to a full bucket.
   *
   * @returns a promise where others have to be asked. It must not reject, and must resolve within a short time
   */
  take(clientKey: string, cost: number): Taken | Promise<Taken>;
}

/** Buckets in the memory of this process. */
export interface OwnBuckets extends Buckets {
  take(clientKey: string, cost: number): Taken;
}

export interface OwnBucketsOptions {
  /** What all of them may take in memory, in bytes. @default the bound `rateBuckets` */
  readonly maxBytes?: number;
  /** Where they can be looked at. @default nowhere */
  readonly caches?: Caches;
}

interface Bucket {
  /** What it lacks of a full one. */
  missing: number;
  /** When that was so, in milliseconds. */
  at: number;
}

/** About what a bucket takes besides the key of its client, in bytes. */
const BUCKET_BYTES = 250;

/** Rates are not whole numbers, so that what has been taken and filled up again is not either. */
const TOLERANCE = 1e-6;

/**
 * Buckets in the memory of this process. The bucket of the client that has asked for longest ago is forgotten first. It is
 * the fullest in all likelihood.
 *
 * @param now in milliseconds. No bucket fills while it goes backwards
 */
export function createBuckets(
  { cost: size, seconds }: RatePolicy,
  now: () => number,
  { maxBytes = BOUNDS.rateBuckets.max, caches }: OwnBucketsOptions = {},
): OwnBuckets {
  const perMs = size / (1000 * seconds);
  const buckets = new MeasuredCache<string, Bucket>({
    maxSize: maxBytes,
    sizeCalculation: (_bucket, key) => BUCKET_BYTES + key.length,
  });
  caches?.set('rate_buckets', buckets);

  function bucketOf(clientKey: string, at: number): Bucket {
    let bucket = buckets.get(clientKey);
    if (bucket === undefined) {
      bucket = { missing: 0, at };
      buckets.set(ownText(clientKey), bucket);
    }
    return bucket;
  }

  return {
    take(clientKey, cost) {
      const at = now();
      const bucket = bucketOf(clientKey, at);
      const filled = perMs * Math.max(0, at - bucket.at);
      bucket.missing = Math.max(0, bucket.missing - filled);
      bucket.at = at;
      const missing = bucket.missing + cost;
      const isTaken = missing <= size + TOLERANCE;
      if (isTaken) bucket.missing = Math.max(0, missing);
      return { isTaken, left: Math.max(0, size - bucket.missing) };
    },
  };
}
