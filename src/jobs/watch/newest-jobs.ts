import { BOUNDS } from '../../bounds.ts';
import type { CallContext, IceClient, ListQuery, Observed } from '../../ice/client.ts';
import type { IceJob, IceJobPage } from '../../ice/decode.ts';
import { OverloadedError } from '../errors.ts';
import { MAX_JOBS } from '../input.ts';

/** The most pages that are read for one look. They have as many jobs as the log of changes can have. */
const MAX_PAGES = Math.ceil(BOUNDS.accountChanges.max / MAX_JOBS);

/**
 * The most pages that are read for jobs that are listed late. Where more jobs than these hold are created within the time that a
 * job may be late by, it is found with the next list of unfinished jobs.
 */
const MAX_LATE_PAGES = 10;

type Lists = Pick<IceClient, 'listPackageJobs'>;
type OnJob = (job: IceJob, observedAt: number) => void;

/** How far a look at the newest jobs went. Times are milliseconds since 1970, by ICE's clock. */
export interface Look {
  /** When the newest job was created. It is infinitely long ago when no job says. */
  readonly newestAt: number;
  /** Every job that was created after this was shown. It is infinitely long ago when all jobs were shown. */
  readonly completeAfter: number;
}

/** How far a look is to reach back. Times are milliseconds since 1970, by ICE's clock. */
export interface Reach {
  /** How far it has to reach, so that no new job is lost. */
  readonly least: number;
  /** How far it should reach, so that it also shows jobs that are listed late, by when the newest job was created. */
  readonly untilOf: (newestAt: number) => number;
}

/** When ICE says that the job came to be. It is `undefined` when ICE does not say. */
export function bornAt({
  createTime,
  submitTime,
}: Pick<IceJob, 'createTime' | 'submitTime'>): number | undefined {
  const text = createTime ?? submitTime;
  return text === null ? undefined : Date.parse(text);
}

/**
 * Reads the newest jobs, page by page, until one reaches back far enough. Jobs can be listed late, and out of order, so a look
 * has to reach back further than the last one began.
 *
 * @param onJob is called with each job, the oldest of a page first
 * @throws {IceError} when a page fails. What was read before it counts
 * @throws {OverloadedError} when there are more jobs than one look reads
 */
export async function readNewest(
  ice: Lists,
  context: CallContext,
  { least, untilOf }: Reach,
  onJob: OnJob,
): Promise<Look> {
  let pagesRead = 0;
  let newestAt = Number.NEGATIVE_INFINITY;
  let completeAfter = Number.NEGATIVE_INFINITY;
  for await (const {
    value: { jobs, nextPageToken },
    observedAt,
  } of pages(ice, {}, context, MAX_PAGES)) {
    for (const job of jobs) newestAt = Math.max(newestAt, bornAt(job) ?? newestAt);
    for (const job of jobs.toReversed()) onJob(job, observedAt);
    const last = jobs.at(-1);
    completeAfter =
      nextPageToken === null || !last ? Number.NEGATIVE_INFINITY : (bornAt(last) ?? completeAfter);
    pagesRead += 1;
    const until = pagesRead < MAX_LATE_PAGES ? untilOf(newestAt) : least;
    if (last !== undefined && completeAfter <= until) break;
  }
  if (completeAfter > least) throw new OverloadedError('More jobs are new than the gateway reads at once');
  return { newestAt, completeAfter };
}

/**
 * Reads the unfinished jobs, the newest first, until `isEnough`.
 *
 * @returns whether these are all
 * @throws {IceError} when a page fails. What was read before it counts
 */
export async function readUnfinished(
  ice: Lists,
  context: CallContext,
  isEnough: () => boolean,
  onJob: OnJob,
): Promise<boolean> {
  for await (const {
    value: { jobs, nextPageToken },
    observedAt,
  } of pages(ice, { status: 'Init' }, context, MAX_PAGES)) {
    for (const job of jobs) onJob(job, observedAt);
    if (nextPageToken === null) return true;
    if (isEnough()) break;
  }
  return false;
}

/** At most so many pages of a list, the newest jobs first. A token that was there before leads in a circle, so it is the end. */
async function* pages(
  ice: Lists,
  query: Pick<ListQuery, 'status'>,
  context: CallContext,
  max: number,
): AsyncGenerator<Observed<IceJobPage>, void> {
  const tokens = new Set<string>();
  let token: string | null = null;
  for (let page = 0; page < max; page += 1) {
    const found: Observed<IceJobPage> = await ice.listPackageJobs(
      {
        ...query,
        orderBy: 'CreateTimeDesc',
        pageSize: MAX_JOBS,
        ...(token === null ? {} : { nextPageToken: token }),
      },
      context,
    );
    yield found;
    token = found.value.nextPageToken;
    if (token === null || tokens.has(token)) return;
    tokens.add(token);
  }
}
