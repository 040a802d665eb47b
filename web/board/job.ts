import { useQuery, useSubscription } from '@apollo/client/react';
import { useState } from 'react';
import { JobDocument, WatchJobDocument } from './gql/graphql.ts';
import { tellEnd } from './news.ts';
import { useRecovery } from './recovery.ts';

/** One job with all fields, and live updates until it finishes. `null` when it does not exist. `id` must not change. */
export function useJob(id: string) {
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
      if (data?.packageJobUpdated?.isFinished) tellEnd(data.packageJobUpdated);
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
