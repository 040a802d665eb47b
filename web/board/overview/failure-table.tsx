import { useId } from 'react';
import { linkTo, type Place } from '../location.ts';
import { countFailures } from './failures.ts';
import { numberOf } from './names.ts';
import type { OverviewJob } from './outcome.ts';

export interface FailureTableProps {
  readonly jobs: readonly OverviewJob[];
  readonly place: Place;
}

/** How many codes are shown. */
const MAX_CODES = 10;

/** The codes that jobs failed with, each with a bar for its share. */
export function FailureTable({ jobs, place }: FailureTableProps) {
  const id = useId();
  const failures = countFailures(jobs);
  const total = failures.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return null;
  return (
    <section className="figure" aria-labelledby={id}>
      <div className="bar">
        <h3 id={id}>Why jobs failed, by code</h3>
        <a {...linkTo({ ...place, view: undefined, status: 'FAIL' })}>Show those that failed</a>
      </div>
      <table className="failures">
        <thead className="hidden">
          <tr>
            <th scope="col">Code</th>
            <th scope="col">Share</th>
            <th scope="col">Jobs</th>
          </tr>
        </thead>
        <tbody>
          {failures.slice(0, MAX_CODES).map(({ code, count, message }) => (
            <tr key={code ?? ''}>
              <th scope="row">
                {code ? <code>{code}</code> : 'no code'}
                {message && <small>{message}</small>}
              </th>
              <td className="share">
                <svg width="100%" height="14" aria-hidden="true">
                  <rect className="FAIL" width={`${(100 * count) / total}%`} height="14" />
                </svg>
                <span className="hidden">{Math.round((100 * count) / total)} %</span>
              </td>
              <td className="number">{numberOf(count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {failures.length > MAX_CODES && (
        <p className="note">{numberOf(failures.length - MAX_CODES)} more codes are not shown.</p>
      )}
    </section>
  );
}
