import type { SubscriptionResolvers } from '../generated/graphql.ts';
import { jobIds } from '../jobs/input.ts';
import type { JobUpdate } from '../jobs/jobs.ts';
import type { OperationContext } from './context.ts';
import { costing, JOBS_BY_ID } from './costs.ts';

export const Subscription = {
  packageJobUpdated: {
    ...costing(JOBS_BY_ID),
    subscribe: (_root, { ids }, { watchJobs }) => watchJobs(jobIds('ids', ids)),
    resolve: (update: JobUpdate, _args: unknown, { loaders }: OperationContext) => {
      if ('error' in update) throw update.error;
      const { job, detailFailure } = update;
      // The watcher has asked for the detail. An event that asked again could hold those of other jobs back.
      if (job.outputUrl === undefined) loaders.packageJobDetail.prime(job.id, detailFailure ?? job);
      return job;
    },
  },
} satisfies SubscriptionResolvers;
