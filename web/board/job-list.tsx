import { useDeferredValue, useMemo, useRef } from 'react';
import { flushSync } from 'react-dom';
import { Connection } from './connection.tsx';
import { Filter } from './filter.tsx';
import { Find } from './find.tsx';
import { isWanted, readWanted } from './find-text.ts';
import { JobRows, type RowsHandle } from './job-rows.tsx';
import type { Jobs } from './jobs.ts';
import type { Place } from './location.ts';
import { Range } from './range.tsx';
import { TICKS, fractionOf } from './scale.ts';
import { timeZone } from './time.ts';

/** The list of jobs, with all pages loaded so far. */
export function JobList({ place, list }: { readonly place: Place; readonly list: Jobs }) {
  const { jobs, waiting, isLoading, error, hasNextPage } = list;
  const rows = useRef<RowsHandle>(null);
  const { wanted, found } = useFound(place, jobs);
  const showNew = () => {
    flushSync(() => list.hold(false));
    scrollTo(0, 0);
    rows.current?.focus(0);
  };

  return (
    <section className="list" aria-labelledby="jobs" aria-busy={isLoading}>
      <div className="bar">
        <h2 id="jobs">Jobs</h2>
        <Connection />
        <Filter place={place} />
        <Range place={place} />
        <Find
          place={place}
          list={list}
          wanted={wanted}
          found={found.length}
          onFirst={() => rows.current?.focus(0)}
        />
        <button type="button" className="quiet" onClick={list.refresh}>
          Refresh
        </button>
      </div>
      <p className="pill-place">
        {waiting.length > 0 && (
          <button type="button" className="pill" onClick={showNew}>
            {waiting.length} new
          </button>
        )}
      </p>
      {jobs.length > 0 && <Head list={list} />}
      {found.length > 0 && <JobRows ref={rows} list={list} jobs={found} place={place} />}
      {wanted && found.length === 0 && jobs.length > 0 && (
        <p className="empty">
          None of the loaded jobs{hasNextPage && '. There are more on ICE, which cannot search them'}.
        </p>
      )}
      {jobs.length === 0 && !error && (isLoading ? <Skeleton /> : <p className="empty">No jobs here.</p>)}
      {hasNextPage && (
        <button type="button" className="more" aria-busy={isLoading} onClick={list.loadMore}>
          Load more
        </button>
      )}
    </section>
  );
}

/** The loaded jobs that are looked for. */
function useFound({ find }: Place, jobs: Jobs['jobs']) {
  const text = useDeferredValue(find);
  const wanted = useMemo(() => (text?.trim() ? readWanted(text) : undefined), [text]);
  const found = useMemo(() => (wanted ? jobs.filter((job) => isWanted(wanted, job)) : jobs), [wanted, jobs]);
  return { wanted, found };
}

/** What is above the rows: how many there are, the time zone of all times, and the scale of the lines in the rows. */
function Head({ list: { jobs, hasNextPage } }: { readonly list: Jobs }) {
  return (
    <div className="head">
      <p>
        {jobs.length} {hasNextPage ? 'loaded, more on ICE' : jobs.length === 1 ? 'job' : 'jobs'}
        <span className="zone"> · Times in {timeZone()}</span>
      </p>
      <p className="ticks" aria-hidden="true">
        {TICKS.map(({ ms, label }) => (
          <span key={label} style={{ left: `${100 * fractionOf(ms)}%` }}>
            {label}
          </span>
        ))}
      </p>
    </div>
  );
}

const SKELETON_ROWS = 8;

function Skeleton() {
  return (
    <div className="rows skeleton">
      <span className="hidden">Loading jobs</span>
      {Array.from({ length: SKELETON_ROWS }, (_, index) => (
        // eslint-disable-next-line react/no-array-index-key -- they are all the same
        <div key={index} className="row" aria-hidden="true">
          <span className="bone" />
          <span className="bone" />
          <span className="bone" />
        </div>
      ))}
    </div>
  );
}
