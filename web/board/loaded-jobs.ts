import type { JobsQuery, JobSummaryFragment } from './gql/graphql.ts';

export type Job = JobSummaryFragment;
/** A page as the gateway sends it. */
export type Page = NonNullable<JobsQuery['packageJobs']>;

/** What a list shows of the jobs that ICE has. It is never changed: each function returns another one. */
export interface LoadedJobs {
  /** The rows, in the order of the list. */
  readonly jobs: readonly Job[];
  /** Jobs that have come while the list is held, in no order. */
  readonly waiting: readonly Job[];
  readonly isHeld: boolean;
  /** Rows that have just come, and rows that do not match the filter any more. */
  readonly marks: ReadonlyMap<string, 'new' | 'leaving'>;
  readonly hasNextPage: boolean;
  readonly endCursor: string | undefined;
}

export const NOTHING_LOADED: LoadedJobs = {
  jobs: [],
  waiting: [],
  isHeld: false,
  marks: new Map(),
  hasNextPage: false,
  endCursor: undefined,
};

export type IsOldestFirst = boolean;

/** Adds a page behind the last one. A job that came by itself meanwhile is on it as well. */
export function append(list: LoadedJobs, page: Page): LoadedJobs {
  const known = new Set(list.jobs.map(({ id }) => id));
  const added = page.edges.flatMap(({ node }) => (known.has(node.id) ? [] : [node]));
  return { ...list, ...endOf(page), jobs: [...list.jobs, ...added] };
}

/**
 * Puts a page in the place of what the list has of the same time: from its start to the page's last job. `undefined`: the page ends
 * before any job that the list has, so there may be others between.
 */
export function replaceStart(list: LoadedJobs, page: Page): LoadedJobs | undefined {
  const fresh = page.edges.map(({ node }) => node);
  if (!page.pageInfo.hasNextPage) return { ...list, ...endOf(page), jobs: fresh, waiting: [] };
  const ids = new Set(fresh.map(({ id }) => id));
  const last = list.jobs.findLastIndex(({ id }) => ids.has(id));
  if (last === -1) return undefined;
  return { ...list, jobs: [...fresh, ...list.jobs.slice(last + 1)], waiting: [] };
}

/**
 * Applies a change that was pushed. A job of the list stays where it is. Where it does not match any more, it is marked until
 * {@link unmark}. Another one that matches comes into its place, or waits while the list is held. One behind the last page is left
 * to the next page.
 */
export function applyChange(
  list: LoadedJobs,
  job: Job,
  isMatch: boolean,
  isOldestFirst: IsOldestFirst,
): LoadedJobs {
  const index = list.jobs.findIndex(({ id }) => id === job.id);
  const shown = list.jobs[index];
  // What a page brought can be later than a change that was pushed before.
  if (shown?.isFinished && !job.isFinished) return list;
  if (shown)
    return { ...mark(list, job.id, isMatch ? undefined : 'leaving'), jobs: list.jobs.with(index, job) };

  const others = list.waiting.filter(({ id }) => id !== job.id);
  const waiting = others.length === list.waiting.length ? list.waiting : others;
  const isBehind = list.hasNextPage && placeOf(job, list.jobs, isOldestFirst) === list.jobs.length;
  if (!isMatch || isBehind) return { ...list, waiting };
  if (list.isHeld) return { ...list, waiting: [...waiting, job] };
  return insert({ ...list, waiting }, job, isOldestFirst);
}

/** Holds the list still while somebody reads, or lets in what has waited. */
export function hold(list: LoadedJobs, isHeld: boolean, isOldestFirst: IsOldestFirst): LoadedJobs {
  if (isHeld) return { ...list, isHeld };
  const open: LoadedJobs = { ...list, isHeld, waiting: [] };
  return list.waiting.reduce((all, job) => insert(all, job, isOldestFirst), open);
}

/** Takes the mark from a row, and the row from the list if it leaves. */
export function unmark(list: LoadedJobs, id: string): LoadedJobs {
  return list.marks.get(id) === 'leaving' ? remove(list, id) : mark(list, id, undefined);
}

/** Takes a job out. */
export function remove(list: LoadedJobs, id: string): LoadedJobs {
  const isOther = (job: Job) => job.id !== id;
  return {
    ...mark(list, id, undefined),
    jobs: list.jobs.filter(isOther),
    waiting: list.waiting.filter(isOther),
  };
}

/** Takes out what was created before a time, an RFC 3339 text. */
export function since(list: LoadedJobs, time: string): LoadedJobs {
  const jobs = list.jobs.filter(({ createTime }) => Date.parse(createTime ?? '') >= Date.parse(time));
  return jobs.length === list.jobs.length ? list : { ...list, jobs };
}

function insert(list: LoadedJobs, job: Job, isOldestFirst: IsOldestFirst): LoadedJobs {
  const jobs = list.jobs.toSpliced(placeOf(job, list.jobs, isOldestFirst), 0, job);
  return { ...mark(list, job.id, 'new'), jobs };
}

/** The index of the first job behind this one. Of jobs that were created in the same second, the one that came last is the newest. */
function placeOf(job: Job, jobs: readonly Job[], isOldestFirst: IsOldestFirst): number {
  const time = job.createTime ?? '';
  const index = jobs.findIndex(({ createTime }) =>
    isOldestFirst ? (createTime ?? '') > time : (createTime ?? '') <= time,
  );
  return index === -1 ? jobs.length : index;
}

function mark(list: LoadedJobs, id: string, value: 'new' | 'leaving' | undefined): LoadedJobs {
  if (list.marks.get(id) === value) return list;
  const marks = new Map(list.marks);
  if (value) marks.set(id, value);
  else marks.delete(id);
  return { ...list, marks };
}

function endOf({ pageInfo }: Page): Pick<LoadedJobs, 'hasNextPage' | 'endCursor'> {
  return { hasNextPage: pageInfo.hasNextPage, endCursor: pageInfo.endCursor ?? undefined };
}
