import { expect, it } from 'vitest';
import { hunt } from './support/hunt.ts';

/** `LEAK_STEPS=100000` takes some twenty minutes. `LEAK_SEED` takes the steps of an earlier hunt again. */
const STEPS = Number(process.env['LEAK_STEPS'] ?? 10_000);
const SEED = process.env['LEAK_SEED'] === undefined ? undefined : Number(process.env['LEAK_SEED']);

it(
  `no bearer sees what it may not see, in ${String(STEPS)} steps`,
  { timeout: 60_000 + 100 * STEPS },
  async () => {
    const hunted = await hunt(STEPS, SEED);
    process.stdout.write(`${JSON.stringify(hunted)}\n`);
    expect(hunted.steps).toBe(STEPS);
  },
);
