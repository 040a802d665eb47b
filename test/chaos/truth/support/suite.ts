import { describe, it } from 'vitest';
import { randomFrom } from './random.ts';
import { run } from './run.ts';
import { settingsFor } from './settings.ts';

/** `TRUTH_SEED` has the same clients do the same again. What they meet depends on time, too. */
const SEED = Number(process.env['TRUTH_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** Checks what clients are told by gateways with different settings, each for so long. */
export function describeTruth(seconds: number): void {
  describe(`whoever asks, however he asks (TRUTH_SEED=${String(SEED)})`, () => {
    // They wait more than they compute.
    it.concurrent.for(settingsFor(randomFrom(SEED)).map((settings) => [settings.name, settings] as const))(
      'is told the same, and no older than promised: %s',
      { timeout: seconds * 1000 + 40_000 },
      async ([, settings], { expect }) => {
        const { violations, showings } = await run(settings, SEED, seconds * 1000);
        expect(showings).toBeGreaterThan(2 * seconds);
        expect(violations.slice(0, 10).join('\n\n')).toBe('');
      },
    );
  });
}
