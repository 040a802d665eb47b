import type { OverviewJob } from '../../../../../web/board/overview/outcome.ts';

/** A job that succeeded after a minute, or what `members` say. */
export function jobOf(members: Partial<OverviewJob> = {}): OverviewJob {
  const { status = 'SUCCESS' } = members;
  return {
    id: 'job',
    status,
    isFinished: status === 'SUCCESS' || status === 'FAIL',
    code: null,
    message: null,
    createTime: '2026-01-01T00:00:00Z',
    submitTime: '2026-01-01T00:00:00Z',
    finishTime: '2026-01-01T00:01:00Z',
    ...members,
  };
}

/** A job that took so many seconds. */
export function jobThatTook(seconds: number, members: Partial<OverviewJob> = {}): OverviewJob {
  const finishTime = new Date(Date.parse('2026-01-01T00:00:00Z') + 1000 * seconds).toISOString();
  return jobOf({ finishTime, ...members });
}
