import type { SubscriptionResolvers } from '../generated/graphql.ts';
import { jobIds } from '../jobs/input.ts';
import type { JobUpdate } from '../jobs/jobs.ts';
import type { PackageJob } from '../jobs/model.ts';
import type { OperationContext } from './context.ts';
import { ALL_JOBS, costing, JOBS_BY_ID } from './costs.ts';

/** Shows a job as an update tells of it. */
function resolve(update: JobUpdate, _args: unknown, { loaders }: OperationContext): PackageJob {
  if ('error' in update) throw update.error;
  const { job, detailFailure } = update;
  // The detail was asked for before. An event that asked again could hold those of other jobs back.
  if (job.outputUrl === undefined) loaders.packageJobDetail.prime(job.id, detailFailure ?? job);
  return job;
}

export const Subscription = {
  packageJobUpdated: {
    ...costing(JOBS_BY_ID),
    subscribe: (_root, { ids }, { watchJobs }) => watchJobs(jobIds('ids', ids)),
    resolve,
  },
  packageJobsUpdated: {
    ...costing(ALL_JOBS),
    subscribe: (_root, { filter }, { watchAllJobs }) => watchAllJobs(filter),
    resolve,
  },
} satisfies SubscriptionResolvers;
