import type { SubscriptionResolvers } from '../generated/graphql.ts';
import { jobIds } from '../jobs/input.ts';
import type { JobUpdate } from '../jobs/jobs.ts';
import { costing, JOBS_BY_ID } from './costs.ts';

export const Subscription = {
  packageJobUpdated: {
    ...costing(JOBS_BY_ID),
    subscribe: (_root, { ids }, { watchJobs }) => watchJobs(jobIds('ids', ids)),
    resolve: (update: JobUpdate) => {
      if ('error' in update) throw update.error;
      return update.job;
    },
  },
} satisfies SubscriptionResolvers;
