import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { client } from './client.ts';
import { JobsByIdDocument, JobsDocument, WatchJobsDocument } from './gql/graphql.ts';
import type { ListQuery } from './list-query.ts';
import type { Job, Page } from './loaded-jobs.ts';

/** The maximum number of jobs in one request. A page costs ICE one call, however many jobs it has. */
export const PAGE_SIZE = 100;

/** The pause before a stream that was cut begins again. */
const RESTART_MS = 1_000;

export async function readPage({ filter, isOldestFirst }: ListQuery, after?: string): Promise<Page> {
  const { data } = await client.query({
    query: JobsDocument,
    variables: {
      first: PAGE_SIZE,
      ...(after && { after }),
      filter,
      ...(isOldestFirst && { orderBy: 'CREATE_TIME_ASC' }),
    },
    fetchPolicy: 'no-cache',
  });
  if (!data?.packageJobs) throw new Error('The gateway sent no list');
  return data.packageJobs;
}

/** What has become of these jobs, without those that ICE does not know any more. */
export async function readJobs(ids: readonly string[]): Promise<Job[]> {
  const jobs: Job[] = [];
  for (let start = 0; start < ids.length; start += PAGE_SIZE) {
    const { data } = await client.query({
      query: JobsByIdDocument,
      variables: { ids: ids.slice(start, start + PAGE_SIZE) },
      fetchPolicy: 'no-cache',
    });
    jobs.push(...(data?.packageJobsById ?? []).filter((job) => job !== null));
  }
  return jobs;
}

export interface Watcher {
  readonly onChange: (job: Job) => void;
  /** Called with the id of a job that ICE does not know any more. */
  readonly onGone: (id: string) => void;
  readonly onError: (error: unknown) => void;
  /** Called when the stream begins again, so that changes may have been missed. */
  readonly onResume: () => void;
}

/** Tells of each change of a job that matches, or has matched, until `stop` is called. */
export function watchJobs({ filter }: ListQuery, watcher: Watcher) {
  const changes = client.subscribe({
    query: WatchJobsDocument,
    variables: { filter },
    fetchPolicy: 'no-cache',
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  let subscription = follow();

  function follow() {
    let isRefused = false;
    return changes.subscribe({
      next({ data, error }) {
        const id = CombinedGraphQLErrors.is(error) ? error.errors[0]?.extensions?.['jobId'] : undefined;
        if (data?.packageJobsUpdated) return watcher.onChange(data.packageJobsUpdated);
        if (typeof id === 'string') return watcher.onGone(id);
        isRefused = true;
        return watcher.onError(error);
      },
      // The gateway ends a stream whose client is too slow.
      complete: () => void (isRefused || (timer = setTimeout(resume, RESTART_MS))),
    });
  }
  function stop() {
    clearTimeout(timer);
    subscription.unsubscribe();
  }
  function restart() {
    stop();
    subscription = follow();
  }
  function resume() {
    restart();
    watcher.onResume();
  }
  return { restart, stop };
}
