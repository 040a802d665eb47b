import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BOUNDS, type Bound } from '../src/bounds.ts';
import { OTHER_CACHES } from '../src/cache-sizes.ts';
import { INTEGERS } from '../src/variables.ts';
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

const mib = (bytes: number) => Math.round(bytes / 1024 / 1024);

describe('the table of caches', () => {
  it('is what they may take, with its sum', () => {
    const jobs = mib(INTEGERS.CACHE_MAX_JOBS.default * BOUNDS.cachedJob.max);
    const responses = INTEGERS.ANSWERS_MAX_MB.default;
    const others = mib(OTHER_CACHES.reduce((sum, name) => sum + BOUNDS[name].max, 0));
    const names = OTHER_CACHES.map((name) => `\`${name}\``).join(', ');
    expect(rowsOf(DOCUMENT, 'cache')).toEqual([
      ['jobs', `${String(jobs)} MiB: ${String(BOUNDS.cachedJob.max)} bytes for each of \`CACHE_MAX_JOBS\``],
      ['responses', `${String(responses)} MiB: \`ANSWERS_MAX_MB\``],
      ['all others', `${String(others)} MiB: ${names}`],
    ]);
    expect(DOCUMENT).toContain(`all caches take ${String(jobs + responses + others)} MiB`);
  });
});
