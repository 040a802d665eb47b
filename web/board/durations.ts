import type { JobSummaryFragment } from './gql/graphql.ts';

type Times = Pick<JobSummaryFragment, 'id' | 'submitTime' | 'finishTime' | 'isFinished'>;

/** How long finished jobs took, in milliseconds, the shortest first. One of them is left out. */
export function durationsOf(jobs: readonly Times[], exceptId: string): readonly number[] {
  const durations = jobs.flatMap((job) => (job.id === exceptId ? [] : (durationOf(job) ?? [])));
  return durations.toSorted((a, b) => a - b);
}

/** How long a job took, in milliseconds. `undefined` until it has finished, and when ICE does not send its times. */
export function durationOf({ submitTime, finishTime, isFinished }: Times): number | undefined {
  if (!isFinished || !submitTime || !finishTime) return undefined;
  return Date.parse(finishTime) - Date.parse(submitTime);
}

/** How many of the sorted durations are shorter. */
export function shorterThan(sorted: readonly number[], ms: number): number {
  const index = sorted.findIndex((duration) => duration >= ms);
  return index === -1 ? sorted.length : index;
}

/** At most so many of the sorted durations, as evenly as can be, the first and the last among them. */
export function sample(sorted: readonly number[], most: number): readonly number[] {
  if (sorted.length <= most) return sorted;
  const step = (sorted.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, index) => sorted[Math.round(index * step)] ?? 0);
}

/** Where a duration is between two others on a logarithmic scale, 0 to 1: jobs take seconds or hours. */
export function placeBetween(ms: number, shortest: number, longest: number): number {
  const length = logOf(longest) - logOf(shortest);
  return length === 0 ? 0.5 : Math.min(1, Math.max(0, (logOf(ms) - logOf(shortest)) / length));
}

/** ICE's times have whole seconds. */
function logOf(ms: number): number {
  return Math.log(Math.max(1000, ms));
}
