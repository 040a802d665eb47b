import type { IceClient, ListQuery } from '../ice/client.ts';
import type { IceJob } from '../ice/decode.ts';
import { readConnection, type PackageJobConnection, type PackageJobsArguments } from './pagination.ts';
import { observed, type PackageJob } from './model.ts';
import type { JobStore, ReadContext } from './store.ts';

/** Reads packaging jobs. Failed reads throw `IceError`, bad arguments `InputError`. */
export interface JobReader {
  /** The job with this id, or `null` when ICE does not know it; `whole` has `outputUrl`. */
  get(id: string, context: ReadContext, part: 'listed' | 'whole'): Promise<PackageJob | null>;
  /** A page of the account's jobs. */
  list(args: PackageJobsArguments, context: ReadContext): Promise<PackageJobConnection>;
}

/** Every state read goes into the store, and the latest known comes out of it. */
export function createJobReader(ice: Pick<IceClient, 'listPackageJobs'>, store: JobStore): JobReader {
  return {
    get: (id, context, part) => store.get(id, context, part),
    list: (args, context) => {
      context.listed?.();
      return readConnection(args, async (query: ListQuery) => {
        const { value, observedAt } = await ice.listPackageJobs(query, context);
        // A job that a later read did not find stays on the page that shows it.
        const latest = (job: IceJob): PackageJob =>
          store.learn(job.id, { job, observedAt, source: 'list' }).job ?? observed(job, observedAt);
        return { jobs: value.jobs.map(latest), nextPageToken: value.nextPageToken };
      });
    },
  };
}
