import { memo } from 'react';
import type { MediaFragment } from './gql/graphql.ts';
import type { Job } from './loaded-jobs.ts';
import { linkTo, type Place } from './location.ts';
import { LABELS, Status, titleOf } from './status.tsx';
import { Ago, Took, Track } from './times.tsx';

export interface JobRowProps {
  readonly job: Job;
  readonly mark: 'new' | 'leaving' | undefined;
  readonly place: Place;
  /** Its position in the list, from 0. */
  readonly index: number;
  /** How many rows the list has. `-1`: nobody knows. */
  readonly count: number;
  /** Its distance from the start of the list in pixels. */
  readonly top: number;
  readonly measure: (row: HTMLElement | null) => void;
  /** Called with the id when the row gets the focus, and with `undefined` when it loses it. */
  readonly onFocus: (id: string | undefined) => void;
}

/** The element id of the link in a row. */
export function rowOf(id: string): string {
  return `row-${id}`;
}

/** A job in the list. The whole row is the link. */
export const JobRow = memo(function JobRow(props: JobRowProps) {
  const { job, mark, place, index, count, top, measure, onFocus } = props;
  const { id, status, inputs, output, code, message } = job;
  return (
    <li
      ref={measure}
      className="row"
      data-index={index}
      data-status={status}
      data-mark={mark}
      style={{ translate: `0 ${top}px` }}
      aria-setsize={count}
      aria-posinset={index + 1}
    >
      <Status job={job} />
      <div className="what">
        <a
          id={rowOf(id)}
          {...linkTo({ ...place, job: id })}
          aria-current={id === place.job ? 'true' : undefined}
          onFocus={() => onFocus(id)}
          onBlur={() => onFocus(undefined)}
        >
          {titleOf(job)}
        </a>
        {status === 'FAIL' && (code ?? message) ? (
          <p className="reason">{[code, message].filter(Boolean).join(': ')}</p>
        ) : (
          <Files inputs={inputs} output={output} />
        )}
      </div>
      <When job={job} isLeaving={mark === 'leaving'} />
    </li>
  );
});

function When({ job, isLeaving }: { readonly job: Job; readonly isLeaving: boolean }) {
  return (
    <div className="when">
      <Track job={job} />
      <span className="numbers">
        <Took job={job} />
      </span>
      <small>{isLeaving ? `now ${LABELS[job.status].toLowerCase()}` : <Since job={job} />}</small>
    </div>
  );
}

function Since({ job: { submitTime, finishTime, isFinished } }: { readonly job: Job }) {
  if (isFinished && finishTime) return <Ago time={finishTime} />;
  return submitTime && 'so far';
}

/** What goes in and what comes out, by name. ICE may leave out either. */
function Files({ inputs, output }: Pick<Job, 'inputs' | 'output'>) {
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
