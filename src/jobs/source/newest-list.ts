import type { CallContext, IceClient, ListQuery, Observed } from '../../ice/client.ts';
import type { IceJob, IceJobPage } from '../../ice/decode.ts';
import { MAX_JOBS } from '../input.ts';
import { FEW, PAGE_TIMEOUT_MS } from './unfinished-list.ts';

/** A job on a page, and when the call that listed it began, in milliseconds since 1970. */
export interface Listed {
  readonly job: IceJob;
  readonly observedAt: number;
}

/** What pages of the newest jobs showed. */
export interface NewestList {
  /** All jobs on the pages, by id. */
  readonly jobs: ReadonlyMap<string, Listed>;
  /** How many of the wanted ids are among them. */
  readonly found: number;
  readonly pages: number;
}

/** The most pages that stand in for gets. */
const MAX_PAGES = 20;

/**
 * Lists the account's newest jobs, whatever their state, page by page. It goes on for as long as a page shows more than a few of
 * the wanted ids, and more than a few are missing.
 *
 * @throws {IceError} when the first page fails; a later failure ends the listing
 */
export async function listNewest(
  wanted: ReadonlySet<string>,
  ice: Pick<IceClient, 'listPackageJobs'>,
  context: CallContext,
): Promise<NewestList> {
  const jobs = new Map<string, Listed>();
  const tokens = new Set<string>();
  let found = 0;
  let pages = 0;
  let token: string | null = null;
  while (pages < MAX_PAGES && wanted.size - found > FEW) {
    const query: ListQuery = {
      orderBy: 'CreateTimeDesc',
      pageSize: MAX_JOBS,
      ...(token === null ? {} : { nextPageToken: token }),
    };
    const response: Observed<IceJobPage> | undefined = await ice
      .listPackageJobs(query, {
        ...context,
        signal: AbortSignal.any([context.signal, AbortSignal.timeout(PAGE_TIMEOUT_MS)]),
      })
      .catch((error: unknown) => {
        if (pages === 0) throw error;
        return undefined;
      });
    if (response === undefined) break;
    pages += 1;
    const { value: page, observedAt }: Observed<IceJobPage> = response;
    const before = found;
    for (const job of page.jobs) {
      if (!jobs.has(job.id) && wanted.has(job.id)) found += 1;
      jobs.set(job.id, { job, observedAt });
    }
    token = page.nextPageToken;
    if (token === null || tokens.has(token) || found - before <= FEW) break;
    tokens.add(token);
  }
  return { jobs, found, pages };
}
