import pRetry from 'p-retry';

/** Whether the gateway can serve. */
export interface Readiness {
  readonly isReady: boolean;
  /** Ends the attempts. */
  stop(): void;
}

/**
 * Becomes ready when `check` succeeds once, which is tried with growing pauses of 0.5 to 30 s until it does. It stays
 * ready from then on: an outage of ICE later is answered in errors, as taking every replica away would help nobody.
 */
export function createReadiness(
  check: (signal: AbortSignal) => Promise<unknown>,
  onFailure: (error: unknown) => void,
): Readiness {
  const controller = new AbortController();
  let isReady = false;
  pRetry(() => check(controller.signal), {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: 500,
    maxTimeout: 30_000,
    randomize: true,
    unref: true,
    signal: controller.signal,
    onFailedAttempt: ({ error }) => onFailure(error),
  }).then(
    () => (isReady = true),
    // Stopped before it succeeded.
    () => false,
  );
  return {
    get isReady() {
      return isReady;
    },
    stop: () => controller.abort(),
  };
}
