import { useMemo } from 'react';
import { durationOf, durationsOf, placeBetween, sample, shorterThan } from './durations.ts';
import type { JobSummaryFragment } from './gql/graphql.ts';
import { duration, useNow } from './time.ts';

interface SiblingsProps {
  readonly job: JobSummaryFragment;
  /** The jobs that are loaded. */
  readonly jobs: readonly JobSummaryFragment[];
}

/** The most marks on the scale. */
const MAX_MARKS = 80;

/** Where the time that a job took, or has taken so far, lies among those of the finished jobs of the list. */
export function Siblings({ job, jobs }: SiblingsProps) {
  const sorted = useMemo(() => durationsOf(jobs, job.id), [jobs, job.id]);
  const took = durationOf(job);
  if (sorted.length < 2 || !job.submitTime) return null;
  if (took !== undefined) return <Scale sorted={sorted} ms={took} isFinished />;
  return job.isFinished ? null : <SoFar sorted={sorted} start={Date.parse(job.submitTime)} />;
}

function SoFar({ sorted, start }: { readonly sorted: readonly number[]; readonly start: number }) {
  return <Scale sorted={sorted} ms={Math.max(0, useNow() - start)} isFinished={false} />;
}

interface ScaleProps {
  readonly sorted: readonly number[];
  readonly ms: number;
  readonly isFinished: boolean;
}

function Scale({ sorted, ms, isFinished }: ScaleProps) {
  const marks = useMemo(() => sample(sorted, MAX_MARKS), [sorted]);
  const shortest = Math.min(ms, sorted[0] ?? ms);
  const longest = Math.max(ms, sorted.at(-1) ?? ms);
  const left = (value: number) => ({ left: `${(100 * placeBetween(value, shortest, longest)).toFixed(1)}%` });
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return (
    <figure className="siblings">
      <div className="scale" aria-hidden="true">
        {marks.map((value, index) => (
          // eslint-disable-next-line react/no-array-index-key -- marks have no ids
          <i key={index} style={left(value)} />
        ))}
        <b style={left(ms)} />
      </div>
      <figcaption>
        {isFinished ? 'Took longer' : 'Has taken longer'} than {shorterThan(sorted, ms)} of the{' '}
        {sorted.length} other finished jobs that are loaded. Half of them took {duration(median)} or less.
      </figcaption>
    </figure>
  );
}
