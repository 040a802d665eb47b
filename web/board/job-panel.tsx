import { useEffect, useImperativeHandle, useRef, type Ref } from 'react';
import { Copy } from './copy.tsx';
import { Failure } from './failure.tsx';
import type { JobDetailsFragment, JobSummaryFragment } from './gql/graphql.ts';
import { JobDetails } from './job-details.tsx';
import { JobQuery } from './job-query.tsx';
import { useJob } from './job.ts';
import { rowOf } from './job-row.tsx';
import { linkTo, type Place } from './location.ts';
import { codeOf, Problem } from './problem.tsx';
import { Siblings } from './siblings.tsx';
import { Status, titleOf } from './status.tsx';
import { SubmitAgain } from './submit/buttons.tsx';
import { supportText } from './support.ts';
import { timeZone } from './time.ts';
import { Timeline } from './times.tsx';

/** What others can do with the open job. */
export interface PanelHandle {
  /** Reads it again where that has failed. */
  readonly retry: () => void;
}

export interface JobPanelProps {
  readonly id: string;
  readonly place: Place;
  /** The jobs that are loaded. */
  readonly jobs: readonly JobSummaryFragment[];
  /** A problem that the page tells already. The same one is not told again. */
  readonly told: Error | undefined;
  readonly ref: Ref<PanelHandle>;
}

/** The open job. It takes the focus for keyboards and screen readers, and gives it back to the row when it closes. */
export function JobPanel({ id, place, jobs, told, ref }: JobPanelProps) {
  const { job, error, retry } = useJob(id);
  const isNoId = codeOf(error) === 'BAD_USER_INPUT';
  const isTold = told !== undefined && codeOf(told) === codeOf(error);
  useImperativeHandle(ref, () => ({
    retry: () => {
      if (error) retry();
    },
  }));
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus();
    return () => document.getElementById(rowOf(id))?.focus();
  }, [id]);

  return (
    <aside className="panel" aria-labelledby="job">
      <a className="close" {...linkTo({ ...place, job: undefined })}>
        <span aria-hidden="true">← </span>All jobs
      </a>
      <h2 id="job" ref={heading} tabIndex={-1}>
        {job ? titleOf(job) : 'Job'}
      </h2>
      {/* To try again cannot help. */}
      {isNoId && (
        <p className="empty">
          <code>{id}</code> is no id of a job: it must have 1 to 128 ASCII characters without spaces.
        </p>
      )}
      {error && !isNoId && !isTold && <Problem error={error} onRetry={retry} />}
      {job === null && (
        <p className="empty">
          ICE does not know the job <code>{id}</code>. It can be of another account or region.
        </p>
      )}
      {job === undefined && !error && <Skeleton />}
      {job && <Job job={job} jobs={jobs} />}
    </aside>
  );
}

const SKELETON_LINES = 6;

function Skeleton() {
  return (
    <>
      <output className="hidden">Loading the job</output>
      {Array.from({ length: SKELETON_LINES }, (_, index) => (
        // eslint-disable-next-line react/no-array-index-key -- they are all the same
        <span key={index} className="bone" aria-hidden="true" />
      ))}
    </>
  );
}

interface JobProps extends Pick<JobPanelProps, 'jobs'> {
  readonly job: JobDetailsFragment;
}

function Job({ job, jobs }: JobProps) {
  return (
    <>
      <Status job={job} />
      <Timeline job={job} />
      <small>Times are in {timeZone()}.</small>
      <Failure job={job} />
      <Siblings job={job} jobs={jobs} />
      <p className="buttons">
        <SubmitAgain job={job} />
        <Copy text={() => supportText(job)}>Copy for support</Copy>
      </p>
      <JobDetails job={job} />
      <JobQuery id={job.id} />
    </>
  );
}
