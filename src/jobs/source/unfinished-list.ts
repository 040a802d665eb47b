import type { CallContext, IceClient, Observed } from '../../ice/client.ts';
import type { IceJob, IceJobPage } from '../../ice/decode.ts';
import { MAX_JOBS } from '../input.ts';

/** An unfinished job that is wanted again. */
export interface Wanted {
  readonly id: string;
  /** RFC 3339 in UTC. */
  readonly createTime: string;
}

/** What lists said about wanted jobs. */
export interface UnfinishedList {
  /** The unfinished jobs among them, and when the call that listed each began. */
  readonly unfinished: ReadonlyMap<string, { readonly job: IceJob; readonly observedAt: number }>;
  /** The wanted jobs beyond the last page that was read. The lists say nothing of them. */
  readonly unread: readonly Wanted[];
}

/** For this many jobs or fewer, gets cost no more calls than a list and its spot check. */
export const FEW = 3;

/** How long a page may take, with its wait for the call budget, in milliseconds. After that gets may be faster. */
const PAGE_TIMEOUT_MS = 1000;

/** Tolerate one poor page for every 10 jobs still missing. */
const JOBS_PER_POOR_PAGE = 10;

/**
 * Lists the unfinished jobs that were created around the wanted ones, oldest first, page by page. It goes on for as long as
 * a page should replace more calls than it costs.
 *
 * The bounds are a second wider than needed, as ICE does not say whether they are inclusive.
 *
 * @throws {IceError} when the first page fails; a later failure ends the listing
 */
export async function listUnfinished(
  wanted: readonly Wanted[],
  ice: Pick<IceClient, 'listPackageJobs'>,
  context: CallContext,
): Promise<UnfinishedList> {
  const unfinished = new Map<string, { job: IceJob; observedAt: number }>();
  let left = wanted.toSorted((a, b) => Date.parse(a.createTime) - Date.parse(b.createTime));
  const end = shifted(left.at(-1), 1000);
  let start = shifted(left[0], -1000);
  let token: string | null = null;
  let hasLeapt = false;
  const tokens = new Set<string>();
  let poorPages = 0;

  while (left.length > 0) {
    const response: Observed<IceJobPage> | undefined = await ice
      .listPackageJobs(
        {
          status: 'Init',
          orderBy: 'CreateTimeAsc',
          pageSize: MAX_JOBS,
          startOfCreateTime: start,
          endOfCreateTime: end,
          ...(token === null ? {} : { nextPageToken: token }),
        },
        { ...context, signal: AbortSignal.any([context.signal, AbortSignal.timeout(PAGE_TIMEOUT_MS)]) },
      )
      .catch((error: unknown) => {
        if (left.length === wanted.length) throw error;
        return undefined;
      });
    if (response === undefined) break;
    const { value: page, observedAt }: Observed<IceJobPage> = response;
    for (const job of page.jobs) unfinished.set(job.id, { job, observedAt });
    const before = left.length;
    left = page.nextPageToken === null ? [] : left.filter((job) => !isRead(job, page.jobs, unfinished));
    if (left.length <= FEW) break;
    token = page.nextPageToken;
    // A token that was there before leads in a circle.
    if (token === null || tokens.has(token)) break;
    tokens.add(token);
    if (before - left.length > FEW) continue;
    // Other jobs lie between the wanted ones. Leap over them once. Read on while that should cost far less than gets.
    const next = shifted(left[0], -1000);
    poorPages += 1;
    if (!hasLeapt && next > start) {
      start = next;
      token = null;
      hasLeapt = true;
      tokens.clear();
    } else if (
      poorPages > left.length ||
      (poorPages > left.length / JOBS_PER_POOR_PAGE && pagesFor(left, page.jobs) > left.length / FEW)
    ) {
      break;
    }
  }
  return { unfinished, unread: left };
}

/** Whether a page of a list in the order of creation has shown the job or gone past its place. */
function isRead(
  { id, createTime }: Wanted,
  page: readonly IceJob[],
  unfinished: ReadonlyMap<string, unknown>,
): boolean {
  const last = page.at(-1)?.createTime;
  return unfinished.has(id) || (typeof last === 'string' && Date.parse(createTime) < Date.parse(last));
}

/** About how many pages hold all jobs from the first to the last of these. It assumes that each is like this page. */
function pagesFor(left: readonly Wanted[], page: readonly IceJob[]): number {
  const shownMs = Math.max(1000, spanMs(page.at(0)?.createTime, page.at(-1)?.createTime));
  return spanMs(left.at(0)?.createTime, left.at(-1)?.createTime) / shownMs;
}

function spanMs(from: string | null | undefined, to: string | null | undefined): number {
  return from && to ? Date.parse(to) - Date.parse(from) : 0;
}

function shifted(job: Wanted | undefined, byMs: number): string {
  const seconds = Math.floor((Date.parse(job?.createTime ?? '') + byMs) / 1000);
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
