import type { JobSummaryFragment, MediaFragment } from './gql/graphql.ts';
import { linkTo, type Place } from './location.ts';
import { Status, titleOf } from './status.tsx';
import { Ago, Took } from './times.tsx';

/** The element id of the link in a row. */
export function rowOf(id: string): string {
  return `row-${id}`;
}

/** A job in the list. The whole row is the link. */
export function JobRow({ job, place }: { readonly job: JobSummaryFragment; readonly place: Place }) {
  const { id, status, isFinished, submitTime, finishTime, inputs, output, code, message } = job;
  const isOpen = id === place.job;
  return (
    <li className="row" data-status={status}>
      <Status job={job} />
      <div className="what">
        <a id={rowOf(id)} {...linkTo({ ...place, job: id })} aria-current={isOpen ? 'true' : undefined}>
          {titleOf(job)}
        </a>
        {status === 'FAIL' && (code ?? message) ? (
          <p className="reason">{[code, message].filter(Boolean).join(': ')}</p>
        ) : (
          <Files inputs={inputs} output={output} />
        )}
      </div>
      <div className="when">
        <span className="track" aria-hidden="true" />
        <span className="numbers">
          <Took job={job} />
        </span>
        <small>{finishTime && isFinished ? <Ago time={finishTime} /> : submitTime && 'so far'}</small>
      </div>
    </li>
  );
}

/** What goes in and what comes out, by name. ICE may leave out either. */
function Files({ inputs, output }: Pick<JobSummaryFragment, 'inputs' | 'output'>) {
  if (inputs.length === 0 && output === null) return null;
  return (
    <p className="files">
      {inputs.map(fileOf).join(', ') || 'no inputs'}
      <span aria-hidden="true"> → </span>
      <span className="hidden">to</span>
      {output === null ? 'no output' : fileOf(output)}
    </p>
  );
}

function fileOf({ fileName, media }: MediaFragment): string {
  return fileName ?? media ?? 'unreadable';
}
