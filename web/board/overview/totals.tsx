import { linkTo, type Place } from '../location.ts';
import { numberOf } from './names.ts';
import { countOutcomes, totalOf, type OverviewJob } from './outcome.ts';

export interface TotalsProps {
  readonly jobs: readonly OverviewJob[];
  readonly place: Place;
}

/** How many jobs there are of each outcome. Each number links to the list of them. */
export function Totals({ jobs, place }: TotalsProps) {
  const counts = countOutcomes(jobs);
  const ended = counts.SUCCESS + counts.FAIL;
  const share =
    ended === 0 ? '' : `${((100 * counts.FAIL) / ended).toFixed(1)} % of ${numberOf(ended)} ended`;
  const totals = [
    { term: 'Jobs', count: totalOf(counts), status: place.status },
    { term: 'Succeeded', count: counts.SUCCESS, status: 'SUCCESS' },
    { term: 'Failed', count: counts.FAIL, status: 'FAIL', share },
    { term: 'Not finished', count: counts.OPEN, status: 'INIT' },
  ] as const;
  return (
    <dl className="totals">
      {totals.map(({ term, count, status, ...rest }) => (
        <div key={term} data-status={term === 'Jobs' ? undefined : status}>
          <dt>{term}</dt>
          <dd>
            <a {...linkTo({ ...place, view: undefined, status })}>{numberOf(count)}</a>
            {'share' in rest && <small>{rest.share}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
