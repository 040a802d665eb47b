import { expect, it } from 'vitest';
import { hunt } from './support/hunt.ts';

/** `LEAK_STEPS=100000` takes about ten minutes. */
const STEPS = Number(process.env['LEAK_STEPS'] ?? 10_000);

it(
  `no bearer sees what it may not see, in ${String(STEPS)} steps`,
  { timeout: 60_000 + 100 * STEPS },
  async () => {
    expect(await hunt(STEPS)).toBe(STEPS);
  },
);
