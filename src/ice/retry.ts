import { setTimeout } from 'node:timers/promises';
import pRetry from 'p-retry';
import { isUnsent } from './breaker.ts';
import { IceError } from './errors.ts';

const MAX_ATTEMPTS = 3;
/** The longest wait before the second attempt, in milliseconds. It doubles with each further attempt. */
const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 2000;

/**
 * Makes up to 3 attempts at a call that changes nothing at ICE. It retries errors that are `retryable`, except those that the
 * gateway itself refused.
 *
 * The wait before a retry is random, from 0 to min(2000, 100 * 2^(retry - 1)) ms, and at least what ICE asks for. There is no
 * wait after throttling, as the budget pauses all calls of the action. The wait ends at once when `signal` aborts.
 * cockatiel's retry would wait on.
 *
 * @param attempt gets the number of the attempt, from 1
 * @param heal is asked once, about a refusal: whether its cause is gone, so that the same call can succeed now
 * @throws the error of the last attempt that reached ICE, or the gateway's own refusal when none did
 */
export async function retry<T>(
  signal: AbortSignal,
  attempt: (number: number) => Promise<T>,
  heal: (error: IceError) => Promise<boolean> = () => Promise.resolve(false),
): Promise<T> {
  let isHealed = false;
  let told: IceError | undefined;
  try {
    return await pRetry(attempt, {
      retries: MAX_ATTEMPTS - 1,
      // The wait is here, so that it can end early with the error of the attempt.
      minTimeout: 0,
      async shouldRetry({ error, attemptNumber }) {
        if (isUnsent(error) || !(error instanceof IceError)) return false;
        told = error;
        if (!error.retryable) return !isHealed && (isHealed = await heal(error));
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
