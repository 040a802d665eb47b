import { expect, it } from 'vitest';
import { hunt } from './support/hunt.ts';

/** `LEAK_STEPS=100000` takes about a quarter of an hour. */
const STEPS = Number(process.env['LEAK_STEPS'] ?? 10_000);

it(
  `no bearer sees what it may not see, in ${String(STEPS)} steps`,
  { timeout: 60_000 + 100 * STEPS },
  async () => {
    const hunted = await hunt(STEPS);
    process.stdout.write(`${JSON.stringify(hunted)}\n`);
    expect(hunted.steps).toBe(STEPS);
  },
);
