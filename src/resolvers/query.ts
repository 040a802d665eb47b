import type { QueryResolvers } from '../generated/graphql.ts';
import { jobId, jobIds } from '../jobs/input.ts';
import { AWAITED_JOB, JOBS_BY_ID, ONE_JOB, PAGE_OF_JOBS, withCosts } from './costs.ts';

// A list is a list of promises, not `loadMany`, so that a failed job is one error at its own place.
export const Query = {
  packageJob: withCosts(AWAITED_JOB, (_root, { id, wait }, { packageJob }) =>
    packageJob(jobId('id', id), wait),
  ),
  packageJobsById: withCosts(JOBS_BY_ID, (_root, { ids }, { loaders }) =>
    jobIds('ids', ids).map((id) => loaders.packageJob.load(id)),
  ),
  packageJobs: withCosts(PAGE_OF_JOBS, (_root, args, { loaders }) => loaders.packageJobs.load(args)),
  node: withCosts(ONE_JOB, (_root, { id }, { loaders }) => loaders.packageJob.load(jobId('id', id))),
  nodes: withCosts(JOBS_BY_ID, (_root, { ids }, { loaders }) =>
    jobIds('ids', ids).map((id) => loaders.packageJob.load(id)),
  ),
  viewer: (_root, _args, { viewer }) => viewer(),
} satisfies QueryResolvers;
