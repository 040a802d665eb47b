import { afterEach, describe, expect, it } from 'vitest';
import { bucketJobs } from '../../../../web/board/overview/buckets.ts';
import { totalOf } from '../../../../web/board/overview/outcome.ts';
import { jobOf } from './support/jobs.ts';

const HOUR = 3_600_000;
const zone = process.env['TZ'];

afterEach(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

/** A job a quarter past each hour in UTC. */
function hourly(from: Date, to: Date) {
  const count = Math.floor((to.getTime() - from.getTime()) / HOUR);
  return Array.from({ length: count }, (_, index) =>
    jobOf({ createTime: new Date(from.getTime() + index * HOUR + HOUR / 4).toISOString() }),
  );
}

/** The hours of buckets by local clocks, and how many jobs each has. */
function bucketsIn(timeZone: string, from: string, to: string, max = 60) {
  process.env['TZ'] = timeZone;
  const range = [new Date(from), new Date(to)] as const;
  const { name, buckets } = bucketJobs(hourly(...range), ...range, max);
  return {
    name,
    hours: buckets.map((bucket) => bucket.from.getHours()),
    counts: buckets.map(({ counts }) => totalOf(counts)),
    isContiguous: buckets.every(({ to }, index) => +to === +(buckets[index + 1]?.from ?? to)),
  };
}

describe('buckets', () => {
  it('are by hour, without the hour that clocks skip', () => {
    // 02:00 becomes 03:00.
    expect(bucketsIn('Europe/Berlin', '2026-03-28T23:00:00Z', '2026-03-29T03:59:59Z', 10)).toEqual({
      name: 'by hour',
      hours: [0, 1, 3, 4, 5],
      counts: [1, 1, 1, 1, 0],
      isContiguous: true,
    });
  });

  it('are by hour, with the hour that comes twice as two', () => {
    // 03:00 becomes 02:00.
    expect(bucketsIn('Europe/Berlin', '2026-10-24T22:00:00Z', '2026-10-25T03:00:00Z', 10)).toEqual({
      name: 'by hour',
      hours: [0, 1, 2, 2, 3, 4],
      counts: [1, 1, 1, 1, 1, 0],
      isContiguous: true,
    });
  });

  it('begin at whole hours of zones that are half an hour off', () => {
    process.env['TZ'] = 'Asia/Kolkata';
    const from = new Date('2026-06-01T00:00:00Z');
    const { buckets } = bucketJobs([], from, new Date(from.getTime() + 2 * HOUR), 10);
    expect(buckets.map((bucket) => bucket.from.toISOString())).toEqual([
      '2026-05-31T23:30:00.000Z',
      '2026-06-01T00:30:00.000Z',
      '2026-06-01T01:30:00.000Z',
    ]);
  });

  it.for([
    [1, 'by 5 minutes', 13],
    [24, 'by hour', 25],
    [7 * 24, 'by 6 hours', 29],
    [30 * 24, 'by day', 31],
    [365 * 24, 'by week', 53],
    [4 * 365 * 24, 'by month', 49],
    [20 * 365 * 24, 'by year', 21],
  ] as const)('of %i hours are %s', ([hours, name, count]) => {
    process.env['TZ'] = 'UTC';
    const to = new Date('2026-01-01T00:00:00Z');
    const { name: chosen, buckets } = bucketJobs([], new Date(to.getTime() - hours * HOUR), to, 60);
    expect([chosen, buckets.length]).toEqual([name, count]);
  });

  it('are days that begin at midnight, whatever their length', () => {
    const { name, hours, counts } = bucketsIn(
      'Europe/Berlin',
      '2026-10-23T22:00:00Z',
      '2026-10-26T22:59:59Z',
      5,
    );
    expect([name, hours, counts]).toEqual(['by day', [0, 0, 0], [24, 25, 23]]);
  });

  it('have each job once, by its outcome, and none from outside or without a time', () => {
    process.env['TZ'] = 'UTC';
    const jobs = [
      jobOf({ createTime: '2026-01-01T00:00:00Z', status: 'SUCCESS' }),
      jobOf({ createTime: '2026-01-01T00:59:59Z', status: 'FAIL' }),
      jobOf({ createTime: null, submitTime: '2026-01-01T01:00:00Z', status: 'UNKNOWN' }),
      jobOf({ createTime: '2026-01-01T02:00:00Z', status: 'INIT' }),
      jobOf({ createTime: '2026-01-01T02:00:01Z' }),
      jobOf({ createTime: '2025-12-31T23:59:59Z' }),
      jobOf({ createTime: null, submitTime: null }),
    ];
    const [from, to] = [new Date('2026-01-01T00:00:00Z'), new Date('2026-01-01T02:00:00Z')];
    expect(bucketJobs(jobs, from, to, 5).buckets.map(({ counts }) => counts)).toEqual([
      { SUCCESS: 1, FAIL: 1, OPEN: 0 },
      { SUCCESS: 0, FAIL: 0, OPEN: 1 },
      { SUCCESS: 0, FAIL: 0, OPEN: 1 },
    ]);
  });
});
