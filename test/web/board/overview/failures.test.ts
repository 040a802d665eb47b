import { describe, expect, it } from 'vitest';
import { countFailures } from '../../../../web/board/overview/failures.ts';
import { jobOf } from './support/jobs.ts';

const failed = (code: string | null, message: string | null = null) =>
  jobOf({ status: 'FAIL', code, message });

describe('failures', () => {
  it('are counted by code, the most frequent first, and by name where they are as many', () => {
    const jobs = [failed('B'), failed('C'), failed('C'), failed('A'), jobOf({ code: 'A' })];
    expect(countFailures(jobs)).toEqual([
      { code: 'C', count: 2, message: undefined },
      { code: 'A', count: 1, message: undefined },
      { code: 'B', count: 1, message: undefined },
    ]);
  });

  it('without a code are one kind, and the first message of a kind stands for it', () => {
    const jobs = [failed(null), failed(' ', 'Gone.'), failed(null, 'Lost.')];
    expect(countFailures(jobs)).toEqual([{ code: undefined, count: 3, message: 'Gone.' }]);
  });
});
