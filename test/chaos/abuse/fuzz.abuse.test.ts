import { expect, it } from 'vitest';
import { problemsOf } from './support/fuzz/problems.ts';
import { fuzz, seedOfRun } from './support/fuzz/run.ts';

it(
  '200,000 generated requests do no harm, valid, nearly valid or garbage',
  { timeout: 3_600_000 },
  async () => {
    expect(
      problemsOf(
        await fuzz({ requests: Number(process.env['FUZZ_REQUESTS'] ?? 200_000), seed: seedOfRun() }),
        16,
      ),
    ).toEqual([]);
  },
);
