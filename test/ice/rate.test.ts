import { describe, expect, it } from 'vitest';
import { createRate } from '../../src/ice/rate.ts';

/** A rate with a clock that stands still until it is advanced, in milliseconds. */
function setUp(limit: number) {
  let time = 0;
  const rate = createRate(limit, () => time);
  /** Starts what may start now; those beyond `grantedCount` are throttled, the others granted. */
  const burst = (grantedCount: number, retryAfterMs?: number) => {
    const starts: number[] = [];
    while (rate.waitMs() === 0) starts.push(rate.start());
    for (const [index, startedAt] of starts.entries()) {
      if (index < grantedCount) rate.granted();
      else rate.throttled(startedAt, retryAfterMs);
    }
    return starts.length;
  };
  return { rate, burst, now: () => time, advance: (milliseconds: number) => (time += milliseconds) };
}

describe('createRate', () => {
  it('lets as many calls start at once as it may in a second, and the next a little over a second later', () => {
    const { rate, burst, advance } = setUp(5);
    expect(burst(5)).toBe(5);
    expect(rate.waitMs()).toBe(1050);
    advance(1050);
    expect(rate.waitMs()).toBe(0);
  });

  it('counts starts in any second, not in each', () => {
    const { rate, advance } = setUp(2);
    rate.start();
    advance(600);
    rate.start();
    expect(rate.waitMs()).toBe(450);
    advance(450);
    rate.start();
    expect(rate.waitMs()).toBe(600);
  });

  it('pauses for as long as ICE asks, and a second when it does not say', () => {
    for (const [asked, pauseMs] of [
      [300, 300],
      [undefined, 1000],
      [3_600_000, 60_000],
    ] as const) {
      const { rate } = setUp(5);
      rate.throttled(rate.start() + 1, asked);
      expect(rate.waitMs()).toBe(pauseMs);
    }
  });

  it('takes the throttled answers of one burst as one event, from which the rate is 0.9 of what was granted', () => {
    const { rate, burst, advance } = setUp(30);
    advance(1);
    expect(burst(20, 500)).toBe(30);
    advance(500);
    expect(rate.callsPerSecond).toBe(18);
  });

  it('halves at most what it lowers from, so that one throttled call in a quiet second costs little', () => {
    const { rate, advance } = setUp(50);
    advance(1);
    rate.throttled(rate.start(), 500);
    advance(500);
    expect(rate.callsPerSecond).toBe(22);
  });

  it('counts calls that are answered during the pause as granted', () => {
    const { rate, advance } = setUp(20);
    advance(1);
    const startedAt = rate.start();
    rate.throttled(startedAt, 500);
    for (let call = 0; call < 18; call += 1) rate.granted();
    advance(500);
    expect(rate.callsPerSecond).toBe(16);
  });

  it('does not lower twice for a call that started before the last throttling, but pauses', () => {
    const { rate, burst, now, advance } = setUp(30);
    advance(1);
    const startedAt = now();
    burst(20, 500);
    advance(500);
    expect(rate.callsPerSecond).toBe(18);
    rate.throttled(startedAt, 200);
    expect(rate.waitMs()).toBe(200);
    advance(200);
    expect(rate.callsPerSecond).toBeCloseTo(18.2);
  });

  it('grows by one a second up to just below what was granted, and stays there for a minute', () => {
    const { rate, burst, advance } = setUp(30);
    advance(1);
    burst(20, 500);
    advance(500);
    advance(1000);
    expect(rate.callsPerSecond).toBe(19);
    advance(1000);
    expect(rate.callsPerSecond).toBe(19);
    advance(58_000);
    expect(rate.callsPerSecond).toBe(19);
  });

  it('grows on after a quiet minute, to the limit and no further', () => {
    const { rate, burst, advance } = setUp(30);
    advance(1);
    burst(20, 500);
    advance(500 + 60_000);
    advance(5000);
    expect(rate.callsPerSecond).toBe(24);
    advance(60_000);
    expect(rate.callsPerSecond).toBe(30);
  });

  it('stays below a rate that was refused in full use', () => {
    const { rate, burst, advance } = setUp(20);
    advance(1);
    expect(burst(19, 500)).toBe(20);
    advance(500 + 30_000);
    expect(rate.callsPerSecond).toBe(0.95 * 19);
  });

  it('never goes below one call a second', () => {
    const { rate, advance } = setUp(2);
    for (let event = 0; event < 5; event += 1) {
      advance(2000);
      rate.throttled(rate.start(), 10);
      advance(10);
    }
    expect(rate.callsPerSecond).toBe(1);
    advance(1050);
    expect(rate.waitMs()).toBe(0);
  });

  it('finds the limit of an ICE that counts in whole seconds, and then is hardly ever throttled', () => {
    const { rate, advance, now } = setUp(100);
    const granted = new Map<number, number>();
    const throttled: number[] = [];
    for (; now() < 120_000; advance(10)) {
      while (rate.waitMs() === 0) {
        const second = Math.floor(now() / 1000);
        const calls = granted.get(second) ?? 0;
        const startedAt = rate.start();
        if (calls < 20) {
          granted.set(second, calls + 1);
          rate.granted();
        } else {
          throttled.push(now());
          rate.throttled(startedAt, (second + 1) * 1000 - now());
        }
      }
    }
    const inLastMinute = [...granted]
      .filter(([second]) => second >= 60)
      .reduce((sum, [, calls]) => sum + calls, 0);
    expect(inLastMinute).toBeGreaterThan(0.8 * 20 * 60);
    expect(throttled.filter((at) => at > 20_000).length).toBeLessThan(5);
  });
});
