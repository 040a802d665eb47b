import type DataLoader from 'dataloader';
import type { PackageJob } from '../jobs/model.ts';
import type { PackageJobConnection, PackageJobsArguments } from '../jobs/pagination.ts';
import type { JobReader } from '../jobs/reader.ts';
import type { ReadContext } from '../jobs/store.ts';
import { createPackageJobLoader } from './package-job.ts';
import { createPageLoader } from './package-jobs.ts';

/** What resolvers read with, for the length of one operation. */
export interface Loaders {
  /** May lack `outputUrl` (`undefined`), which lists leave out. */
  readonly packageJob: DataLoader<string, PackageJob | null>;
  /** Has `outputUrl`. */
  readonly wholePackageJob: DataLoader<string, PackageJob | null>;
  /** Not batched: every page is its own call. The same page is read once. */
  readonly packageJobs: DataLoader<PackageJobsArguments, PackageJobConnection, string>;
}

/** Make these once per operation. */
export function createLoaders(jobs: JobReader, context: ReadContext): Loaders {
  return {
    packageJob: createPackageJobLoader((id) => jobs.get(id, context, 'listed')),
    wholePackageJob: createPackageJobLoader((id) => jobs.get(id, context, 'whole')),
    packageJobs: createPageLoader((args) => jobs.list(args, context)),
  };
}
