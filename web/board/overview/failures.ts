import { group } from 'd3-array';
import type { OverviewJob } from './outcome.ts';

/** The jobs that failed for one reason. */
export interface Failure {
  /** ICE's code. `undefined`: it sent none. */
  readonly code: string | undefined;
  readonly count: number;
  /** What ICE says of the first of them. */
  readonly message: string | undefined;
}

/** The codes that jobs failed with, the most frequent first. */
export function countFailures(jobs: readonly OverviewJob[]): Failure[] {
  const failed = jobs.filter(({ status }) => status === 'FAIL');
  const byCode = group(failed, ({ code }) => code?.trim() || undefined);
  const failures = [...byCode].map(([code, members]) => ({
    code,
    count: members.length,
    message: members.find(({ message }) => message)?.message ?? undefined,
  }));
  return failures.toSorted((a, b) => b.count - a.count || (a.code ?? '').localeCompare(b.code ?? ''));
}
