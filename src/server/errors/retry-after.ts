import type { GraphQLFormattedError } from 'graphql';

/**
 * How long to wait before asking again, in whole seconds, as `Retry-After` has it. It is the longest that an error of the
 * response asks for. Without such errors it is the time until the unfinished jobs are worth another read.
 */
export function retryAfterSeconds(
  errors: readonly GraphQLFormattedError[] | undefined,
  pollAfterMs: number | undefined,
): number | undefined {
  const waits = (errors ?? [])
    .map((error) => error.extensions?.['retryAfterMs'])
    .filter((ms) => typeof ms === 'number');
  if (waits.length === 0 && pollAfterMs !== undefined) waits.push(pollAfterMs);
  return waits.length === 0 ? undefined : Math.ceil(Math.max(...waits) / 1000);
}
