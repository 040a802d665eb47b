import { Connection } from './connection.tsx';
import type { PackageJobStatus } from './gql/graphql.ts';
import { Filter } from './filter.tsx';
import { JobRow } from './job-row.tsx';
import { useJobs, type OnFinished } from './jobs.ts';
import type { Place } from './location.ts';
import { Problem } from './problem.tsx';

export interface JobListProps {
  readonly place: Place;
  readonly status: PackageJobStatus | undefined;
  readonly onFinished: OnFinished;
}

/** The list of jobs, newest first, with all pages loaded so far. */
export function JobList({ place, status, onFinished }: JobListProps) {
  const { jobs, isLoading, error, hasNextPage, loadMore, refresh } = useJobs(status, onFinished);

  return (
    <section className="list" aria-labelledby="jobs" aria-busy={isLoading}>
      <div className="bar">
        <h2 id="jobs">Jobs</h2>
        <Connection />
        <Filter status={status} place={place} />
        <button type="button" className="quiet" onClick={refresh}>
          Refresh
        </button>
      </div>
      {error && <Problem error={error} onRetry={refresh} />}
      {jobs.length > 0 && (
        <ul>
          {jobs.map((job) => (
            <JobRow key={job.id} job={job} place={place} />
          ))}
        </ul>
      )}
      {jobs.length === 0 && !error && (isLoading ? <Skeleton /> : <p className="empty">No jobs here.</p>)}
      {hasNextPage && (
        <button type="button" className="more" onClick={loadMore}>
          Load more
        </button>
      )}
    </section>
  );
}

function Skeleton() {
  return (
    <output className="skeleton">
      <span className="hidden">Loading jobs</span>
    </output>
  );
}
