import { setTimeout } from 'node:timers/promises';
import pRetry from 'p-retry';
import { isUnsent } from './breaker.ts';
import { IceError } from './errors.ts';

const MAX_ATTEMPTS = 3;
/** Longest wait before the second attempt, in milliseconds; it doubles with each further one. */
const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 2000;

/**
 * Makes up to 3 attempts at a call that changes nothing at ICE. Retried is what is `retryable`, unless it was refused
 * on our side already.
 *
 * The wait before a retry is random, from 0 to min(2000, 100 * 2^(retry - 1)) ms, and at least what ICE asks for;
 * after throttling there is none, as the budget pauses all calls of the action. It ends at once when `signal` aborts,
 * which cockatiel's retry would sit out.
 *
 * @param attempt gets the number of the attempt, from 1
 * @throws what the last attempt threw that reached ICE; what a refusal on our side threw when none did
 */
export async function retry<T>(signal: AbortSignal, attempt: (number: number) => Promise<T>): Promise<T> {
  let told: IceError | undefined;
  try {
    return await pRetry(attempt, {
      retries: MAX_ATTEMPTS - 1,
      // The waiting is done here, so that it can end early with the error of the attempt.
      minTimeout: 0,
      async shouldRetry({ error, attemptNumber }) {
        if (isUnsent(error) || !(error instanceof IceError && error.retryable)) return false;
        told = error;
        const wait = setTimeout(backoffMs(attemptNumber, error), true, { signal });
        return wait.catch(() => false);
      },
    });
  } catch (error) {
    throw isUnsent(error) ? (told ?? error) : error;
  }
}

/** How long to wait after this many attempts, in milliseconds. */
function backoffMs(attempts: number, { code, details }: IceError): number {
  if (code === 'UPSTREAM_THROTTLED') return 0;
  const limitMs = Math.min(FIRST_BACKOFF_MS * 2 ** (attempts - 1), MAX_BACKOFF_MS);
  return Math.max(Math.random() * limitMs, details.retryAfterMs ?? 0);
}
