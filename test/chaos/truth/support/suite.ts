import { describe, it } from 'vitest';
import { randomFrom } from './random.ts';
import { run } from './run.ts';
import { settingsFor } from './settings.ts';

/** `TRUTH_SEED` has the same clients do the same again. What they meet depends on time, too. */
const SEED = Number(process.env['TRUTH_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/**
 * Faults that are known and not mended yet. About one comes in some minutes, and all are printed: the last state of a
 * subscription without its address, and a walk by `status: INIT` without a job that was just accepted.
 */
const KNOWN_FAULTS = /^(?:a last event is not whole|a walk of \{[^}]*"filter":\{"status":"INIT"\}\} lost)/;

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
        const known = violations.filter((violation) => KNOWN_FAULTS.test(violation));
        // oxlint-disable-next-line no-console -- known faults have to stay visible
        if (known.length > 0) console.warn(`known faults, seen again:\n${known.join('\n')}`);
        const others = violations.filter((violation) => !known.includes(violation));
        expect(others.slice(0, 10).join('\n\n')).toBe('');
      },
    );
  });
}
