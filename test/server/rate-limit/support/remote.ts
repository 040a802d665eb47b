import { setTimeout } from 'node:timers/promises';
import type { Buckets } from '../../../../src/server/rate-limit/buckets.ts';

/** Buckets that have to ask others. */
export function remote(buckets: Buckets): Buckets {
  return {
    async take(key, cost) {
      await setTimeout(1);
      return buckets.take(key, cost);
    },
  };
}
