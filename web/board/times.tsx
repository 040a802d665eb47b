import type { JobSummaryFragment, PackageJobStatus } from './gql/graphql.ts';
import { fractionOf } from './scale.ts';
import { ago, clock, duration, useNow, utc } from './time.ts';

/** How long ago something was, updated every second. The tooltip has the exact time. */
export function Ago({ time }: { readonly time: string }) {
  const now = useNow();
  return (
    <time dateTime={time} title={`${clock(time)} (${utc(time)})`}>
      {ago(Date.parse(time), now)}
    </time>
  );
}

/** A time in the user's time zone. The tooltip has it in UTC. */
export function Clock({ time }: { readonly time: string }) {
  return (
    <time dateTime={time} title={utc(time)}>
      {clock(time)}
    </time>
  );
}

/** How long a job took, or has taken so far, updated every second. Nothing when ICE does not send the times. */
export function Took({ job }: { readonly job: JobSummaryFragment }) {
  const { submitTime, finishTime, isFinished } = job;
  if (!submitTime || !hasLength(job)) return null;
  const start = Date.parse(submitTime);
  return isFinished && finishTime ? duration(Date.parse(finishTime) - start) : <Since start={start} />;
}

/** Whether ICE sends the times that tell how long a job took, or has taken so far. */
function hasLength({ submitTime, finishTime, isFinished }: JobSummaryFragment): boolean {
  return Boolean(submitTime) && (!isFinished || Boolean(finishTime));
}

/** What a job does in each status. */
const PHASES: Readonly<Record<PackageJobStatus, string>> = {
  INIT: 'Packaging',
  SUCCESS: 'Finished',
  FAIL: 'Failed',
  UNKNOWN: 'In a state that is not known',
};

/** How long a job took, or has taken so far, as a line on a scale. Nothing when ICE does not send the times. */
export function Track({ job }: { readonly job: JobSummaryFragment }) {
  const { submitTime, finishTime, isFinished } = job;
  if (!submitTime || !hasLength(job)) return null;
  const start = Date.parse(submitTime);
  return isFinished && finishTime ? (
    <Line ms={Date.parse(finishTime) - start} />
  ) : (
    <LineSince start={start} />
  );
}

function LineSince({ start }: { readonly start: number }) {
  return <Line ms={useNow() - start} />;
}

function Line({ ms }: { readonly ms: number }) {
  return (
    <span className="track" aria-hidden="true">
      <span style={{ width: `${(100 * fractionOf(ms)).toFixed(1)}%` }} />
    </span>
  );
}

function Since({ start }: { readonly start: number }) {
  return duration(useNow() - start);
}

/** The submission and the end of a job. */
export function Timeline({ job }: { readonly job: JobSummaryFragment }) {
  const { submitTime, finishTime, isFinished, status, code, message } = job;
  return (
    <ol className="timeline" data-status={status}>
      <li>
        <strong>Submitted</strong> {submitTime ? <Ago time={submitTime} /> : 'ICE does not say when'}
        {submitTime && (
          <small>
            <Clock time={submitTime} />
          </small>
        )}
      </li>
      <li>
        <strong>{PHASES[status]}</strong>{' '}
        {hasLength(job) && (
          <span className="numbers">
            {isFinished ? 'after ' : 'for '}
            <Took job={job} />
          </span>
        )}
        {isFinished && finishTime && (
          <small>
            <Clock time={finishTime} />
          </small>
        )}
        {(code ?? message) && (
          <p className="reason">
            {code && <code>{code}</code>} {message}
          </p>
        )}
      </li>
    </ol>
  );
}
