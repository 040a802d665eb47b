import { useQuery, useSubscription } from '@apollo/client/react';
import { useEffect, useEffectEvent, useState } from 'react';
import {
  JobDocument,
  JobsDocument,
  WatchJobDocument,
  WatchJobsDocument,
  type JobSummaryFragment,
  type PackageJobStatus,
} from './gql/graphql.ts';
import { onReconnected } from './socket.ts';

const PAGE_SIZE = 20;
/** The most jobs that one list or one subscription may name. */
const MAX_JOBS = 100;

/** Called with a job that has just ended. */
export type OnFinished = (job: JobSummaryFragment) => void;

/** The newest jobs, page by page, live. */
export function useJobs(status: PackageJobStatus | undefined, onFinished: OnFinished) {
  const [failure, setFailure] = useState<Error>();
  const { data, error, loading, fetchMore } = useQuery(JobsDocument, {
    variables: { first: PAGE_SIZE, ...(status && { status }) },
    // What was seen before shows at once, and what it is now replaces it.
    fetchPolicy: 'cache-and-network',
    nextFetchPolicy: 'cache-first',
  });
  const jobs = data?.packageJobs?.edges.map(({ node }) => node) ?? [];
  const watch = useWatch(jobs, onFinished);
  const { hasNextPage = false, endCursor } = data?.packageJobs?.pageInfo ?? {};

  const fetch = (variables: { first?: number; after: string | null }) =>
    void fetchMore({ variables }).then(() => setFailure(undefined), setFailure);
  // As many as are shown, so that nobody loses their place.
  const refresh = () => {
    fetch({ first: Math.min(Math.max(jobs.length, PAGE_SIZE), MAX_JOBS), after: null });
    if (watch.error) watch.restart();
  };

  const refreshLate = useEffectEvent(refresh);
  useEffect(() => onReconnected(() => refreshLate()), []);

  return {
    jobs,
    isLoading: loading,
    error: failure ?? error ?? watch.error,
    hasNextPage,
    loadMore: () => fetch({ after: endCursor ?? null }),
    refresh,
  };
}

/** Subscribes to the unfinished among these jobs. Apollo puts each new state where the job is kept. */
function useWatch(jobs: readonly JobSummaryFragment[], onFinished: OnFinished) {
  const [ids, setIds] = useState<string[]>([]);
  const unfinished = jobs.filter((job) => !job.isFinished).map((job) => job.id);
  const wanted = unfinished.slice(0, MAX_JOBS);
  // A job that has ended may stay: the gateway is done with it, and every change of ids is a new subscription.
  if (wanted.some((id) => !ids.includes(id))) setIds(wanted);

  return useSubscription(WatchJobsDocument, {
    variables: { ids },
    skip: wanted.length === 0,
    onData: ({ data: { data } }) => {
      const job = data?.packageJobUpdated;
      if (job?.isFinished && unfinished.includes(job.id)) onFinished(job);
    },
  });
}

/** One job with all its parts, live until it ends; `null` when there is none. One component shows one job. */
export function useJob(id: string, onFinished: OnFinished) {
  const { data, error, refetch } = useQuery(JobDocument, {
    variables: { id },
    fetchPolicy: 'cache-and-network',
    nextFetchPolicy: 'cache-first',
  });
  const job = data?.packageJob;
  const [isWatched, setIsWatched] = useState(false);
  // To the end of its own subscription: the list's may tell of the end first, and knows less.
  if (job && !job.isFinished && !isWatched) setIsWatched(true);

  const watch = useSubscription(WatchJobDocument, {
    variables: { id },
    skip: !isWatched,
    onData: ({ data: { data } }) => {
      if (data?.packageJobUpdated?.isFinished) onFinished(data.packageJobUpdated);
    },
  });
  const retry = () => {
    refetch().catch(() => undefined);
    if (watch.error) watch.restart();
  };
  return { job, error: error ?? watch.error, retry };
}
