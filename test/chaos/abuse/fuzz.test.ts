import { expect, it } from 'vitest';
import { problemsOf } from './support/fuzz/problems.ts';
import { fuzz, seedOfRun } from './support/fuzz/run.ts';

it('5,000 generated requests do no harm, valid, nearly valid or garbage', { timeout: 120_000 }, async () => {
  expect(problemsOf(await fuzz({ requests: 5000, seed: seedOfRun() }), 48)).toEqual([]);
});
