import { describe, expect, it } from 'vitest';
import { createReplicaRate } from '../../src/ice/replica-rate.ts';
import { TestRate } from './support/shared-rate.ts';

/** A rate with a clock that stands still until it is advanced, in milliseconds. */
function setUp() {
  let time = 0;
  const shared = new TestRate();
  const rate = createReplicaRate(shared, () => time);
  const burst = () => {
    let starts = 0;
    while (rate.waitMs() === 0) {
      rate.start();
      starts += 1;
    }
    return starts;
  };
  return { shared, rate, burst, advance: (milliseconds: number) => (time += milliseconds) };
}

describe('createReplicaRate', () => {
  it('starts what is left to the replica while it is shared, and follows what others leave', () => {
    const { shared, rate, burst, advance } = setUp();
    shared.own = 5;
    expect([rate.callsPerSecond, burst(), rate.waitMs()]).toEqual([5, 5, 1050]);
    shared.own = 7;
    expect(burst()).toBe(2);
    advance(1050);
    expect(burst()).toBe(7);
  });

  it('pauses with the others, and tells them when ICE throttles it', () => {
    const { shared, rate, advance } = setUp();
    const startedAt = rate.start();
    advance(30);
    rate.throttled(startedAt, 500);
    rate.throttled(startedAt);
    rate.throttled(startedAt, 3_600_000);
    expect(shared.told).toEqual(['throttled 30 500', 'throttled 30 1000', 'throttled 30 60000']);
    shared.pausedMs = 400;
    expect(rate.waitMs()).toBe(400);
  });

  it('starts nothing for a span when it is left alone, then its part', () => {
    const { shared, rate, burst, advance } = setUp();
    shared.share(false);
    expect(rate.waitMs()).toBe(1050);
    advance(1050);
    expect([burst(), rate.callsPerSecond]).toEqual([10, 10]);
  });

  it('goes on with the pause of the others, and with what ICE was known to grant', () => {
    const { shared, rate, burst, advance } = setUp();
    shared.alone = { limit: 10, known: 4 };
    shared.pausedMs = 5000;
    shared.share(false);
    expect(rate.waitMs()).toBe(5000);
    advance(5000);
    expect(burst()).toBe(4);
    advance(65_000);
    expect(rate.callsPerSecond).toBe(10);
  });

  it('adapts by itself while it is alone', () => {
    const { shared, rate, burst, advance } = setUp();
    shared.share(false);
    advance(1050);
    burst();
    for (let call = 0; call < 5; call += 1) rate.granted();
    rate.throttled(1050, 100);
    advance(100);
    expect([rate.callsPerSecond, shared.told]).toEqual([4, []]);
  });

  it('tells the others of its last starts when it joins them, and forgets none of its own', () => {
    const { shared, rate, burst, advance } = setUp();
    shared.share(false);
    advance(1050);
    burst();
    advance(500);
    shared.share(true);
    expect(shared.told).toEqual(['log 10']);
    shared.own = 10;
    expect(rate.waitMs()).toBe(550);
    shared.share(false);
    advance(2000);
    shared.share(true);
    expect(shared.told).toEqual(['log 10']);
  });
});
