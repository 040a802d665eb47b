import type DataLoader from 'dataloader';
import type {
  JobEntry,
  Jobs,
  PackageJobConnection,
  PackageJobsArguments,
  ReadContext,
} from '../jobs/jobs.ts';
import type { PackageJob } from '../jobs/model.ts';
import { createPackageJobLoader } from './package-job.ts';
import { createPageLoader } from './package-jobs.ts';

/** What resolvers read with, for the length of one operation. */
export interface Loaders {
  /** The job may lack `outputUrl` (`undefined`), which lists leave out. */
  readonly packageJob: DataLoader<string, PackageJob | null>;
  /** The job has `outputUrl`. */
  readonly packageJobDetail: DataLoader<string, PackageJob | null>;
  /** Pages are not batched: every page is its own call. The same page is read once. */
  readonly packageJobs: DataLoader<PackageJobsArguments, PackageJobConnection, string>;
}

/** Is told what the loaders read. */
export interface LoaderEvents {
  readonly onEntry: (id: string, entry: JobEntry) => void;
  readonly onPage: () => void;
}

/** Creates the loaders of one operation. */
export function createLoaders(
  jobs: Pick<Jobs, 'get' | 'list'>,
  context: ReadContext,
  { onEntry, onPage }: LoaderEvents,
): Loaders {
  async function read(id: string, detail: 'summary' | 'detail'): Promise<PackageJob | null> {
    const entry = await jobs.get(id, context, detail);
    onEntry(id, entry);
    return entry.job;
  }
  return {
    packageJob: createPackageJobLoader((id) => read(id, 'summary')),
    packageJobDetail: createPackageJobLoader((id) => read(id, 'detail')),
    packageJobs: createPageLoader((args) => {
      onPage();
      return jobs.list(args, context);
    }),
  };
}
