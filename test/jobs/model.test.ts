import { describe, expect, it } from 'vitest';
import { isFinished, parseUserData, pollAfterMs } from '../../src/jobs/model.ts';
import { jobWith } from '../support/job.ts';

const JOB = jobWith({ submitTime: '2026-01-01T00:00:00Z', createTime: '2026-01-01T00:00:00Z' });
const INTERVAL = { minMs: 1000, maxMs: 15_000 };

describe('pollAfterMs', () => {
  it('is a tenth of the job’s age', () => {
    expect(pollAfterMs(JOB, INTERVAL)).toBe(6000);
  });

  it('stays within the interval', () => {
    expect(pollAfterMs({ ...JOB, observedAt: '2026-01-01T00:00:01.000Z' }, INTERVAL)).toBe(1000);
    expect(pollAfterMs({ ...JOB, observedAt: '2026-02-01T00:00:00.000Z' }, INTERVAL)).toBe(15_000);
    // ICE's clock can be ahead of ours.
    expect(pollAfterMs({ ...JOB, observedAt: '2025-12-31T23:59:59.000Z' }, INTERVAL)).toBe(1000);
  });

  it('goes by createTime without a submitTime, and is the shortest without both', () => {
    expect(pollAfterMs({ ...JOB, submitTime: null }, INTERVAL)).toBe(6000);
    expect(pollAfterMs({ ...JOB, submitTime: null, createTime: null }, INTERVAL)).toBe(1000);
  });

  it('is null once the job has finished, and not while its status is unknown', () => {
    expect(pollAfterMs({ ...JOB, status: 'SUCCESS' }, INTERVAL)).toBeNull();
    expect(pollAfterMs({ ...JOB, status: 'FAIL' }, INTERVAL)).toBeNull();
    expect(pollAfterMs({ ...JOB, status: 'UNKNOWN' }, INTERVAL)).toBe(6000);
  });
});

describe('isFinished', () => {
  it('holds for SUCCESS and FAIL alone', () => {
    const finished = (['INIT', 'SUCCESS', 'FAIL', 'UNKNOWN'] as const).filter((status) =>
      isFinished({ status }),
    );
    expect(finished).toEqual(['SUCCESS', 'FAIL']);
  });
});

describe('parseUserData', () => {
  it('parses JSON of any kind, and gives null for the rest', () => {
    const texts = [
      '{"param": "value"}',
      '[1]',
      '7',
      'null',
      '{"a":',
      'text',
      '',
      null,
      '['.repeat(1e5) + ']'.repeat(1e5),
    ];
    expect(texts.map(parseUserData)).toEqual([
      { param: 'value' },
      [1],
      7,
      null,
      null,
      null,
      null,
      null,
      null,
    ]);
  });
});
