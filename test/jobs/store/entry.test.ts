import { describe, expect, it } from 'vitest';
import {
  canServeStale,
  isFresh,
  SETTLING_MS,
  supersedes,
  withOutputUrl,
  type Freshness,
  type JobEntry,
} from '../../../src/jobs/store/entry.ts';
import type { PackageJob } from '../../../src/jobs/model.ts';
import { jobWith } from '../../support/job.ts';

const FRESHNESS: Freshness = {
  unfinishedMs: 1000,
  finishedMs: 86_400_000,
  missingMs: 500,
  staleIfErrorMs: 60_000,
};

const known = (members: Partial<PackageJob> | null, observedAt = 0): JobEntry => ({
  job: members && jobWith(members),
  observedAt,
  validatedAt: observedAt,
  lastGetAt: observedAt,
});
const init = (observedAt: number, modifiedTime: string | null = null) =>
  known({ status: 'INIT', modifiedTime }, observedAt);
const success = (observedAt: number, modifiedTime: string | null = null) =>
  known({ status: 'SUCCESS', modifiedTime }, observedAt);

describe('a job that ICE accepted', () => {
  const accepted = { ...init(0), acceptedAt: 0 };

  it.for([
    ['is not replaced by its absence within a minute', known(null, SETTLING_MS - 1), accepted, false],
    ['is replaced by its absence after that', known(null, SETTLING_MS), accepted, true],
    ['replaces its absence', accepted, known(null, 5), true],
    ['is replaced by any state read', init(0), accepted, true],
    [
      'is not replaced by its absence once it was read',
      known(null, SETTLING_MS - 1),
      { ...init(9), acceptedAt: 0 },
      false,
    ],
  ] as const)('%s', ([, next, before, expected]) => {
    expect(supersedes(next, before)).toBe(expected);
  });
});

describe('isFresh', () => {
  it.for([
    ['an unfinished job', known({ status: 'INIT' }), 1000],
    ['a job of unknown status', known({ status: 'UNKNOWN' }), 1000],
    ['a finished job', known({ status: 'FAIL' }), 86_400_000],
    ['a missing job', known(null), 500],
  ] as const)('holds for %s until its age is its limit', ([, state, limit]) => {
    expect([isFresh(state, FRESHNESS, limit - 1), isFresh(state, FRESHNESS, limit)]).toEqual([true, false]);
  });
});

describe('a clock that was set back', () => {
  it('makes no state fresh, nor one that can stand in while it is unfinished', () => {
    expect(isFresh(known({ status: 'INIT' }, 1), FRESHNESS, 0)).toBe(false);
    expect(canServeStale(known({ status: 'INIT' }, 1), FRESHNESS, 0)).toBe(false);
  });
});

describe('canServeStale', () => {
  it('holds for an unfinished job up to its limit, a finished one always, a missing one never', () => {
    expect([60_000, 60_001].map((now) => canServeStale(known({ status: 'INIT' }), FRESHNESS, now))).toEqual([
      true,
      false,
    ]);
    expect(canServeStale(known({ status: 'SUCCESS' }), FRESHNESS, Number.MAX_SAFE_INTEGER)).toBe(true);
    expect(canServeStale(known(null), FRESHNESS, 0)).toBe(false);
  });
});

describe('supersedes', () => {
  const [early, late] = ['2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z'];

  it.for([
    ['a later observation', init(1), init(2), true],
    ['an equal observation', init(1), init(1), true],
    ['an earlier observation', init(2), init(1), false],
    ['an unfinished state, however late, of a finished job', success(1, early), init(9, late), false],
    ['a finished state, however early, of an unfinished job', init(9, late), success(1, early), true],
    ['an earlier modification, observed later', init(1, late), init(9, early), false],
    ['a later modification, observed earlier', init(9, early), init(1, late), true],
    ['a later modification of a finished job', success(9, early), success(1, late), true],
    ['no modification time: the observation', init(9, early), init(1, null), false],
    ['the absence of a job, observed later', success(1), known(null, 2), true],
    ['the absence of a job, observed earlier', success(2), known(null, 1), false],
    ['the appearance of a job', known(null, 1), init(2), true],
  ] as const)('decides on %s', ([, before, after, expected]) => {
    expect(supersedes(after, before)).toBe(expected);
  });
});

describe('withOutputUrl', () => {
  const whole = jobWith({ status: 'SUCCESS', modifiedTime: '2026-01-01T00:00:00Z', outputUrl: 'http://a/' });

  it('takes outputUrl over from the same state, of which a finished job has only one', () => {
    expect(withOutputUrl({ ...whole, outputUrl: undefined }, whole).outputUrl).toBe('http://a/');
    expect(withOutputUrl({ ...whole, modifiedTime: null, outputUrl: undefined }, whole).outputUrl).toBe(
      'http://a/',
    );
  });

  it('does not take it over from another state, and never replaces one', () => {
    expect(
      withOutputUrl({ ...whole, status: 'FAIL', outputUrl: undefined }, whole).outputUrl,
    ).toBeUndefined();
    const unfinished = jobWith({ modifiedTime: '2026-01-01T00:00:00Z', outputUrl: 'http://a/' });
    expect(
      withOutputUrl({ ...unfinished, modifiedTime: null, outputUrl: undefined }, unfinished).outputUrl,
    ).toBeUndefined();
    expect(withOutputUrl({ ...whole, outputUrl: null }, whole).outputUrl).toBeNull();
    expect(withOutputUrl({ ...whole, outputUrl: undefined }, null).outputUrl).toBeUndefined();
  });
});
