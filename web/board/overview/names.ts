import type { Bucket } from './buckets.ts';
import type { Outcome } from './outcome.ts';

/** What stands below a column of a chart, in one or two lines. */
export type Label = readonly [string, string?];

/** What outcomes are called. */
export const OUTCOME_NAMES: Readonly<Record<Outcome, string>> = {
  SUCCESS: 'succeeded',
  FAIL: 'failed',
  OPEN: 'not finished',
};

const numbers = new Intl.NumberFormat('en');
const days = new Intl.DateTimeFormat('en', { year: 'numeric', month: 'short', day: 'numeric' });
const times = new Intl.DateTimeFormat('en', {
  month: 'short',
  day: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
  timeZoneName: 'short',
});
const clock = new Intl.DateTimeFormat('en', { hour: 'numeric', minute: '2-digit' });
const hour = new Intl.DateTimeFormat('en', { hour: 'numeric' });
const day = new Intl.DateTimeFormat('en', { month: 'short', day: 'numeric' });
const year = new Intl.DateTimeFormat('en', { year: 'numeric' });

/** A text such as `1,234`. */
export function numberOf(count: number): string {
  return numbers.format(count);
}

/** A text such as `1 job` or `1,234 jobs`. */
export function jobsOf(count: number): string {
  return `${numberOf(count)} ${count === 1 ? 'job' : 'jobs'}`;
}

/** A text such as `3:04 PM`. */
export function clockOf(time: Date): string {
  return clock.format(time);
}

/** A text such as `Nov 29, 3:00 PM GMT+1`. */
export function timeOf(time: Date): string {
  return times.format(time);
}

/** A text such as `Nov 29, 3:00 – 4:00 PM GMT+1`, or `Nov 29, 2026` for a day. */
export function nameOf({ from, to }: Bucket, isDay: boolean): string {
  return isDay ? days.formatRange(from, new Date(to.getTime() - 1)) : times.formatRange(from, to);
}

/** What stands below a bucket, in two lines. The second line is left out where the label before has the same. */
export function labelOf({ from }: Bucket, before: Bucket | undefined, isDay: boolean): Label {
  const [upper, lower] = isDay ? [day, year] : [from.getMinutes() === 0 ? hour : clock, day];
  const text = lower.format(from);
  const isSame = before ? lower.format(before.from) === text : isDay && year.format() === text;
  return isSame ? [upper.format(from)] : [upper.format(from), text];
}
