import type { QueryResolvers } from '../generated/graphql.ts';
import { jobId, jobIds } from '../jobs/input.ts';

// Lists are lists of promises, not `loadMany`, so that a failed job is one error at its own place.
export const Query = {
  packageJob: (_root, { id, wait }, { packageJob }) => packageJob(jobId('id', id), wait),
  packageJobsById: (_root, { ids }, { loaders }) =>
    jobIds('ids', ids).map((id) => loaders.packageJob.load(id)),
  packageJobs: (_root, args, { loaders }) => loaders.packageJobs.load(args),
  node: (_root, { id }, { loaders }) => loaders.packageJob.load(jobId('id', id)),
  nodes: (_root, { ids }, { loaders }) => jobIds('ids', ids).map((id) => loaders.packageJob.load(id)),
} satisfies QueryResolvers;
