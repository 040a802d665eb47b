import pRetry from 'p-retry';

/** Whether the gateway can serve. */
export interface Readiness {
  readonly isReady: boolean;
}

/**
 * Becomes ready when `check` succeeds once. It is retried with growing pauses of 0.5 to 30 s, until `stopping` aborts. The
 * gateway stays ready from then on. A later outage of ICE leads to errors, as it would help nobody to take every replica
 * away.
 */
export function createReadiness(
  check: (signal: AbortSignal) => Promise<unknown>,
  stopping: AbortSignal,
  onFailure: (error: unknown) => void,
): Readiness {
  let isReady = false;
  pRetry(() => check(stopping), {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: 500,
    maxTimeout: 30_000,
    randomize: true,
    unref: true,
    signal: stopping,
    onFailedAttempt: ({ error }) => onFailure(error),
  }).then(
    () => (isReady = true),
    // It was stopped before it succeeded.
    () => false,
  );
  return {
    get isReady() {
      return isReady;
    },
  };
}
