import { describe, expect, it } from 'vitest';
import { fractionOf, TICKS } from '../../../web/board/scale.ts';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

/** By how much the line of a duration grows when it takes twice as long. */
const doubled = (ms: number) => fractionOf(2 * ms) - fractionOf(ms);

describe('the scale of the lines in the list', () => {
  it('gives 10 s and 5 h lines that differ, with room at both ends', () => {
    const [short, long] = [fractionOf(10 * SECOND), fractionOf(5 * HOUR)];
    expect(short).toBeGreaterThan(0.05);
    expect(long).toBeGreaterThan(short + 0.5);
    expect(long).toBeLessThan(0.95);
  });

  it('grows by as much for each doubling', () => {
    expect(doubled(HOUR)).toBeCloseTo(doubled(20 * SECOND));
    expect(doubled(HOUR)).toBeGreaterThan(0);
  });

  it('ends where lines begin and end, whatever the duration', () => {
    for (const ms of [-1, 0, 1, SECOND]) expect(fractionOf(ms)).toBe(0);
    for (const ms of [100 * HOUR, Infinity]) expect(fractionOf(ms)).toBe(1);
  });

  it('has marks whose labels are what they stand for', () => {
    const units = { s: SECOND, min: 60 * SECOND, h: HOUR };
    const lengths = TICKS.map(({ label }) => {
      const [count, unit] = label.split(' ');
      return Number(count) * (Object.entries(units).find(([name]) => name === unit)?.[1] ?? NaN);
    });
    expect(TICKS.map(({ ms }) => ms)).toEqual(lengths);
  });
});
