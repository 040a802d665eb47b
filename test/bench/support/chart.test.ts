import { XMLValidator } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import { chartOf } from './chart.ts';
import type { SectionResult } from './result.ts';

const NAMES = [
  ['raw node:http', 40_000],
  ['gateway', 30_000],
  ['mercurius + JIT', 10_000],
  ['Yoga + JIT', 2000],
  ['Yoga + JIT + response cache', 4000],
  ['Apollo standalone', 1000],
] as const;
const TITLES = ['repeated, 1 job', 'repeated, 20 jobs', 'never repeated, 1 job', 'never repeated, 20 jobs'];
const RESULT: SectionResult = {
  summary: '',
  figures: TITLES.flatMap((title) =>
    NAMES.map(([name, value]) => ({ name: `${title}: ${name}`, value, unit: 'requests/s' })),
  ),
  checks: [],
};

describe('the chart of the throughput', () => {
  it('is a drawing whose bars are in proportion to the rates', () => {
    const svg = chartOf(RESULT);
    expect(XMLValidator.validate(svg)).toBe(true);
    const bars = [...svg.matchAll(/<rect [^>]*width="(\d+)"/g)].map(([, width]) => Number(width));
    expect(bars).toHaveLength(4 * 5);
    expect((bars[0] ?? 0) / (bars[1] ?? 0)).toBeCloseTo(3, 1);
    expect(svg).toContain('>30,000/s<');
  });

  it('is not drawn without a figure it shows', () => {
    const figures = RESULT.figures.filter(({ name }) => name !== 'repeated, 20 jobs: Yoga + JIT');
    expect(() => chartOf({ ...RESULT, figures })).toThrow(
      'there is no figure "repeated, 20 jobs: Yoga + JIT"',
    );
  });
});
