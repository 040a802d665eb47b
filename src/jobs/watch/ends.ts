import type { CallContext, IceClient, ListQuery } from '../../ice/client.ts';
import { MAX_JOBS } from '../input.ts';
import type { JobStore } from '../store/store.ts';

/** The jobs that were created between these times, in milliseconds since 1970. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** What is looked for. */
export interface Look extends Window {
  readonly maxPages: number;
  /** Whether the job is watched and was unfinished when it was last read. */
  readonly isUnfinished: (id: string) => boolean;
  /** Looks with the same one take turns as one in the call budget. */
  readonly turnKey: object;
}

/**
 * Looks for jobs of a window that have ended, newest first, and stores what it finds of those that are watched or that memory knows
 * as unfinished. It resolves to the pages that it took. It never throws.
 */
export type LookForEnds = (look: Look) => Promise<number>;

/** How long a page may take, with its wait for the call budget, in milliseconds. */
const PAGE_TIMEOUT_MS = 1000;

/** The fewest pages that are worth a look: one for each way to end. */
export const LEAST_PAGES = 2;

/**
 * Where many jobs are unfinished and few of their time have ended, lists of what has ended are far shorter than those of what has
 * not. A list that lags shows an end late, but what it shows to have ended has.
 */
export function createLookForEnds(
  ice: Pick<IceClient, 'listPackageJobs'>,
  store: Pick<JobStore, 'peek' | 'ingest'>,
): LookForEnds {
  async function look(
    query: Pick<ListQuery, 'status' | 'startOfCreateTime' | 'endOfCreateTime'>,
    maxPages: number,
    { turnKey, isUnfinished }: Look,
  ): Promise<number> {
    let token: string | null = null;
    for (let page = 0; page < maxPages; page += 1) {
      const paged: ListQuery = {
        ...query,
        orderBy: 'CreateTimeDesc',
        pageSize: MAX_JOBS,
        ...(token !== null && { nextPageToken: token }),
      };
      const signal = AbortSignal.timeout(PAGE_TIMEOUT_MS);
      const context: CallContext = { signal, client: '', turnKey, onCall: () => undefined };
      const response = await ice.listPackageJobs(paged, context).catch(() => undefined);
      for (const job of response?.value.jobs ?? []) {
        if (isUnfinished(job.id) || store.peek(job.id)?.job?.status === 'INIT')
          store.ingest(job.id, { job, observedAt: response?.observedAt ?? 0, source: 'list' });
      }
      token = response?.value.nextPageToken ?? null;
      if (token === null) return page + 1;
    }
    return maxPages;
  }

  return async (given) => {
    const { from, to, maxPages } = given;
    // A second wider than needed, as ICE does not say whether its bounds are inclusive.
    const window = { startOfCreateTime: secondOf(from - 1000), endOfCreateTime: secondOf(to + 1000) };
    const pages = await Promise.all([
      look({ ...window, status: 'Success' }, maxPages - 1, given),
      look({ ...window, status: 'Fail' }, 1, given),
    ]);
    return pages[0] + pages[1];
  };
}

/** The window that jobs with these times of creation are in. There is none without a job. */
export function windowOf(createTimes: readonly string[]): Window | undefined {
  let [from, to] = [Infinity, -Infinity];
  for (const time of createTimes) {
    const at = Date.parse(time);
    from = Math.min(from, at);
    to = Math.max(to, at);
  }
  return from <= to ? { from, to } : undefined;
}

function secondOf(at: number): string {
  return new Date(Math.floor(at / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}
