import { bisectRight, quantileSorted } from 'd3-array';
import { countOutcomes, type Counts, type OverviewJob } from './outcome.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Where classes of durations begin, in milliseconds. */
const STARTS = [
  [0, '0 s'],
  [10 * SECOND, '10 s'],
  [30 * SECOND, '30 s'],
  [MINUTE, '1 min'],
  [2 * MINUTE, '2 min'],
  [5 * MINUTE, '5 min'],
  [10 * MINUTE, '10 min'],
  [30 * MINUTE, '30 min'],
  [HOUR, '1 h'],
  [2 * HOUR, '2 h'],
  [5 * HOUR, '5 h'],
  [12 * HOUR, '12 h'],
  [24 * HOUR, '24 h'],
] as const;

/** A class of durations, and the jobs that took so long. */
export interface DurationClass {
  /** The start, such as `2 min`. */
  readonly from: string;
  /** The start of the next class. `undefined`: it has no end. */
  readonly to: string | undefined;
  readonly counts: Counts;
}

export interface Durations {
  /** From the first to the last class that has a job. */
  readonly classes: readonly DurationClass[];
  /** How many jobs have ended, and ICE says how long they took. */
  readonly known: number;
  /** What half, nine of ten, and 99 of 100 of those that succeeded took at most, in milliseconds. `undefined`: none has. */
  readonly quantiles: readonly [number, number, number] | undefined;
}

/** How long jobs took from their submission to their end. */
export function measureDurations(jobs: readonly OverviewJob[]): Durations {
  const ended = jobs.flatMap((job) => {
    const took = tookOf(job);
    return took === undefined ? [] : [{ job, took }];
  });
  const starts = STARTS.map(([start]) => start);
  const members = starts.map((): OverviewJob[] => []);
  for (const { job, took } of ended) members[bisectRight(starts, took) - 1]?.push(job);
  const first = members.findIndex(({ length }) => length > 0);
  const last = members.findLastIndex(({ length }) => length > 0);
  const classes = STARTS.map(([, from], index) => ({
    from,
    to: STARTS[index + 1]?.[1],
    counts: countOutcomes(members[index] ?? []),
  }));
  return {
    classes: first === -1 ? [] : classes.slice(first, last + 1),
    known: ended.length,
    quantiles: quantilesOf(ended.flatMap(({ job, took }) => (job.status === 'SUCCESS' ? [took] : []))),
  };
}

function quantilesOf(values: readonly number[]): Durations['quantiles'] {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => quantileSorted(sorted, share) ?? 0;
  return sorted.length === 0 ? undefined : [at(0.5), at(0.9), at(0.99)];
}

/** In milliseconds. `undefined`: it has not ended, or ICE does not send its times. */
function tookOf({ isFinished, submitTime, finishTime }: OverviewJob): number | undefined {
  const took = Date.parse(finishTime ?? '') - Date.parse(submitTime ?? '');
  return !isFinished || Number.isNaN(took) ? undefined : Math.max(0, took);
}
