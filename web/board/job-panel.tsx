import { useEffect, useRef, type ReactNode } from 'react';
import { Copy } from './copy.tsx';
import type { JobDetailsFragment, MediaFragment } from './gql/graphql.ts';
import { JobQuery } from './job-query.tsx';
import { useJob } from './job.ts';
import { rowOf } from './job-row.tsx';
import { linkTo, type Place } from './location.ts';
import { Package } from './package.tsx';
import { Problem } from './problem.tsx';
import { Status, titleOf } from './status.tsx';
import { SubmitAgain } from './submit/buttons.tsx';
import { Ago, Timeline } from './times.tsx';

export interface JobPanelProps {
  readonly id: string;
  readonly place: Place;
}

/** The open job. It takes the focus for keyboards and screen readers, and gives it back to the row when it closes. */
export function JobPanel({ id, place }: JobPanelProps) {
  const { job, error, retry } = useJob(id);
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
      {error && <Problem error={error} onRetry={retry} />}
      {job === null && (
        <p className="empty">
          ICE does not know the job <code>{id}</code>.
        </p>
      )}
      {job === undefined && !error && <output>Loading the job</output>}
      {job && <Details job={job} />}
      {job && (
        <p className="buttons">
          <SubmitAgain job={job} />
        </p>
      )}
      {job && <JobQuery id={id} />}
    </aside>
  );
}

function Details({ job }: { readonly job: JobDetailsFragment }) {
  return (
    <>
      <Status job={job} />
      <Timeline job={job} />
      <dl>
        <Entry term="Id">
          <code>{job.id}</code> <Copy text={job.id}>Copy id</Copy>
        </Entry>
        <Entry term={job.inputs.length > 1 ? 'Inputs' : 'Input'}>
          {job.inputs.length === 0 && 'none'}
          {job.inputs.map((media, index) => (
            // eslint-disable-next-line react/no-array-index-key -- inputs have no ids, and their order never changes
            <Media key={index} media={media} />
          ))}
        </Entry>
        <Entry term="Output">{job.output && <Media media={job.output} />}</Entry>
        <Entry term="Package">{job.outputUrl && <Package url={job.outputUrl} />}</Entry>
        <Entry term="Priority">{job.priority}</Entry>
        <Entry term="Queue">{job.pipelineId && <code>{job.pipelineId}</code>}</Entry>
        <Entry term="Submitted by">{job.triggerSource}</Entry>
        <Entry term="User data">{job.userData && <code>{job.userData}</code>}</Entry>
        <Entry term="Read from ICE">
          <Ago time={job.observedAt} />
        </Entry>
      </dl>
    </>
  );
}

/** One term and its value. Nothing when there is no value. */
function Entry({ term, children }: { readonly term: string; readonly children: ReactNode }) {
  if (children === null || children === undefined || children === '') return null;
  return (
    <div>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Media({ media: { type, media } }: { readonly media: MediaFragment }) {
  return (
    <p>
      {media === null ? 'What ICE sent cannot be read' : <code>{media}</code>}{' '}
      {type === 'MEDIA' && <small>in the media library</small>}
    </p>
  );
}
