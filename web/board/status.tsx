import type { JobSummaryFragment, PackageJobStatus } from './gql/graphql.ts';

/** The label of each status. */
export const LABELS: Readonly<Record<PackageJobStatus, string>> = {
  INIT: 'In flight',
  SUCCESS: 'Succeeded',
  FAIL: 'Failed',
  UNKNOWN: 'Unknown',
};

/** The icon of each status, for people who cannot see the colours. */
const SHAPES: Readonly<Record<PackageJobStatus, string>> = {
  INIT: 'M8 2.5a5.5 5.5 0 1 1-5.5 5.5',
  SUCCESS: 'm3 8.5 3.5 3.5L13 4.5',
  FAIL: 'm4 4 8 8m0-8-8 8',
  UNKNOWN: 'M5.5 6a2.5 2.5 0 1 1 3.5 2.3q-1 .5-1 1.7m0 2.9v.1',
};

/** A status as icon and text. */
export function Status({ job }: { readonly job: JobSummaryFragment }) {
  const { status, statusRaw } = job;
  return (
    <span className="status" data-status={status}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={SHAPES[status]} />
      </svg>
      {status === 'UNKNOWN' && statusRaw ? statusRaw : LABELS[status]}
    </span>
  );
}

/** The title of a job: its name, or else its id. A name of white space alone would be a link without a text. */
export function titleOf({ name, id }: JobSummaryFragment): string {
  return name?.trim() ? name : id;
}
