import type { JobTimesFragment } from '../gql/graphql.ts';

/** What the overview needs to know of a job. */
export type OverviewJob = Omit<JobTimesFragment, '__typename'>;

/** What has become of a job. `OPEN`: it has not ended, or ICE says something else. */
export const OUTCOMES = ['SUCCESS', 'FAIL', 'OPEN'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** How many jobs of each outcome there are. */
export type Counts = Readonly<Record<Outcome, number>>;

export const NO_COUNTS: Counts = { SUCCESS: 0, FAIL: 0, OPEN: 0 };

export function outcomeOf({ status }: Pick<OverviewJob, 'status'>): Outcome {
  return status === 'SUCCESS' || status === 'FAIL' ? status : 'OPEN';
}

export function countOutcomes(jobs: readonly Pick<OverviewJob, 'status'>[]): Counts {
  const counts = { ...NO_COUNTS };
  for (const job of jobs) counts[outcomeOf(job)] += 1;
  return counts;
}

export function totalOf(counts: Counts): number {
  return OUTCOMES.reduce((total, outcome) => total + counts[outcome], 0);
}
