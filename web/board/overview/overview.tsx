import './overview.css';

import { go, listOf, RANGES, type Place } from '../location.ts';
import { JobCharts } from './job-charts.tsx';
import { jobsOf } from './names.ts';
import type { OverviewJob } from './outcome.ts';
import { Progress } from './progress.tsx';
import { Totals } from './totals.tsx';
import { startReading, useReading, type Reading } from './reading.ts';

export interface OverviewProps {
  readonly place: Place;
  /** What the list has loaded. */
  readonly loaded: readonly OverviewJob[];
}

/** Figures of jobs: of those that the list has loaded, or of all of a range, once somebody has it read. */
export function Overview({ place, loaded }: OverviewProps) {
  const reading = useReading();
  const shown = reading?.list === listOf(place) ? reading : undefined;
  const jobs = shown?.jobs ?? loaded;
  const read = (range: Place['range']) => {
    const next = { ...place, range, ...(range && { from: undefined, to: undefined }) };
    if (listOf(next) !== listOf(place)) go(next);
    startReading(next);
  };

  return (
    <section className="list overview" aria-labelledby="overview" aria-busy={shown?.isRunning ?? false}>
      <div className="bar">
        <h2 id="overview">Overview</h2>
        <fieldset className="ranges">
          <legend>Read all of the last</legend>
          {RANGES.map((range) => (
            <button
              key={range}
              type="button"
              className="quiet"
              aria-pressed={shown !== undefined && place.range === range}
              onClick={() => read(range)}
            >
              {RANGE_NAMES[range]}
            </button>
          ))}
        </fieldset>
      </div>
      {shown ? (
        <Progress reading={shown} />
      ) : (
        <p className="scope">
          Of the {jobsOf(jobs.length)} that the list has loaded
          {(place.from ?? place.to) && (
            <button type="button" className="quiet" onClick={() => read(undefined)}>
              Read all of this range
            </button>
          )}
        </p>
      )}
      <Totals jobs={jobs} place={place} />
      {(jobs.length > 0 || !shown?.isRunning) && (
        <JobCharts jobs={jobs} {...(shown && rangeOf(shown))} place={place} />
      )}
    </section>
  );
}

const RANGE_NAMES = { '1h': 'hour', '24h': '24 hours', '7d': '7 days' } as const;

/** The time that a list is of. What has not been read yet is left out. */
function rangeOf({ filter: { createdFrom, createdTo }, time, isWhole }: Reading) {
  return {
    ...(createdFrom && isWhole && { from: new Date(createdFrom) }),
    to: createdTo ? new Date(createdTo) : time,
  };
}
