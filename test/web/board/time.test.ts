import { afterEach, describe, expect, it } from 'vitest';
import { ago, duration, timeZone, utc } from '../../../web/board/time.ts';

const zone = process.env['TZ'];

afterEach(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

describe('times', () => {
  it.for(['UTC', 'Asia/Tokyo', 'America/St_Johns'])('are in UTC on hover, for a user in %s', (name) => {
    process.env['TZ'] = name;
    expect(utc('2026-01-02T14:04:05Z')).toBe('2026-01-02 14:04:05 UTC');
    expect(utc('2026-01-02T23:04:05.678-01:30')).toBe('2026-01-03 00:34:05 UTC');
  });

  it.for([
    ['UTC', 'UTC'],
    ['Asia/Shanghai', 'Asia/Shanghai (GMT+8)'],
    ['Asia/Tehran', 'Asia/Tehran (GMT+3:30)'],
  ])('are in the zone of a user in %s, which is named with its offset', ([name, text]) => {
    process.env['TZ'] = name;
    expect(timeZone()).toBe(text);
  });
});

describe('durations', () => {
  it.for([
    [-1, '0 s'],
    [10_000, '10 s'],
    [65_999, '1 min 05 s'],
    [18_000_000, '5 h 00 min'],
    [172_799_999, '47 h 59 min'],
    [176_400_000, '2 d 1 h'],
  ] as const)('of %d ms are two units at most', ([ms, text]) => {
    expect(duration(ms)).toBe(text);
  });

  it('since a time have one unit, and are none for a clock that goes ahead', () => {
    expect(ago(0, 3 * 60_000 + 59_000)).toBe('3 min ago');
    expect(ago(1_000, 0)).toBe('0 s ago');
  });
});
