import type { NodeResolvers, PackageJobResolvers } from '../generated/graphql.ts';
import { isFinished, isSameState, parseUserData, type PackageJob as Job } from '../jobs/model.ts';
import type { OperationContext } from './context.ts';
import { ONE_JOB, withCosts } from './costs.ts';

export const Node = { __resolveType: () => 'PackageJob' } satisfies NodeResolvers;

export const PackageJob = {
  isFinished: (job) => isFinished(job),
  outputUrl: withCosts(ONE_JOB, (job, _args, context) =>
    job.outputUrl === undefined ? loadOutputUrl(job, context) : job.outputUrl,
  ),
  userDataJson: (job) => parseUserData(job.userData),
  pollAfterMs: (job, _args, { pollAfterMs }) => pollAfterMs(job),
} satisfies PackageJobResolvers;

/**
 * A listed job has no `outputUrl`. Only a read of the job itself has it. When the job has changed meanwhile, the address
 * belongs to another state than the one that is shown.
 */
async function loadOutputUrl(job: Job, { loaders }: OperationContext): Promise<string | null> {
  const detail = await loaders.packageJobDetail.load(job.id);
  return detail !== null && isSameState(job, detail) ? (detail.outputUrl ?? null) : null;
}
