import type { CallContext, IceClient, Observed } from '../ice/client.ts';
import type { IceJob, IceJobPage } from '../ice/decode.ts';
import { MAX_JOBS } from './input.ts';

/** An unfinished job that is wanted again. */
export interface Wanted {
  readonly id: string;
  /** RFC 3339 in UTC. */
  readonly createTime: string;
}

/** What lists said about jobs that were wanted. */
export interface Listing {
  /** The unfinished jobs among them, and when the call that listed each began. */
  readonly unfinished: ReadonlyMap<string, { readonly job: IceJob; readonly observedAt: number }>;
  /** Those that no list speaks for, shown or not: they lie beyond the last page read. */
  readonly unread: readonly Wanted[];
}

/** With no more jobs than this left, asking for each costs no more calls than a list and its spot check. */
export const FEW = 3;

/** How long a page may take, its wait for the call budget included, in milliseconds; gets may be faster. */
const PATIENCE_MS = 1000;

/** A page that shows few wanted jobs is borne with for as many that are still to be found. */
const JOBS_PER_POOR_PAGE = 10;

/**
 * Lists the unfinished jobs created around the wanted ones, oldest first, page by page, for as long as a page can be
 * expected to replace more calls than it costs.
 *
 * Bounds are widened by a second, as ICE does not say whether they are inclusive.
 *
 * @throws {IceError} when the first page fails; a later failure ends the listing
 */
export async function listUnfinished(
  wanted: readonly Wanted[],
  ice: Pick<IceClient, 'listPackageJobs'>,
  context: CallContext,
): Promise<Listing> {
  const unfinished = new Map<string, { job: IceJob; observedAt: number }>();
  let left = wanted.toSorted((a, b) => Date.parse(a.createTime) - Date.parse(b.createTime));
  const end = shifted(left.at(-1), 1000);
  let start = shifted(left[0], -1000);
  let token: string | null = null;
  let hasLeapt = false;
  let poorPages = 0;

  while (left.length > 0) {
    const answer: Observed<IceJobPage> | undefined = await ice
      .listPackageJobs(
        {
          status: 'Init',
          orderBy: 'CreateTimeAsc',
          pageSize: MAX_JOBS,
          startOfCreateTime: start,
          endOfCreateTime: end,
          ...(token === null ? {} : { nextPageToken: token }),
        },
        { ...context, signal: AbortSignal.any([context.signal, AbortSignal.timeout(PATIENCE_MS)]) },
      )
      .catch((error: unknown) => {
        if (left.length === wanted.length) throw error;
        return undefined;
      });
    if (answer === undefined) break;
    const { value: page, observedAt }: Observed<IceJobPage> = answer;
    for (const job of page.jobs) unfinished.set(job.id, { job, observedAt });
    const before = left.length;
    left = page.nextPageToken === null ? [] : left.filter((job) => !isRead(job, page.jobs, unfinished));
    if (left.length <= FEW) break;
    token = page.nextPageToken;
    if (before - left.length > FEW) continue;
    // Others lie between the wanted ones: leap over them once, and read on while that should cost far less than gets.
    const next = shifted(left[0], -1000);
    poorPages += 1;
    if (!hasLeapt && next > start) {
      start = next;
      token = null;
      hasLeapt = true;
    } else if (
      poorPages > left.length / JOBS_PER_POOR_PAGE &&
      pagesFor(left, page.jobs) > left.length / FEW
    ) {
      break;
    }
  }
  return { unfinished, unread: left };
}

/** Whether a page, of a list in the order of creation, has shown the job or gone past its place. */
function isRead(
  { id, createTime }: Wanted,
  page: readonly IceJob[],
  unfinished: ReadonlyMap<string, unknown>,
): boolean {
  const last = page.at(-1)?.createTime;
  return unfinished.has(id) || (typeof last === 'string' && Date.parse(createTime) < Date.parse(last));
}

/** About how many pages it takes to read all that were created from the first to the last of these, by one such page. */
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
