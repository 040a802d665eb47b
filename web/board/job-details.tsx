import type { ReactNode } from 'react';
import { Copy } from './copy.tsx';
import type { JobDetailsFragment, MediaFragment } from './gql/graphql.ts';
import { Package } from './package.tsx';
import { Ago } from './times.tsx';

/** All that ICE tells of a job besides how it went. */
export function JobDetails({ job }: { readonly job: JobDetailsFragment }) {
  const isOne = job.inputs.length === 1;
  return (
    <dl>
      <Entry term="Id">
        <code>{job.id}</code> <Copy text={job.id}>Copy id</Copy>
      </Entry>
      <Entry term={job.inputs.length > 1 ? 'Inputs' : 'Input'}>
        {job.inputs.length === 0 && 'none'}
        {job.inputs.map((media, index) => (
          // eslint-disable-next-line react/no-array-index-key -- inputs have no ids, and their order never changes
          <Media key={index} media={media} label={isOne ? 'Copy input' : `Copy input ${index + 1}`} />
        ))}
      </Entry>
      <Entry term="Output">{job.output && <Media media={job.output} label="Copy output" />}</Entry>
      <Entry term="Package">{job.outputUrl && <Package url={job.outputUrl} />}</Entry>
      <Entry term="Priority">{job.priority}</Entry>
      <Entry term="Queue">{job.pipelineId && <code>{job.pipelineId}</code>}</Entry>
      <Entry term="Submitted by">{job.triggerSource}</Entry>
      <Entry term="User data">{job.userData && <code>{job.userData}</code>}</Entry>
      <Entry term="Read from ICE">
        <Ago time={job.observedAt} />
      </Entry>
    </dl>
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

function Media({ media: { type, media }, label }: { readonly media: MediaFragment; readonly label: string }) {
  if (media === null) return <p>What ICE sent cannot be read</p>;
  return (
    <p>
      <code>{media}</code> {type === 'MEDIA' && <small>in the media library </small>}
      <Copy text={media}>{label}</Copy>
    </p>
  );
}
