import type { ListQuery } from '../../ice/client.ts';
import { IceError } from '../../ice/errors.ts';
import { decodeCursor, encodeCursor, invalidCursor, type Cursor } from './cursor.ts';
import { InputError } from '../errors.ts';
import { MAX_JOBS } from '../input.ts';
import type { IsVisible, PackageJob } from '../model.ts';

/** The arguments of a list. `null` and absent mean the same. */
export interface PackageJobsArguments {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly filter?: {
    readonly status?: 'INIT' | 'SUCCESS' | 'FAIL' | 'UNKNOWN' | null;
    readonly createdFrom?: Date | null;
    readonly createdTo?: Date | null;
  } | null;
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
 * where the cursor is inside a page.
 *
 * @param isVisible jobs that it refuses are not on the page, and no cursor names them
 * @throws {InputError} for bad arguments, a cursor of another list, and one whose place ICE no longer has
 */
export async function readConnection(
  args: PackageJobsArguments,
  list: ReadPage,
  isVisible: IsVisible,
): Promise<PackageJobConnection> {
  const first = pageSizeOf(args.first);
  const query = scopeOf(args);
  const scope = JSON.stringify(query);
  const start = args.after === undefined || args.after === null ? null : decodeCursor(args.after, scope);

  const edges: { cursor: string; node: PackageJob }[] = [];
  let place: Cursor | null = start ?? { token: null, pageSize: first, position: 0, afterId: null };
  for (let page = 0; page < MAX_PAGES && place !== null && edges.length < first; page += 1) {
    const found = await readPage(place, query, list);
    const visible = found.jobs.filter(({ job }) => isVisible(job));
    const taken = visible.slice(0, first - edges.length);
    edges.push(...taken.map(({ job, after }) => ({ cursor: encodeCursor(after, scope), node: job })));
    const last = taken.at(-1);
    const rest = visible.length > taken.length;
    place =
      rest && last !== undefined
        ? last.after
        : found.next && { ...found.next, pageSize: first - edges.length };
  }
  return {
    edges,
    nodes: edges.map((edge) => edge.node),
    pageInfo: {
      hasNextPage: place !== null,
      hasPreviousPage: start !== null,
      startCursor: edges[0]?.cursor ?? null,
      // A page can be empty although others follow.
      endCursor: edges.at(-1)?.cursor ?? (place && encodeCursor(place, scope)),
    },
  };
}

/** A job and the place after it. */
interface Located {
  readonly job: PackageJob;
  readonly after: Cursor;
}

/** The jobs of a page after `place`, and where the next page starts. That is `null` on the last page. */
async function readPage(place: Cursor, query: Scope, list: ReadPage) {
  let { token, position } = place;
  // Newer jobs may have pushed the place down its page, or onto one of the next.
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer = await listFrom(token, place.pageSize, query, list);
    const next = answer.nextPageToken === null ? null : startOf(answer.nextPageToken, place.pageSize);
    const from = indexAfter(answer.jobs, place.afterId, position);
    if (from !== undefined) {
      const locate = (job: PackageJob, index: number): Located => ({
        job,
        after:
          index === answer.jobs.length - 1 && next !== null
            ? next
            : { token, pageSize: place.pageSize, position: index + 1, afterId: job.id },
      });
      return { jobs: answer.jobs.map(locate).slice(from), next };
    }
    if (next === null) break;
    token = next.token;
    position = 0;
  }
  throw invalidCursor();
}

function startOf(token: string, pageSize: number): Cursor {
  return { token, pageSize, position: 0, afterId: null };
}

/** The index after the job `afterId`. It is `undefined` when the page lacks the job. */
function indexAfter(
  jobs: readonly PackageJob[],
  afterId: string | null,
  position: number,
): number | undefined {
  if (afterId === null) return 0;
  if (jobs[position - 1]?.id === afterId) return position;
  const index = jobs.findIndex((job) => job.id === afterId);
  return index === -1 ? undefined : index + 1;
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

function pageSizeOf(first: number | null | undefined): number {
  const size = first ?? 20;
  if (size >= 1 && size <= MAX_JOBS) return size;
  throw new InputError('first', `must be 1 to ${String(MAX_JOBS)}, got ${String(size)}`);
}

const STATUS_TEXT = { INIT: 'Init', SUCCESS: 'Success', FAIL: 'Fail' } as const;

/** The filter and order in ICE's words. The same list always gives the same object. */
function scopeOf({ filter, orderBy }: PackageJobsArguments): Scope {
  const { status, createdFrom, createdTo } = filter ?? {};
  if (status === 'UNKNOWN')
    throw new InputError('filter.status', 'cannot be UNKNOWN: ICE does not list by it');
  if (createdFrom && createdTo && createdFrom > createdTo) {
    throw new InputError('filter.createdFrom', 'must not be after `filter.createdTo`');
  }
  return {
    orderBy: orderBy === 'CREATE_TIME_ASC' ? 'CreateTimeAsc' : 'CreateTimeDesc',
    ...(status && { status: STATUS_TEXT[status] }),
    // ICE counts whole seconds. A fraction rounds inwards, so that no job outside the range is shown.
    ...(createdFrom && {
      startOfCreateTime: seconds('filter.createdFrom', Math.ceil(createdFrom.getTime() / 1000)),
    }),
    ...(createdTo && {
      endOfCreateTime: seconds('filter.createdTo', Math.floor(createdTo.getTime() / 1000)),
    }),
  };
}

function seconds(argument: string, secondsSinceEpoch: number): string {
  const text = new Date(secondsSinceEpoch * 1000).toISOString().replace('.000Z', 'Z');
  if (/^\d{4}-/.test(text)) return text;
  throw new InputError(argument, 'must be in the years 0 to 9999');
}
