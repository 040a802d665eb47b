import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createBreaker } from '../../src/ice/breaker.ts';
import { IceError, type IceErrorCode } from '../../src/ice/errors.ts';

const signal = new AbortController().signal;
const down = (code: IceErrorCode = 'UPSTREAM_UNAVAILABLE') => new IceError(code, { action: 'GetPackageJob' });

function setUp() {
  const refusals: IceError[] = [];
  const breaker = createBreaker({ action: 'GetPackageJob', onOpen: (refusal) => refusals.push(refusal) });
  const succeed = () => breaker.run(signal, () => Promise.resolve('fine'));
  const fail = async (failure: unknown = down(), times = 1, callSignal = signal) => {
    for (let time = 0; time < times; time += 1) {
      await expect(breaker.run(callSignal, () => Promise.reject(failure))).rejects.toBe(failure);
    }
  };
  return { breaker, refusals, succeed, fail };
}

// Only the clock: the breaker has no timers.
beforeEach(() => vi.useFakeTimers({ toFake: ['Date'], now: 0 }));
afterEach(() => vi.useRealTimers());

describe('createBreaker', () => {
  it.for(['UPSTREAM_UNAVAILABLE', 'UPSTREAM_TIMEOUT', 'UPSTREAM_MALFORMED'] as const)(
    'opens at the tenth %s in a row',
    async (code) => {
      const { breaker, fail } = setUp();
      await fail(down(code), 9);
      expect(breaker.state).toBe('closed');
      await fail(down(code));
      expect(breaker.state).toBe('open');
    },
  );

  it.for(['UPSTREAM_REJECTED', 'UPSTREAM_THROTTLED'] as const)(
    'takes %s for the answer of an ICE that is up',
    async (code) => {
      const { breaker, fail } = setUp();
      await fail(down(code), 20);
      await fail(down(), 9);
      await fail(down(code));
      await fail(down(), 9);
      expect(breaker.state).toBe('closed');
    },
  );

  it('stays closed while one call in ten succeeds', async () => {
    const { breaker, fail, succeed } = setUp();
    for (let round = 0; round < 5; round += 1) {
      await fail(down(), 9);
      await succeed();
    }
    expect(breaker.state).toBe('closed');
  });

  it('learns nothing from calls that their caller left, or that never began', async () => {
    const { breaker, fail } = setUp();
    await fail(down('UPSTREAM_TIMEOUT'), 20, AbortSignal.abort());
    await fail(down('OVERLOADED'), 20);
    expect(breaker.state).toBe('closed');
  });

  it('refuses calls at once while it is open, and tells when the next probe is', async () => {
    const { breaker, refusals, fail } = setUp();
    await fail(down(), 10);
    vi.setSystemTime(400);
    const attempt = vi.fn<() => Promise<void>>();
    await expect(breaker.run(signal, attempt)).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      details: { action: 'GetPackageJob', retryAfterMs: 600 },
    });
    expect(attempt).not.toHaveBeenCalled();
    expect(refusals).toMatchObject([{ code: 'UPSTREAM_UNAVAILABLE', details: { retryAfterMs: 1000 } }]);
  });

  it('closes when the probe succeeds', async () => {
    const { breaker, fail, succeed } = setUp();
    await fail(down(), 10);
    vi.setSystemTime(1000);
    await expect(succeed()).resolves.toBe('fine');
    expect(breaker.state).toBe('closed');
    await fail(down(), 9);
    expect(breaker.state).toBe('closed');
  });

  it('lets one probe through, and refuses the others meanwhile', async () => {
    const { breaker, fail, succeed } = setUp();
    await fail(down(), 10);
    vi.setSystemTime(1000);
    const { promise, resolve } = Promise.withResolvers<string>();
    const probe = breaker.run(signal, () => promise);
    expect(breaker.state).toBe('half-open');
    await expect(succeed()).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    resolve('fine');
    await probe;
    await expect(succeed()).resolves.toBe('fine');
  });

  it('waits longer after each failed probe, up to five seconds', async () => {
    const { fail, refusals } = setUp();
    await fail(down(), 10);
    for (const at of [1000, 3000, 7000, 12_000, 17_000]) {
      vi.setSystemTime(at);
      await fail();
    }
    expect(refusals.map(({ details }) => details.retryAfterMs)).toEqual([1000, 2000, 2000, 2000, 2000, 2000]);
  });

  it('stays open when the caller of the probe left', async () => {
    const { breaker, fail } = setUp();
    await fail(down(), 10);
    vi.setSystemTime(1000);
    await fail(down('UPSTREAM_TIMEOUT'), 1, AbortSignal.abort());
    expect(breaker.state).toBe('open');
  });
});
