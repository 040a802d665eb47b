import { bisectRight } from 'd3-array';
import { timeDay, timeHour, timeMinute, timeMonday, timeMonth, timeYear, type TimeInterval } from 'd3-time';
import { countOutcomes, type Counts, type OverviewJob } from './outcome.ts';

/** A stretch of time and the jobs that were created in it. */
export interface Bucket {
  readonly from: Date;
  /** The start of the next one. */
  readonly to: Date;
  readonly counts: Counts;
}

/** A row of buckets, and what they are called, such as `by hour`. */
export interface Buckets {
  readonly name: string;
  /** Whether buckets are days or longer. */
  readonly areDays: boolean;
  readonly buckets: readonly Bucket[];
}

interface Step {
  readonly name: string;
  readonly areDays: boolean;
  /** About how long it is, in milliseconds. Where clocks are changed, some are an hour longer or shorter. */
  readonly length: number;
  readonly interval: TimeInterval;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const STEPS: readonly Step[] = [
  { name: 'by 5 minutes', areDays: false, length: 5 * MINUTE, interval: every(timeMinute, 5) },
  { name: 'by hour', areDays: false, length: HOUR, interval: timeHour },
  { name: 'by 6 hours', areDays: false, length: 6 * HOUR, interval: every(timeHour, 6) },
  { name: 'by day', areDays: true, length: DAY, interval: timeDay },
  { name: 'by week', areDays: true, length: 7 * DAY, interval: timeMonday },
  { name: 'by month', areDays: true, length: 30 * DAY, interval: timeMonth },
];
const LONGEST: Step = { name: 'by year', areDays: true, length: 365 * DAY, interval: timeYear };

/**
 * Counts jobs by when they were created, from one time to another, in the shortest buckets of which there are at most about `max`.
 * Buckets begin at whole hours and days of the local time zone. Where clocks are put back, an hour that comes twice is two buckets.
 */
export function bucketJobs(jobs: readonly OverviewJob[], from: Date, to: Date, max: number): Buckets {
  const span = to.getTime() - from.getTime();
  const { name, areDays, interval } = STEPS.find(({ length }) => span / length < max) ?? LONGEST;
  // `range` leaves out its end, which can be the start of a bucket.
  const starts = interval.range(interval.floor(from), new Date(to.getTime() + 1));
  const members = starts.map((): OverviewJob[] => []);
  for (const job of jobs) {
    const time = createdAt(job);
    if (time !== undefined && time <= to.getTime())
      members[bisectRight(starts, new Date(time)) - 1]?.push(job);
  }
  const buckets = starts.map((start, index) => ({
    from: start,
    to: starts[index + 1] ?? interval.offset(start, 1),
    counts: countOutcomes(members[index] ?? []),
  }));
  return { name, areDays, buckets };
}

/** When a job was created, in milliseconds since the epoch. `undefined`: ICE does not say. */
export function createdAt(job: OverviewJob | undefined): number | undefined {
  const time = Date.parse(job?.createTime ?? job?.submitTime ?? '');
  return Number.isNaN(time) ? undefined : time;
}

function every(interval: typeof timeHour, count: number): TimeInterval {
  const steps = interval.every(count);
  if (steps === null) throw new RangeError(`${count} is no number of steps`);
  return steps;
}
