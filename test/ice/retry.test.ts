import { describe, expect, it } from 'vitest';
import { IceError, type IceErrorCode } from '../../src/ice/errors.ts';
import { retry } from '../../src/ice/retry.ts';

const signal = new AbortController().signal;
const failure = (code: IceErrorCode, retryAfterMs?: number) =>
  new IceError(code, { action: 'GetPackageJob', retryAfterMs });

/** Fails with these in turn, then succeeds with the number of the attempt. */
const failing =
  (...errors: readonly unknown[]) =>
  (number: number): Promise<number> =>
    number <= errors.length ? Promise.reject(errors[number - 1]) : Promise.resolve(number);

describe('retry', () => {
  it.for(['UPSTREAM_THROTTLED', 'UPSTREAM_TIMEOUT', 'UPSTREAM_UNAVAILABLE', 'UPSTREAM_MALFORMED'] as const)(
    'makes three attempts at a call that fails with %s',
    async (code) => {
      await expect(retry(signal, failing(failure(code), failure(code)))).resolves.toBe(3);
      const last = failure(code);
      await expect(retry(signal, failing(failure(code), failure(code), last))).rejects.toBe(last);
    },
  );

  it.for([failure('UPSTREAM_REJECTED'), failure('OVERLOADED', 1), new TypeError('bug')])(
    'makes one attempt at a call that fails with %s',
    async (error) => {
      await expect(retry(signal, failing(error))).rejects.toBe(error);
    },
  );

  it('waits as long as ICE asks', async () => {
    const startedAt = performance.now();
    await retry(signal, failing(failure('UPSTREAM_UNAVAILABLE', 300)));
    expect(performance.now() - startedAt).toBeGreaterThan(290);
  });

  it('leaves the wait after throttling to the budget', async () => {
    const startedAt = performance.now();
    await retry(signal, failing(failure('UPSTREAM_THROTTLED', 60_000)));
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  it('ends at once between attempts when the signal aborts, with the error of the attempt', async () => {
    const controller = new AbortController();
    const error = failure('UPSTREAM_UNAVAILABLE', 60_000);
    const call = retry(controller.signal, failing(error));
    controller.abort();
    await expect(call).rejects.toBe(error);
  });

  it('makes no second attempt for a caller that left during the first', async () => {
    const error = failure('UPSTREAM_TIMEOUT');
    await expect(retry(AbortSignal.abort(), failing(error))).rejects.toBe(error);
  });

  it('tells what ICE said when a later attempt never reached it', async () => {
    const error = failure('UPSTREAM_THROTTLED', 10);
    await expect(retry(signal, failing(error, failure('OVERLOADED')))).rejects.toBe(error);
  });
});
