import { extent } from 'd3-array';
import type { Place } from '../location.ts';
import { createdAt } from './buckets.ts';
import { DurationChart } from './duration-chart.tsx';
import { FailureTable } from './failure-table.tsx';
import { Hatch } from './hatch.tsx';
import type { OverviewJob } from './outcome.ts';
import { TimeChart } from './time-chart.tsx';

export interface JobChartsProps {
  readonly jobs: readonly OverviewJob[];
  /** When the first and the last of them can have been created. `undefined`: as these say. */
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly place: Place;
}

/** When jobs were created and what became of them, how long they took, and why they failed. */
export function JobCharts({ jobs, from, to, place }: JobChartsProps) {
  const [oldest, newest] = extent(jobs, createdAt);
  if (oldest === undefined) return <p className="empty">No jobs here.</p>;
  // The clock of this machine can be behind.
  const end = Math.max(newest, to?.getTime() ?? newest);
  return (
    <div className="charts">
      <Hatch />
      <TimeChart jobs={jobs} from={from ?? new Date(oldest)} to={new Date(end)} place={place} />
      <DurationChart jobs={jobs} />
      <FailureTable jobs={jobs} place={place} />
    </div>
  );
}
