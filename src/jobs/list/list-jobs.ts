import type { IceClient, ListQuery } from '../../ice/client.ts';
import type { IceJob } from '../../ice/decode.ts';
import type { JobsEmitter } from '../events.ts';
import { isSameState, observed, type IsVisible, type PackageJob } from '../model.ts';
import type { JobEntry } from '../store/entry.ts';
import type { JobStore, ReadContext } from '../store/store.ts';
import { readGivenJobs } from './given-jobs.ts';
import { readConnection, type PackageJobConnection, type PackageJobsArguments } from './connection.ts';

/** Reads a page of the account's jobs, or of given ones. See {@link readConnection} and {@link readGivenJobs}. */
export type ListJobs = (
  args: PackageJobsArguments,
  context: ReadContext,
  isVisible: IsVisible,
  given?: () => Promise<readonly JobEntry[]>,
) => Promise<PackageJobConnection>;

/**
 * Every state on a page goes into the store. The page shows the latest known state of each job. A list counts among the reads
 * of its client while it is in flight.
 *
 * @param onListed is told of each job that a page shows
 */
export function createListJobs(
  ice: Pick<IceClient, 'listPackageJobs'>,
  store: Pick<JobStore, 'ingest' | 'reads'>,
  events?: Pick<JobsEmitter, 'emit'>,
  onListed: (id: string, entry: JobEntry) => void = () => undefined,
): ListJobs {
  const readGiven = async (given: () => Promise<readonly JobEntry[]>) => {
    const entries = await given();
    return entries.flatMap((entry) => {
      if (entry.job === null) return [];
      onListed(entry.job.id, entry);
      return [entry.job];
    });
  };
  return (args, context, isVisible, given) => {
    if (given !== undefined) return readGivenJobs(args, () => readGiven(given));
    const readPage = async (query: ListQuery) => {
      const end = store.reads.begin(context.client);
      const { value, observedAt } = await ice.listPackageJobs(query, context).finally(end);
      const latest = (job: IceJob): PackageJob => {
        const entry = store.ingest(job.id, { job, observedAt, source: 'list' });
        const { job: known } = entry;
        onListed(job.id, entry);
        // A job that a later read did not find stays on the page that shows it.
        if (known === null) return observed(job, observedAt);
        // The list shows the known state too. The store does not take that for news, as the list may lag.
        return isSameState(known, job) && Date.parse(known.observedAt) < observedAt
          ? observed(known, observedAt)
          : known;
      };
      return { jobs: value.jobs.map(latest), nextPageToken: value.nextPageToken };
    };
    return readConnection(
      args,
      readPage,
      isVisible,
      (violation) => void events?.emit('listViolation', violation),
    );
  };
}
