import { describe, expect, it } from 'vitest';
import { measureDurations } from '../../../../web/board/overview/durations.ts';
import { jobOf, jobThatTook } from './support/jobs.ts';

describe('durations', () => {
  it('are classes from the first to the last that has a job, each with its start', () => {
    const jobs = [jobThatTook(9.999), jobThatTook(10), jobThatTook(61, { status: 'FAIL' }), jobThatTook(119)];
    const { classes, known } = measureDurations(jobs);
    expect(known).toBe(4);
    expect(classes).toEqual([
      { from: '0 s', to: '10 s', counts: { SUCCESS: 1, FAIL: 0, OPEN: 0 } },
      { from: '10 s', to: '30 s', counts: { SUCCESS: 1, FAIL: 0, OPEN: 0 } },
      { from: '30 s', to: '1 min', counts: { SUCCESS: 0, FAIL: 0, OPEN: 0 } },
      { from: '1 min', to: '2 min', counts: { SUCCESS: 1, FAIL: 1, OPEN: 0 } },
    ]);
  });

  it('have no end in the last class', () => {
    expect(measureDurations([jobThatTook(1e6)]).classes).toEqual([
      { from: '24 h', to: undefined, counts: { SUCCESS: 1, FAIL: 0, OPEN: 0 } },
    ]);
  });

  it('leave out jobs that have not ended, and those without times', () => {
    const jobs = [
      jobOf({ status: 'INIT' }),
      jobOf({ finishTime: null }),
      jobOf({ submitTime: null }),
      jobOf({ status: 'UNKNOWN' }),
    ];
    expect(measureDurations(jobs)).toEqual({ classes: [], known: 0, quantiles: undefined });
  });

  it('take an end before the submission for none at all', () => {
    expect(measureDurations([jobThatTook(-5)]).quantiles).toEqual([0, 0, 0]);
  });

  it('have quantiles of what succeeded alone', () => {
    const failed = Array.from({ length: 50 }, () => jobThatTook(1, { status: 'FAIL' }));
    const succeeded = Array.from({ length: 101 }, (_, index) => jobThatTook(100 - index));
    expect(measureDurations([...failed, ...succeeded]).quantiles).toEqual([50_000, 90_000, 99_000]);
    expect(measureDurations([jobThatTook(7)]).quantiles).toEqual([7000, 7000, 7000]);
    expect(measureDurations(failed).quantiles).toBeUndefined();
  });
});
