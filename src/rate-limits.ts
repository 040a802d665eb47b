import type { Config } from './config.ts';
import type { Caches } from './measured-cache.ts';
import type { Replicas } from './replicas/replicas.ts';
import { createBuckets } from './server/rate-limit/buckets.ts';
import { createRateLimit, type RateLimit } from './server/rate-limit/rate-limit.ts';

export interface RateLimitOptions {
  readonly config: Pick<Config, 'rateLimit'>;
  /** In milliseconds since 1970. */
  readonly now: () => number;
  readonly caches: Caches;
}

/** Bounds what each client may ask for, where the configuration says so: at all replicas together, where there are several. */
export function composeRateLimit(
  replicas: Replicas | undefined,
  { config: { rateLimit: policy }, now, caches }: RateLimitOptions,
): RateLimit | undefined {
  if (policy === undefined) return undefined;
  const own = createBuckets(policy, now, { caches });
  return createRateLimit(policy, replicas?.shareBuckets(policy, own) ?? own);
}
