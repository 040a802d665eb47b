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
  /** The wanted jobs that no page was read for, as gets cost less. The lists say nothing of them. */
  readonly unread: readonly Wanted[];
  /** The wanted jobs whose pages were to be read when one failed. */
  readonly missed: readonly Wanted[];
}

/** For this many jobs or fewer, gets cost no more calls than a list and its spot check. */
export const FEW = 3;

/** How long a page may take, with its wait for the call budget, in milliseconds. After that gets may be faster. */
export const PAGE_TIMEOUT_MS = 1000;

/** A page that shows fewer wanted jobs is a poor one. Gets would have cost no more. */
const POOR = 2;

/** Tolerate one poor page for every 10 jobs still missing. */
const JOBS_PER_POOR_PAGE = 10;

/**
 * Lists the unfinished jobs that were created around the wanted ones, oldest first, page by page. Each page begins at the next
 * wanted job: right after the last page, or beyond it where no wanted job was created for a time. So no page is read twice, and
 * none that shows no wanted job, but where more jobs than a page holds were created in a second.
 *
 * Where pages are poor, wanted jobs are left to gets: two, then four, eight and so on until a page is no poor one again.
 *
 * The bounds are a second wider than needed, as ICE does not say whether they are inclusive.
 *
 * @param onMissing is told at once of wanted jobs whose place a page has passed without showing them
 * @throws {IceError} when the first page fails; a later failure ends the listing
 */
export async function listUnfinished(
  wanted: readonly Wanted[],
  ice: Pick<IceClient, 'listPackageJobs'>,
  context: CallContext,
  onMissing: (missing: readonly Wanted[]) => void = () => undefined,
): Promise<UnfinishedList> {
  const unfinished = new Map<string, { job: IceJob; observedAt: number }>();
  const unread: Wanted[] = [];
  const tokens = new Set<string>();
  let left = wanted
    .map((job) => ({ ...job, at: Date.parse(job.createTime) }))
    .toSorted((a, b) => a.at - b.at);
  const end = shifted(left.at(-1)?.at, 1000);
  let start = shifted(left[0]?.at, -1000);
  let token: string | null = null;
  let [poorPages, leave, hasFailed] = [0, 2, false];

  while (left.length > 0) {
    const response: Observed<IceJobPage> | undefined = await readPage(
      ice,
      { start, end, token },
      context,
    ).catch((error: unknown) => {
      if (left.length === wanted.length) throw error;
      return undefined;
    });
    if (response === undefined) {
      hasFailed = true;
      break;
    }
    const { value: page, observedAt }: Observed<IceJobPage> = response;
    for (const job of page.jobs) unfinished.set(job.id, { job, observedAt });
    token = page.nextPageToken;
    const lastAt = token === null ? Infinity : Date.parse(page.jobs.at(-1)?.createTime ?? '');
    const isRead = ({ id, at }: { id: string; at: number }) => at < lastAt || unfinished.has(id);
    const before = left.length;
    const missing = left.filter((job) => isRead(job) && !unfinished.has(job.id));
    left = left.filter((job) => !isRead(job));
    if (missing.length > 0) onMissing(missing);
    if (token === null || left.length <= FEW) break;
    if (before - left.length >= POOR) leave = 2;
    else {
      poorPages += 1;
      if (poorPages > left.length / JOBS_PER_POOR_PAGE) {
        unread.push(...left.splice(0, leave));
        leave *= 2;
      }
    }
    const next = shifted(left[0]?.at, -1000);
    if (next > start && Date.parse(next) > lastAt) {
      start = next;
      token = null;
      tokens.clear();
    } else if (tokens.has(token)) break;
    else tokens.add(token);
  }
  return hasFailed
    ? { unfinished, unread, missed: left }
    : { unfinished, unread: [...unread, ...left], missed: [] };
}

/** Reads a page of unfinished jobs, oldest first. */
function readPage(
  ice: Pick<IceClient, 'listPackageJobs'>,
  { start, end, token }: { readonly start: string; readonly end: string; readonly token: string | null },
  context: CallContext,
): Promise<Observed<IceJobPage>> {
  return ice.listPackageJobs(
    {
      status: 'Init',
      orderBy: 'CreateTimeAsc',
      pageSize: MAX_JOBS,
      startOfCreateTime: start,
      endOfCreateTime: end,
      ...(token === null ? {} : { nextPageToken: token }),
    },
    { ...context, signal: AbortSignal.any([context.signal, AbortSignal.timeout(PAGE_TIMEOUT_MS)]) },
  );
}

/** @param at in milliseconds since 1970 */
function shifted(at = 0, byMs: number): string {
  const seconds = Math.floor((at + byMs) / 1000);
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
