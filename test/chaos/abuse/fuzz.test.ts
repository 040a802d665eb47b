import { expect, it } from 'vitest';
import { problemsOf } from './support/fuzz/problems.ts';
import { fuzz, seedOfRun } from './support/fuzz/run.ts';

it('5,000 generated requests do no harm, valid, nearly valid or garbage', { timeout: 120_000 }, async () => {
  const report = await fuzz({ requests: 5000, seed: seedOfRun(), parts: 2 });
  // `npm run test:abuse` judges delays on a quiet machine. Here a bystander must be served.
  expect(problemsOf(report, 48, 5000)).toEqual([]);
});
