import type { CallContext, IceClient, ListQuery } from '../ice/client.ts';
import type { IceJob } from '../ice/decode.ts';
import { readConnection, type PackageJobConnection, type PackageJobsArguments } from './pagination.ts';
import type { PackageJob } from './model.ts';

/** Reads packaging jobs. Failed reads throw `IceError`, bad arguments `InputError`. */
export interface JobReader {
  /** The job with this id, or `null` when ICE does not know it. */
  get(id: string, context: CallContext): Promise<PackageJob | null>;
  /** A page of the account's jobs. */
  list(args: PackageJobsArguments, context: CallContext): Promise<PackageJobConnection>;
}

export function createJobReader(
  ice: Pick<IceClient, 'getPackageJob' | 'listPackageJobs'>,
  now: () => Date = () => new Date(),
): JobReader {
  const observe = (job: IceJob): PackageJob => ({ ...job, observedAt: now().toISOString() });

  return {
    async get(id, context) {
      const job = await ice.getPackageJob(id, context);
      return job === null ? null : observe({ ...job, outputUrl: job.outputUrl ?? null });
    },
    list(args, context) {
      return readConnection(args, async (query: ListQuery) => {
        const { jobs, nextPageToken } = await ice.listPackageJobs(query, context);
        return { jobs: jobs.map(observe), nextPageToken };
      });
    },
  };
}
