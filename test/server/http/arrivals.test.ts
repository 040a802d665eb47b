import { describe, expect, it } from 'vitest';
import { createArrivals } from '../../../src/server/http/arrivals.ts';

/** Computes for so long, in milliseconds. */
function compute(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

/** Takes requests, and writes down whose they are in the order in which they are taken. */
function taking() {
  const arrivals = createArrivals();
  const taken: string[] = [];
  const take = (client: string, busyMs = 0) =>
    new Promise<void>((resolve) =>
      arrivals.take(client, () => {
        taken.push(client);
        compute(busyMs);
        resolve();
      }),
    );
  return { taken, take };
}

describe('arrivals', () => {
  it('are taken at once where they are few', () => {
    const { taken, take } = taking();
    for (let index = 0; index < 16; index += 1) void take('a', 1);
    expect(taken).toHaveLength(16);
  });

  it('are taken at once where they take little', () => {
    const { taken, take } = taking();
    for (let index = 0; index < 60; index += 1) void take('a');
    expect(taken.length).toBeGreaterThan(16);
  });

  it('wait for later turns of the event loop once those of a turn have taken a few milliseconds', async () => {
    const { taken, take } = taking();
    const all = Array.from({ length: 200 }, () => take('a', 0.5));
    const atOnce = taken.length;
    expect(atOnce).toBeLessThan(40);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(taken.length).toBeGreaterThan(atOnce);
    expect(taken.length).toBeLessThan(100);
    await Promise.all(all);
    expect(taken).toHaveLength(200);
  });

  it('let a client come first that has none waiting, whatever another has', async () => {
    const { taken, take } = taking();
    const many = Array.from({ length: 500 }, () => take('many', 0.5));
    const before = taken.length;
    await take('one', 0.5);
    expect(taken.length - before).toBeLessThanOrEqual(3);
    await Promise.all(many);
  });

  it('of one client keep their order, those that come later too', async () => {
    const { taken, take } = taking();
    const order: number[] = [];
    const all = Array.from({ length: 60 }, (_, index) => take('a', 0.5).then(() => order.push(index)));
    await new Promise(setImmediate);
    expect(taken.length).toBeLessThan(60);
    all.push(take('a').then(() => order.push(60)));
    await Promise.all(all);
    expect(order).toEqual(Array.from({ length: 61 }, (_, index) => index));
  });
});
