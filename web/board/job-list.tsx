import { Connection } from './connection.tsx';
import { Filter } from './filter.tsx';
import { JobRow } from './job-row.tsx';
import type { Jobs } from './jobs.ts';
import type { Place } from './location.ts';
import { Problem } from './problem.tsx';

/** The list of jobs, newest first, with all pages loaded so far. */
export function JobList({ place, list }: { readonly place: Place; readonly list: Jobs }) {
  const { jobs, isLoading, error, hasNextPage, loadMore, refresh } = list;

  return (
    <section className="list" aria-labelledby="jobs" aria-busy={isLoading}>
      <div className="bar">
        <h2 id="jobs">Jobs</h2>
        <Connection />
        <Filter place={place} />
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
