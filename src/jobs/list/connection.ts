import type { ListQuery } from '../../ice/client.ts';
import { IceError } from '../../ice/errors.ts';
import { anchorsOf, countBefore, decodeCursor, encodeCursor, invalidCursor, type Cursor } from './cursor.ts';
import { beganWith, hasPassed, leadsNowhere, NO_WALK, passedOn, walkPast } from './walk.ts';
import { InputError } from '../errors.ts';
import { readFilter, timeText, wholeSecond, type FilterArgument } from '../filter.ts';
import { DEFAULT_PAGE_SIZE, MAX_JOBS } from '../input.ts';
import { EVERY_JOB, type IsVisible, type PackageJob } from '../model.ts';

/** The arguments of a list. `null` and absent mean the same. */
export interface PackageJobsArguments {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly filter?: FilterArgument | null;
  readonly orderBy?: 'CREATE_TIME_DESC' | 'CREATE_TIME_ASC' | null;
}

export interface PackageJobConnection {
  readonly edges: readonly { readonly cursor: string; readonly node: PackageJob }[];
  readonly nodes: readonly PackageJob[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

/** How ICE's pages can be wrong together. `overlap`: a page shows a job again. `circle`: a token leads back. */
export type ListViolation = 'overlap' | 'circle';

/** One call of ListPackageJobs. */
export type ReadPage = (query: ListQuery) => Promise<{
  readonly jobs: readonly PackageJob[];
  readonly nextPageToken: string | null;
}>;

type Scope = Omit<ListQuery, 'pageSize' | 'nextPageToken'>;

/** The most pages of a list that are read for one page of a connection. */
const MAX_PAGES = 5;

/**
 * Reads one page of a connection. It takes one page of ICE's where the cursor ends a page, as `endCursor` does. It takes two
 * where the cursor is inside a page, and more where jobs are left out.
 *
 * Pages can overlap. A job that the way to the cursor has passed is left out. A page that the way has been on is the end, and so
 * is the last of many that showed nothing new.
 *
 * @param onViolation is called when pages were wrong together
 * @param isVisible jobs that it refuses are not on the page. Neither are jobs whose latest known status is not that of the
 *   filter. Unless it is {@link EVERY_JOB}, `hasNextPage` is `false` when nothing more is to be seen, as far as the pages reach
 * @throws {InputError} for bad arguments, a cursor of another list, and one whose page ICE no longer has
 */
export async function readConnection(
  args: PackageJobsArguments,
  list: ReadPage,
  isVisible: IsVisible,
  onViolation: (violation: ListViolation) => void = () => undefined,
): Promise<PackageJobConnection> {
  const first = pageSizeOf(args.first);
  const query = scopeOf(args);
  const scope = JSON.stringify(query);
  const start = args.after === undefined || args.after === null ? null : decodeCursor(args.after, scope);
  const status = args.filter?.status ?? undefined;
  const isShown = (job: PackageJob) => (status === undefined || job.status === status) && isVisible(job);

  // Whoever sees few of the jobs needs long pages, and one job more: a next page with nothing to see would tell of others.
  const isRestricted = isVisible !== EVERY_JOB;
  const wanted = isRestricted ? first + 1 : first;
  const sizeFor = (size: number) => (isRestricted ? MAX_JOBS : size);
  const edges = new Map<string, Located>();
  let place: Cursor | null = start ?? { token: null, pageSize: sizeFor(first), after: null, walk: null };
  for (let page = 0; page < MAX_PAGES && place !== null && edges.size < wanted; page += 1) {
    const found = await readPage(place, query, list, (job) => !edges.has(job.id) && isShown(job));
    const shown = found.jobs;
    if (found.isCircle) onViolation('circle');
    if (found.repeated > 0) onViolation('overlap');
    const taken = shown.slice(0, wanted - edges.size);
    for (const located of taken) edges.set(located.job.id, located);
    const last = taken.at(-1);
    const hasRest = shown.length > taken.length;
    // Where jobs are left out, a page of just the jobs that are missing could leave out the same.
    const isWhole = shown.length === found.following;
    // A page that goes back by all of its jobs can be followed by one that goes on.
    const isRepeated = found.following > 0 && found.repeated === found.following;
    const pageSize = isRepeated ? MAX_JOBS : sizeFor(isWhole ? first - edges.size : first);
    place = hasRest && last !== undefined ? last.after : found.next && { ...found.next, pageSize };
  }
  const located = [...edges.values()];
  const rest = located.length > first ? (located[first - 1]?.after ?? null) : place;
  return connectionOf(located.slice(0, first), { start, rest, scope });
}

/** Where a page and the next one start, and the list that they are of. */
interface Bounds {
  readonly start: Cursor | null;
  readonly rest: Cursor | null;
  readonly scope: string;
}

function connectionOf(located: readonly Located[], { start, rest, scope }: Bounds): PackageJobConnection {
  const edges = located.map(({ job, after }) => ({ cursor: encodeCursor(after, scope), node: job }));
  return {
    edges,
    nodes: located.map(({ job }) => job),
    pageInfo: {
      hasNextPage: rest !== null,
      hasPreviousPage: start !== null,
      startCursor: edges[0]?.cursor ?? null,
      // A page can be empty although others follow.
      endCursor: edges.at(-1)?.cursor ?? (rest && encodeCursor(rest, scope)),
    },
  };
}

/** A job and the place after it. */
interface Located {
  readonly job: PackageJob;
  readonly after: Cursor;
}

/**
 * The jobs of a page after `place` that are new and shown, and where the next page starts. That is `null` on the last page. It
 * counts the jobs after the place too, and those of them that the way has passed before.
 */
async function readPage(place: Cursor, query: Scope, list: ReadPage, isShown: IsVisible) {
  const isAscending = query.orderBy === 'CreateTimeAsc';
  let { token, pageSize } = place;
  let { walk } = place;
  let scope = query;
  // Newer jobs may have pushed the place down its page, or onto one of the next.
  for (let page = 0; ; page += 1) {
    const found = await listFrom(token, pageSize, scope, list);
    const { jobs } = found;
    const isPassed = passedOn(walk ?? NO_WALK, isAscending);
    const past = walkPast(walk ?? NO_WALK, token, jobs, isAscending);
    const [begin] = jobs;
    // A token of the first page has another text than that page had. Where jobs have no times, this is all that tells.
    if (place.after === null && begin && !isPassed(begin) && beganWith(walk ?? NO_WALK, begin))
      return { jobs: [], next: null, following: 0, repeated: 0, isCircle: true };
    const isCircle =
      found.nextPageToken !== null && (hasPassed(past, found.nextPageToken) || leadsNowhere(past));
    const nextPageToken = isCircle ? null : found.nextPageToken;
    const next: Cursor | null =
      nextPageToken === null ? null : { ...place, token: nextPageToken, after: null, walk: past };
    const before = place.after === null ? 0 : countBefore(place.after, jobs, isAscending);
    if (before === undefined && nextPageToken !== null && page < MAX_PAGES) {
      [token, pageSize, walk] = [nextPageToken, MAX_JOBS, past];
      // Where even that does not do, the list begins at the place.
      const beginning = page === MAX_PAGES - 1 ? beginningAt(place, query) : undefined;
      if (beginning !== undefined) [token, scope, walk] = [null, beginning, place.walk];
      continue;
    }
    const anchors = anchorsOf(jobs);
    const after = jobs.map((job, index): Located => {
      return { job, after: { token, pageSize, after: anchors[index] ?? null, walk } };
    });
    const following = after.slice(before ?? jobs.length);
    const added = following.filter(({ job }) => !isPassed(job));
    const shown = added.filter(({ job }) => isShown(job));
    // The place after the last of them is the next page, even if jobs follow that are not shown.
    const last = shown.pop();
    if (last !== undefined) shown.push(next === null ? last : { ...last, after: next });
    const [all, repeated] = [following.length, following.length - added.length];
    return { jobs: shown, next, following: all, repeated, isCircle };
  }
}

/**
 * The list from the place on. Only a place on the first page of newest jobs needs it, which any number of newer jobs can have
 * pushed down. A second more is read, as ICE does not say whether its bounds are inclusive.
 */
function beginningAt({ token, after }: Cursor, query: Scope): Scope | undefined {
  if (token !== null || !after || after.createdAt === null || query.orderBy === 'CreateTimeAsc')
    return undefined;
  const endOfCreateTime = timeText(wholeSecond('after', after.createdAt + 1));
  const { endOfCreateTime: end = endOfCreateTime } = query;
  return { ...query, endOfCreateTime: end < endOfCreateTime ? end : endOfCreateTime };
}

/** ICE refuses a token that it did not give. Tokens only come from cursors, so the fault is the cursor's. */
async function listFrom(token: string | null, pageSize: number, query: Scope, list: ReadPage) {
  try {
    return await list({ ...query, pageSize, ...(token === null ? {} : { nextPageToken: token }) });
  } catch (error) {
    const refusal = error instanceof IceError ? (error.details.upstreamCode ?? '') : '';
    if (token !== null && /^Invalid(NextPageToken|NextToken|Parameter)/.test(refusal)) throw invalidCursor();
    throw error;
  }
}

/** How many jobs a page has at most. @throws {InputError} when that cannot be */
export function pageSizeOf(first: number | null | undefined): number {
  const size = first ?? DEFAULT_PAGE_SIZE;
  if (size >= 1 && size <= MAX_JOBS) return size;
  throw new InputError('first', `must be 1 to ${String(MAX_JOBS)}, got ${String(size)}`);
}

const STATUS_TEXT = { INIT: 'Init', SUCCESS: 'Success', FAIL: 'Fail' } as const;

/** The filter and order in ICE's words. The same list always gives the same object. */
export function scopeOf({ filter, orderBy }: PackageJobsArguments): Scope {
  const { status, createdFrom, createdTo } = readFilter(filter);
  return {
    orderBy: orderBy === 'CREATE_TIME_ASC' ? 'CreateTimeAsc' : 'CreateTimeDesc',
    ...(status && { status: STATUS_TEXT[status] }),
    ...(createdFrom !== undefined && { startOfCreateTime: timeText(createdFrom) }),
    ...(createdTo !== undefined && { endOfCreateTime: timeText(createdTo) }),
  };
}
