/** One number of a section's result. */
export interface Figure {
  readonly name: string;
  /** The number itself, or the median of several. */
  readonly value: number;
  /** Such as `ms`; empty for a count. */
  readonly unit: string;
  /** The least and the most of several rounds. */
  readonly spread?: readonly [least: number, most: number];
}

/** Something the gateway promises, and whether this run kept it. */
export interface Check {
  readonly promise: string;
  readonly isKept: boolean;
}

/** What one section found. */
export interface SectionResult {
  /** What was done, in a sentence. */
  readonly summary: string;
  readonly figures: readonly Figure[];
  readonly checks: readonly Check[];
}

/** The middle of the values; of an even number of them, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}

/** The smallest value that `percent` of all values do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? NaN;
}

/** The figure of several rounds: their median and their spread. */
export function figureOf(name: string, values: readonly number[], unit: string): Figure {
  return { name, value: median(values), unit, spread: [Math.min(...values), Math.max(...values)] };
}

/** The result as text, a line for each figure and each check. */
export function describe(name: string, { summary, figures, checks }: SectionResult): string {
  const width = Math.max(...figures.map((figure) => figure.name.length));
  const lines = figures.map(({ name, value, unit, spread }) => {
    const range = spread && `   (${spread.map(rounded).join(' to ')})`;
    return `  ${name.padEnd(width)}  ${rounded(value).padStart(9)} ${unit}${range ?? ''}`.trimEnd();
  });
  const verdicts = checks.map(({ promise, isKept }) => `  ${isKept ? 'kept  ' : 'BROKEN'}  ${promise}`);
  return [`${name}: ${summary}`, ...lines, ...verdicts, ''].join('\n');
}

/** Three significant digits, or all before the point. */
function rounded(value: number): string {
  return Math.abs(value) >= 100
    ? Math.round(value).toLocaleString('en')
    : String(Number(value.toPrecision(3)));
}
