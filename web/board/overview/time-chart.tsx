import type { Place } from '../location.ts';
import { timeZone } from '../time.ts';
import { bucketJobs, type Bucket } from './buckets.ts';
import type { Column } from './column.ts';
import { Figure } from './figure.tsx';
import { labelOf, nameOf } from './names.ts';
import type { OverviewJob } from './outcome.ts';

export interface TimeChartProps {
  readonly jobs: readonly OverviewJob[];
  readonly from: Date;
  readonly to: Date;
  readonly place: Place;
}

/** What a column takes at least, in pixels. */
const COLUMN_WIDTH = 7;

/** The statuses that lists can be asked for. */
const STATUSES = { SUCCESS: 'SUCCESS', FAIL: 'FAIL', OPEN: 'INIT' } as const;

/** What became of jobs, by when they were created. Each column links to the list of its jobs. */
export function TimeChart({ jobs, from, to, place }: TimeChartProps) {
  return (
    <Figure title="Jobs by when they were created" unit="Time" note={`Times in ${timeZone()}`}>
      {(width) => {
        const { name, areDays, buckets } = bucketJobs(jobs, from, to, width / COLUMN_WIDTH);
        return {
          name,
          columns: buckets.map((bucket) => columnOf(bucket, areDays, place)),
          labelOf(index, before) {
            const bucket = buckets[index];
            return bucket ? labelOf(bucket, buckets[before ?? -1], areDays) : [''];
          },
        };
      }}
    </Figure>
  );
}

function columnOf(bucket: Bucket, isDay: boolean, place: Place): Column {
  const { from, to, counts } = bucket;
  const list = {
    from: from.toISOString(),
    // The list has those of its end, too.
    to: new Date(to.getTime() - 1).toISOString(),
  };
  return {
    key: list.from,
    name: nameOf(bucket, isDay),
    counts,
    placeOf: (outcome) => ({ ...list, status: outcome ? STATUSES[outcome] : place.status }),
  };
}
