import type DataLoader from 'dataloader';
import type {
  Detail,
  JobEntry,
  Jobs,
  PackageJobConnection,
  PackageJobsArguments,
  ReadContext,
} from '../jobs/jobs.ts';
import type { PackageJob } from '../jobs/model.ts';
import { OneState } from './one-state.ts';
import { asError, createPackageJobLoader } from './package-job.ts';
import { createPageLoader } from './package-jobs.ts';

/** What resolvers read with, for the length of one operation. */
export interface Loaders {
  /** The job may lack `outputUrl` (`undefined`), which lists leave out. */
  readonly packageJob: DataLoader<string, PackageJob | null>;
  /** The job has `outputUrl`. */
  readonly packageJobDetail: DataLoader<string, PackageJob | null>;
  /** Pages are not batched: every page is its own call. The same page is read once. */
  readonly packageJobs: DataLoader<PackageJobsArguments, PackageJobConnection, string>;
  /** What makes the operation show one state of each job. Other reads of the operation run in it too. */
  readonly oneState: OneState;
}

/** How the loaders read, and who is told what they read. */
export interface LoaderOptions {
  /** How much of a job of which nothing is known is read. `detail` spares another read where `outputUrl` is selected. */
  readonly detailOfUnknown: () => Detail;
  readonly onEntry: (id: string, entry: JobEntry) => void;
  readonly onPage: () => void;
}

/** Creates the loaders of one operation. */
export function createLoaders(
  jobs: Pick<Jobs, 'get' | 'peek' | 'list'>,
  context: ReadContext,
  { detailOfUnknown, onEntry, onPage }: LoaderOptions,
): Loaders {
  const oneState = new OneState((id) => jobs.peek(id));

  async function readDetail(id: string): Promise<PackageJob | null> {
    const entry = await jobs.get(id, context, 'detail');
    onEntry(id, entry);
    return entry.job;
  }

  async function readAll(ids: readonly string[]): Promise<(PackageJob | null | Error)[]> {
    const read = (id: string) =>
      jobs.get(id, context, jobs.peek(id) === undefined ? detailOfUnknown() : 'summary').then(
        (entry) => oneState.saw(id, entry),
        (error: unknown) => asError(error),
      );
    const failures = await oneState.hold(() => Promise.all(ids.map(read)));
    return ids.map((id, index) => failures[index] ?? shown(id));
  }

  function shown(id: string): PackageJob | null {
    const entry = oneState.latestEntry(id);
    if (entry !== undefined) onEntry(id, entry);
    return entry?.job ?? null;
  }

  return {
    packageJob: createPackageJobLoader(readAll),
    packageJobDetail: createPackageJobLoader((ids) =>
      Promise.all(ids.map((id) => readDetail(id).catch((error: unknown) => asError(error)))),
    ),
    packageJobs: createPageLoader((args) => {
      onPage();
      return oneState.holdPage(args, () => jobs.list(args, context));
    }),
    oneState,
  };
}
