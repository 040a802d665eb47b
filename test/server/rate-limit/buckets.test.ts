import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BOUNDS } from '../../../src/bounds.ts';
import type { Caches } from '../../../src/measured-cache.ts';
import { createBuckets } from '../../../src/server/rate-limit/buckets.ts';

const POLICY = { cost: 1000, seconds: 60 };

/** Buckets by a clock of the test. */
function start(policy = POLICY) {
  let now = 1_000_000;
  const caches: Caches = new Map();
  const buckets = createBuckets(policy, () => now, { caches });
  return {
    caches,
    // These buckets answer at once.
    take: (client: string, cost: number) => buckets.take(client, cost),
    advance: (ms: number) => (now += ms),
  };
}

describe('a bucket', () => {
  it('has the whole cost at first, to the last unit', () => {
    const { take } = start();
    for (let taken = 1; taken <= 1000; taken += 1) {
      expect(take('a', 1)).toEqual({ isTaken: true, left: 1000 - taken });
    }
    expect(take('a', 1)).toEqual({ isTaken: false, left: 0 });
    expect(take('b', 1000)).toEqual({ isTaken: true, left: 0 });
  });

  it('takes nothing when it has not as much', () => {
    const { take } = start();
    take('a', 990);
    expect(take('a', 11)).toEqual({ isTaken: false, left: 10 });
    expect(take('a', 10)).toEqual({ isTaken: true, left: 0 });
  });

  it('is full again after its seconds, and has never more', () => {
    const { take, advance } = start();
    take('a', 1000);
    advance(30_000);
    expect(take('a', 0).left).toBeCloseTo(500);
    advance(30_000);
    expect(take('a', 0).left).toBeCloseTo(1000);
    advance(3_600_000);
    expect(take('a', 0).left).toBe(1000);
    expect(take('a', -500).left).toBe(1000);
  });

  it('takes back what was not needed', () => {
    const { take } = start();
    take('a', 800);
    expect(take('a', -790)).toEqual({ isTaken: true, left: 990 });
  });

  it('fills on from where it was when the clock goes back', () => {
    const { take, advance } = start();
    take('a', 1000);
    advance(-3_600_000);
    expect(take('a', 1).isTaken).toBe(false);
    advance(6000);
    expect(take('a', 0).left).toBeCloseTo(100);
  });

  it('gives within 1 % of what is promised, however the time passes and whatever is asked for', () => {
    const policies = fc.record({
      cost: fc.integer({ min: 1000, max: 1e9 }),
      seconds: fc.integer({ min: 1, max: 3600 }),
    });
    const pauses = fc.array(
      fc.record({ ms: fc.nat({ max: 5000 }), part: fc.double({ min: 1, max: 2, noNaN: true }) }),
      {
        minLength: 20,
        maxLength: 100,
      },
    );
    fc.assert(
      fc.property(policies, pauses, (policy, pauses) => {
        const { take, advance } = start(policy);
        let [taken, passedMs] = [0, 0];
        const takeAll = (cost: number) => {
          while (take('a', cost).isTaken) taken += cost;
        };
        takeAll(Math.ceil(policy.cost / 400));
        for (const { ms, part } of pauses) {
          // A bucket that is full loses what comes then.
          const pauseMs = Math.min(ms, 900 * policy.seconds);
          advance(pauseMs);
          passedMs += pauseMs;
          takeAll(Math.ceil((part * policy.cost) / 400));
        }
        const share = taken / (policy.cost * (1 + passedMs / 1000 / policy.seconds));
        expect(share).toBeGreaterThan(0.99);
        expect(share).toBeLessThan(1.000_001);
      }),
      { numRuns: 20 },
    );
  });
});

describe('the buckets of many clients', () => {
  it('stay within their bound, and those that asked last are remembered', () => {
    const { take, caches } = start();
    for (let client = 0; client < 100_000; client += 1) take(`client ${String(client)}`, 1000);
    const usage = caches.get('rate_buckets')?.usage;
    expect(usage?.bytes).toBeLessThanOrEqual(BOUNDS.rateBuckets.max);
    expect(usage?.evictions).toBeGreaterThan(0);
    expect(take('client 99999', 1).isTaken).toBe(false);
    expect(take('client 0', 1).isTaken).toBe(true);
  });
});
