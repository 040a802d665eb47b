import { Problem } from '../problem.tsx';
import { clockOf, jobsOf, timeOf } from './names.ts';
import { createdAt } from './buckets.ts';
import { goOnReading, MAX_JOBS, stopReading, type Reading } from './reading.ts';

/** How far a list has been read, and what can be done about it. */
export function Progress({ reading }: { readonly reading: Reading }) {
  const { jobs, time, isRunning, isWhole, error } = reading;
  const oldest = createdAt(jobs.at(-1));
  const back = oldest === undefined ? '' : `, back to ${timeOf(new Date(oldest))}`;
  if (isRunning) {
    return (
      <p className="scope">
        <progress aria-label="Reading jobs" value={shareOf(reading)} />
        <span className="numbers">
          {jobsOf(jobs.length)} read{back}
        </span>
        <button type="button" className="quiet" onClick={stopReading}>
          Cancel
        </button>
      </p>
    );
  }
  return (
    <>
      <p className="scope">
        <output>
          {isWhole ? 'All ' : 'The newest '}
          {jobsOf(jobs.length)}
          {isWhole ? '' : back}, read at {clockOf(time)}
        </output>
        {!isWhole && !error && (
          <button type="button" className="quiet" onClick={goOnReading}>
            Read up to {jobsOf(MAX_JOBS)} more
          </button>
        )}
      </p>
      {error && <Problem error={error} onRetry={goOnReading} />}
    </>
  );
}

/** How much of the time that is read has been read. `undefined`: nobody knows. */
function shareOf({ jobs, time, filter }: Reading): number | undefined {
  const oldest = createdAt(jobs.at(-1));
  const from = Date.parse(filter.createdFrom ?? '');
  const to = Date.parse(filter.createdTo ?? '') || time.getTime();
  if (oldest === undefined || Number.isNaN(from)) return undefined;
  return Math.min(1, Math.max(0, (to - oldest) / (to - from)));
}
