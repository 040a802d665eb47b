import { describe as suite, expect, it } from 'vitest';
import { describe, figureOf, median, percentile } from './result.ts';

suite('a figure of several rounds', () => {
  it('is their median, with the least and the most', () => {
    expect(figureOf('rate', [30, 10, 20], '/s')).toEqual({
      name: 'rate',
      value: 20,
      unit: '/s',
      spread: [10, 30],
    });
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it('as a percentile is the smallest value that so many do not exceed', () => {
    const values = Array.from({ length: 200 }, (_, index) => 200 - index);
    expect([1, 50, 99, 100].map((percent) => percentile(values, percent))).toEqual([2, 100, 198, 200]);
  });

  it('is told with its spread, and a promise with whether it was kept', () => {
    const result = {
      summary: 'what was done',
      figures: [
        figureOf('rate', [1234.5, 1000, 2000], 'requests/s'),
        { name: 'share', value: 0.12345, unit: '' },
      ],
      checks: [
        { promise: 'at least 1', isKept: true },
        { promise: 'at least 2', isKept: false },
      ],
    };
    expect(describe('section', result)).toBe(
      [
        'section: what was done',
        '  rate       1,235 requests/s   (1,000 to 2,000)',
        '  share      0.123',
        '  kept    at least 1',
        '  BROKEN  at least 2',
        '',
      ].join('\n'),
    );
  });
});
