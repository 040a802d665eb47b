import { describe, expect } from 'vitest';
import { addJobs, callsOfSweep, evenly, expectEndsInTime, type EndCase } from '../../support/economy.ts';
import { it } from '../../support/jobs.ts';

describe('a sweep of 1,000 jobs among 2,000 unfinished ones', () => {
  it('reads each page once where all were created within 8 s', async ({ jobs }) => {
    // The watched ones are the older half, so that the others lie beyond them.
    const ids = addJobs(jobs, evenly(2000, 60_000, 68_000), (index) => index < 1000);
    const [lists, gets] = await callsOfSweep(jobs, ids);
    // Ten pages hold them. The second before them, and the rest of their last one, may be read too.
    expect(lists).toBeLessThanOrEqual(14);
    expect(gets).toBe(1);
  });

  it('reads no more than all pages where every other job is watched', async ({ jobs }) => {
    const ids = addJobs(jobs, evenly(2000, 60_000, 68_000), (index) => index % 2 === 0);
    expect(await callsOfSweep(jobs, ids)).toEqual([20, 1]);
  });

  it('reads no more than all pages where they were created over an hour', async ({ jobs }) => {
    const ids = addJobs(jobs, evenly(2000, 5000, 3_600_000), (index) => index % 2 === 0);
    const [lists, gets] = await callsOfSweep(jobs, ids);
    expect(lists).toBeLessThanOrEqual(20);
    expect(gets).toBeLessThanOrEqual(4);
  });

  it('leaps over what lies between two groups of them', async ({ jobs }) => {
    const ids = addJobs(jobs, evenly(2000, 5000, 3_600_000), (index) => index < 500 || index >= 1500);
    const [lists, gets] = await callsOfSweep(jobs, ids);
    expect(lists).toBeLessThanOrEqual(11);
    expect(gets).toBeLessThanOrEqual(4);
  });
});

describe('a sweep among 50,000 unfinished jobs', () => {
  it('of a few jobs takes no more calls than getting each', async ({ jobs }) => {
    const ids = addJobs(jobs, evenly(50_000, 5000, 3_600_000), (index) => index % 5000 === 0);
    const [lists, gets] = await callsOfSweep(jobs, ids);
    expect(ids.length).toBe(10);
    expect(lists + gets).toBeLessThanOrEqual(10 + 3);
    expect(lists).toBeLessThanOrEqual(3);
  });

  it('of the newest thousand takes the pages that they are on', async ({ jobs }) => {
    const ids = addJobs(jobs, evenly(50_000, 5000, 3_600_000), (index) => index >= 49_000);
    const [lists, gets] = await callsOfSweep(jobs, ids);
    expect(lists).toBeLessThanOrEqual(11);
    expect(gets).toBeLessThanOrEqual(4);
  });

  it('of every fiftieth takes fewer calls than getting each', { timeout: 120_000 }, async ({ jobs }) => {
    const ids = addJobs(jobs, evenly(50_000, 5000, 3_600_000), (index) => index % 50 === 0);
    const [lists, gets] = await callsOfSweep(jobs, ids);
    expect(lists + gets).toBeLessThanOrEqual(700);
  });
});

describe('the end of a watched job of any age', () => {
  it.for<EndCase>([
    [1000, 10, 1],
    // Sweeps of 25 pages are every 2.4 s, and ends are looked for between them.
    [2500, 12.5, 2],
    [10_000, 12.5, 2],
  ])(
    'is told within POLL_MIN_MS where %i are watched, for %f lists and %f gets a second at most',
    { timeout: 120_000 },
    ([...given], { jobs }) => expectEndsInTime(jobs, given, 9),
  );
});
