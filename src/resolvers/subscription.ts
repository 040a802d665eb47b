import type { SubscriptionResolvers } from '../generated/graphql.ts';
import { jobIds } from '../jobs/input.ts';
import type { JobUpdate } from '../jobs/updates.ts';

export const Subscription = {
  packageJobUpdated: {
    subscribe: (_root, { ids }, { watchJobs }) => watchJobs(jobIds('ids', ids)),
    resolve: (update: JobUpdate) => {
      if ('error' in update) throw update.error;
      return update.job;
    },
  },
} satisfies SubscriptionResolvers;
