import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BOUNDS, type Bound } from '../src/bounds.ts';
import { ROOT } from './support/command.ts';
import { rowsOf } from './support/markdown.ts';

const DOCUMENT = readFileSync(join(ROOT, 'docs/bounds.md'), 'utf8');

describe('the table of bounds', () => {
  it('is the code, row by row', () => {
    const rows = Object.entries<Bound>(BOUNDS).map(([name, { max, unit, per, what, reason }]) => [
      `\`${name}\``,
      `${String(max)} ${unit}`,
      per,
      what,
      reason,
    ]);
    expect(rowsOf(DOCUMENT, 'bound')).toEqual(rows);
  });
});
