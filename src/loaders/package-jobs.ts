import DataLoader from 'dataloader';
import type { PackageJobConnection, PackageJobsArguments } from '../jobs/jobs.ts';
import { asError } from './package-job.ts';

/** Loads pages of jobs for one GraphQL operation. The same page is read once. Each page is its own call. */
export function createPageLoader(list: (args: PackageJobsArguments) => Promise<PackageJobConnection>) {
  return new DataLoader<PackageJobsArguments, PackageJobConnection, string>(
    (pages) => Promise.all(pages.map((args) => list(args).catch((error: unknown) => asError(error)))),
    { name: 'packageJobs', cacheKeyFn: (args) => JSON.stringify(args) },
  );
}
