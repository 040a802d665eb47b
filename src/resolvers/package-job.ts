import type { NodeResolvers, PackageJobResolvers } from '../generated/graphql.ts';
import { isSameState } from '../jobs/freshness.ts';
import { isFinished, parseUserData, type PackageJob as Job } from '../jobs/model.ts';
import type { OperationContext } from './context.ts';

export const Node = { __resolveType: () => 'PackageJob' } satisfies NodeResolvers;

export const PackageJob = {
  isFinished: (job) => isFinished(job),
  outputUrl: (job, _args, context) =>
    job.outputUrl === undefined ? loadOutputUrl(job, context) : job.outputUrl,
  userDataJson: (job) => parseUserData(job.userData),
  pollAfterMs: (job, _args, { pollAfterMs }) => pollAfterMs(job),
} satisfies PackageJobResolvers;

/**
 * A listed job has no `outputUrl`; only a read of the job itself does. When the job has moved on meanwhile, the address
 * belongs to another state than the one shown.
 */
async function loadOutputUrl(job: Job, { loaders }: OperationContext): Promise<string | null> {
  const whole = await loaders.wholePackageJob.load(job.id);
  return whole !== null && isSameState(job, whole) ? (whole.outputUrl ?? null) : null;
}
