import { describe, expect } from 'vitest';
import { addJobs, callsOfSweep, evenly, expectEndsInTime, type EndCase } from '../../support/economy.ts';
import { it } from '../../support/jobs.ts';

describe('a sweep', () => {
  it('reads each page once where all jobs were created within seconds', async ({ jobs }) => {
    const ids = addJobs(jobs, evenly(400, 60_000, 68_000), (index) => index % 2 === 0);
    expect(await callsOfSweep(jobs, ids)).toEqual([4, 1]);
  });

  it('leaps over what lies between two groups of jobs', async ({ jobs }) => {
    const ids = addJobs(jobs, evenly(1000, 5000, 3_600_000), (index) => index < 100 || index >= 900);
    const [lists, gets] = await callsOfSweep(jobs, ids);
    expect(lists).toBeLessThanOrEqual(3);
    expect(gets).toBeLessThanOrEqual(4);
  });

  it('of a few jobs among many unfinished ones takes no more calls than getting each', async ({ jobs }) => {
    const ids = addJobs(jobs, evenly(5000, 5000, 3_600_000), (index) => index % 500 === 0);
    const [lists, gets] = await callsOfSweep(jobs, ids);
    expect(ids.length).toBe(10);
    expect(lists + gets).toBeLessThanOrEqual(10 + 3);
    expect(lists).toBeLessThanOrEqual(3);
  });
});

describe('the end of a watched job of any age', () => {
  it.for<EndCase>([
    [1, 0, 1],
    [100, 1, 1],
    [300, 3, 1],
  ])(
    'is told within POLL_MIN_MS where %i are watched, for %f lists and %f gets a second at most',
    ([...given], { jobs }) => expectEndsInTime(jobs, given),
  );
});
