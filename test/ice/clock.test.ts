import { describe, expect, it } from 'vitest';
import { createServerClock } from '../../src/ice/clock.ts';

const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 1);

/** A clock of a server, seen by a machine whose own clock is off by so much. Time passes as the test says. */
function clockOff(byMs: number) {
  const time = { at: START, offMs: byMs };
  const corrections: number[] = [];
  const machine = () => time.at + time.offMs;
  const clock = createServerClock(machine, (differenceMs) => corrections.push(differenceMs));
  return {
    time,
    clock,
    corrections,
    machine,
    date: () => new Date(time.at).toUTCString(),
    /** The error of the clock now, in milliseconds. */
    error: () => Math.abs(clock.now() - time.at),
  };
}

describe('the clock of ICE', () => {
  it.for([20 * MINUTE, -20 * MINUTE, 5 * 60 * MINUTE, -48 * 60 * MINUTE])(
    'is corrected once after a refusal, when the machine is %i ms off',
    (offMs) => {
      const { clock, corrections, date, machine, error } = clockOff(offMs);
      expect(clock.observe(date(), machine(), true)).toBe(true);
      expect(error()).toBeLessThan(1000);
      for (let answer = 0; answer < 10; answer += 1) {
        expect(clock.observe(date(), machine(), false)).toBe(false);
      }
      expect(corrections).toHaveLength(1);
    },
  );

  it('is corrected by a success that tells more than a minute', () => {
    const { clock, date, machine, error } = clockOff(2 * MINUTE);
    expect(clock.observe(date(), machine(), false)).toBe(true);
    expect(error()).toBeLessThan(1000);
  });

  it.for([0, 30_000, -55_000])('stays when the machine is just %i ms off', (offMs) => {
    const { clock, corrections, date, machine } = clockOff(offMs);
    expect(clock.observe(date(), machine(), true)).toBe(false);
    expect(corrections).toEqual([]);
  });

  it('is not led by a date that ICE would have refused', () => {
    const { clock, corrections, machine } = clockOff(0);
    expect(clock.observe('Mon, 01 Jan 2024 00:00:00 GMT', machine(), false)).toBe(false);
    expect(corrections).toEqual([]);
  });

  it.for([undefined, '', 'yesterday'])('ignores the date %j', (date) => {
    const { clock, machine } = clockOff(0);
    expect(clock.observe(date, machine(), true)).toBe(false);
  });

  it('is not fought over by answers of parallel calls, slow ones among them', () => {
    const { clock, corrections, date, machine, time, error } = clockOff(-90 * MINUTE);
    const sent = Array.from({ length: 20 }, () => machine());
    for (const [index, sentAt] of sent.entries()) {
      time.at += 700;
      const written = date();
      time.at += 100 * index;
      clock.observe(written, sentAt, true);
    }
    expect(corrections).toHaveLength(1);
    expect(error()).toBeLessThan(5000);
  });

  it('is right again when the machine’s clock is set while calls are under way', () => {
    const { clock, corrections, date, machine, time, error } = clockOff(-90 * MINUTE);
    clock.observe(date(), machine(), true);
    const before = machine();
    time.offMs = 0;
    // This one began before: it tells nothing for certain.
    clock.observe(date(), before, false);
    clock.observe(date(), machine(), true);
    expect(error()).toBeLessThan(1000);
    expect(corrections.at(-1)).toBe(0);
    expect(corrections).toHaveLength(2);
  });
});
