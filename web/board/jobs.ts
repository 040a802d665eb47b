import { useQuery, useSubscription } from '@apollo/client/react';
import { useEffect, useEffectEvent, useState } from 'react';
import { client, socket } from './client.ts';
import { useConnection } from './connection.tsx';
import {
  JobDocument,
  JobsDocument,
  WatchAllJobsDocument,
  WatchJobDocument,
  WatchJobsDocument,
  type JobSummaryFragment,
  type PackageJobStatus,
} from './gql/graphql.ts';
import { codeOf } from './problem.tsx';

const PAGE_SIZE = 20;
/** The maximum number of jobs in one list or subscription. */
const MAX_JOBS = 100;

/** Called with a job that has just finished. */
export type OnFinished = (job: JobSummaryFragment) => void;

/** The newest jobs, page by page, with live updates. */
export function useJobs(status: PackageJobStatus | undefined, onFinished: OnFinished) {
  const [failure, setFailure] = useState<Error>();
  const { data, error, loading, refetch } = useQuery(JobsDocument, {
    variables: { first: PAGE_SIZE, ...(status && { status }) },
    // Cached jobs show at once. The response then replaces them.
    fetchPolicy: 'cache-and-network',
    nextFetchPolicy: 'cache-first',
  });
  const jobs = data?.packageJobs?.edges.map(({ node }) => node) ?? [];
  const unfinished = jobs.filter((job) => !job.isFinished).map((job) => job.id);
  // Both subscriptions tell of it. The first one counts.
  const onChange = (job: JobSummaryFragment) => {
    if (job.isFinished && unfinished.includes(job.id)) onFinished(job);
  };
  const watch = useWatch(unfinished, onChange);
  const arrivals = useArrivals(status, onChange);
  const { hasNextPage = false, endCursor } = data?.packageJobs?.pageInfo ?? {};

  // Not by `fetchMore`, which holds live updates back until its response has come.
  const load = (page: { first: number; after?: string }) => {
    const variables = { ...page, ...(status && { status }) };
    const loading = client.query({ query: JobsDocument, variables, fetchPolicy: 'network-only' });
    return loading.then(() => setFailure(undefined), setFailure);
  };
  // Loads as many jobs as are shown (100 at most), so the scroll position stays.
  const refresh = () => {
    if (watch.error) watch.restart();
    if (arrivals.error) arrivals.restart();
    if (error) return refetch().catch(() => undefined);
    return load({ first: Math.min(Math.max(jobs.length, PAGE_SIZE), MAX_JOBS) });
  };
  const problem = useRecovery(failure ?? error ?? watch.error ?? arrivals.error, refresh);

  return {
    jobs,
    isLoading: loading || (error !== undefined && problem === undefined),
    error: problem,
    hasNextPage,
    loadMore: () => void load({ first: PAGE_SIZE, ...(endCursor && { after: endCursor }) }),
    refresh: () => void refresh(),
  };
}

type OnChange = (job: JobSummaryFragment) => void;

/** Subscribes to these unfinished jobs. Apollo Client writes each new state to its cache. */
function useWatch(unfinished: readonly string[], onChange: OnChange) {
  const [ids, setIds] = useState<string[]>([]);
  const wanted = unfinished.slice(0, MAX_JOBS);
  // Finished jobs may stay in `ids`: they cost nothing, and each change of `ids` starts a new subscription.
  if (wanted.some((id) => !ids.includes(id))) setIds(wanted);

  return useSubscription(WatchJobsDocument, {
    variables: { ids },
    skip: wanted.length === 0,
    onData: ({ data: { data } }) => {
      const job = data?.packageJobUpdated;
      if (job) onChange(job);
    },
  });
}

/**
 * Shows jobs that begin to match as they come, and hides those that do not match any more. Apollo Client itself shows the changes
 * of the others.
 */
function useArrivals(status: PackageJobStatus | undefined, onChange: OnChange) {
  return useSubscription(WatchAllJobsDocument, {
    variables: { ...(status && { status }) },
    onData: ({ data: { data } }) => {
      const job = data?.packageJobsUpdated;
      if (!job) return;
      onChange(job);
      place(job, status);
    },
  });
}

/** Puts a job in its place in the list, or takes it out. The newest is first. One behind the last page that was loaded stays there. */
function place(job: JobSummaryFragment, status: PackageJobStatus | undefined): void {
  const variables = { first: PAGE_SIZE, ...(status && { status }) };
  client.cache.updateQuery({ query: JobsDocument, variables }, (data) => {
    const list = data?.packageJobs;
    if (!list) return undefined;
    const isShown = list.edges.some(({ node }) => node.id === job.id);
    const isMatch = status === undefined || job.status === status;
    if (isShown === isMatch) return undefined;
    const others = list.edges.filter(({ node }) => node.id !== job.id);
    const older = others.findIndex(({ node }) => (node.submitTime ?? '') <= (job.submitTime ?? ''));
    const index = older === -1 ? others.length : older;
    if (isMatch && older === -1 && list.pageInfo.hasNextPage) return undefined;
    const edge = { __typename: 'PackageJobEdge' as const, cursor: '', node: job };
    const edges = isMatch ? others.toSpliced(index, 0, edge) : others;
    return { packageJobs: { ...list, edges } };
  });
}

/** One job with all fields, and live updates until it finishes. `null` when it does not exist. `id` must not change. */
export function useJob(id: string, onFinished: OnFinished) {
  const { data, error, refetch } = useQuery(JobDocument, {
    variables: { id },
    fetchPolicy: 'cache-and-network',
    nextFetchPolicy: 'cache-first',
  });
  const job = data?.packageJob;
  const [isWatched, setIsWatched] = useState(false);
  // It stays true after the job has finished: the subscription of the list can be first, and it has fewer fields.
  if (job && !job.isFinished && !isWatched) setIsWatched(true);

  const watch = useSubscription(WatchJobDocument, {
    variables: { id },
    skip: !isWatched,
    onData: ({ data: { data } }) => {
      if (data?.packageJobUpdated?.isFinished) onFinished(data.packageJobUpdated);
    },
  });
  const retry = () => {
    if (watch.error) watch.restart();
    return refetch().catch(() => undefined);
  };
  // The subscription brings what has changed.
  const recover = () => (error ? retry() : Promise.resolve());
  return { job, error: useRecovery(error ?? watch.error, recover), retry: () => void retry() };
}

/**
 * Reads again after each reconnect, as what queries brought may be outdated then. Gives the error to show: while the page
 * reconnects, it says so, and an error without a response says nothing more.
 */
function useRecovery(problem: Error | undefined, recover: () => Promise<unknown>): Error | undefined {
  const connection = useConnection();
  const [isRecovering, setIsRecovering] = useState(false);
  if (connection === 'lost' && !isRecovering) setIsRecovering(true);
  if (connection === 'idle' && isRecovering) setIsRecovering(false);

  const reconnected = useEffectEvent(() => {
    void recover().finally(() => setIsRecovering(false));
  });
  useEffect(
    () => socket.on('connected', (_socket, _payload, isRetry) => void (isRetry && reconnected())),
    [],
  );
  return isRecovering && codeOf(problem) === undefined ? undefined : problem;
}
