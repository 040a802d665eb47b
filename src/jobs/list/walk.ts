import { createHash } from 'node:crypto';
import type { IceJob } from '../../ice/decode.ts';

/**
 * The way from the first page of a list to a place in it, as ICE's pages can overlap, and its tokens can lead back. It stays
 * short, however long the way was.
 *
 * A list is in order of the time of creation. So a job that lies before those passed last has been passed too, however far a
 * page goes back. Only the jobs that share a second with the last one must be known by their marks. Where the jobs of a page
 * are not in order, or ICE does not say when they were created, marks are all there is.
 *
 * This is bounded by {@link MAX_PASSED}: of more jobs than that in one second, or without an order, those passed longest ago are
 * shown again if a page goes back to them. No cursor that is shorter than the list could tell them from jobs that are new.
 */
export interface Walk {
  /** How many pages were left behind. */
  readonly pages: number;
  /** How many jobs were on them, each counted once. */
  readonly jobs: number;
  /** How many jobs were passed again since the last new one. */
  readonly repeated: number;
  /** How many pages in a row were empty. */
  readonly empty: number;
  /** The mark of the first job on them. It is empty when there was none. */
  readonly begin: string;
  /** Marks of the pages' tokens: of one long ago, then of the last {@link MAX_TOKENS}, the last first. */
  readonly tokens: string;
  /** The jobs passed last, the last first. */
  readonly passed: readonly Passed[];
  /** All jobs up to this second were passed too. It is `null` as long as `passed` has all of them. */
  readonly limit: number | null;
  /** Whether the jobs of each page were in order. */
  readonly isOrdered: boolean;
}

/** Jobs that were created in the same second. */
export interface Passed {
  /** In seconds since 1970. It is `null` when ICE does not say. */
  readonly second: number | null;
  /** The marks of the jobs, the last first. */
  readonly marks: string;
}

/** The part of a job that a walk knows it by. */
export type Listed = Pick<IceJob, 'id' | 'createTime'>;

/** How many of the last tokens a cursor knows. */
export const MAX_TOKENS = 16;
/** How many of the jobs passed last a cursor knows by their marks, at most. */
export const MAX_PASSED = 128;
/** How many it knows in any case, as neighbours may have changed places where one page ends and the next begins. */
const MIN_PASSED = 8;
/** So many marks a cursor has at most: those of a second that is over stay until enough others are known. */
export const MAX_PASSED_MARKS = MAX_PASSED + MIN_PASSED;
/** A row of so many empty pages is the end. */
export const MAX_EMPTY_PAGES = 1000;
/** A page goes back by all jobs at most. Nine of ten may come twice on the way from there to new ones. */
const MAX_REPEATS = 10;

/** A mark is short, and two jobs never have the same in practice. In characters. */
export const MARK_LENGTH = 6;

/** A way of no pages. */
export const NO_WALK: Walk = {
  pages: 0,
  jobs: 0,
  repeated: 0,
  empty: 0,
  begin: '',
  tokens: '',
  passed: [],
  limit: null,
  isOrdered: true,
};

/**
 * The way past the page of this token, with these jobs.
 *
 * The token long ago is that of the last page whose number is a power of two. So a circle of any length is found in the end,
 * by the algorithm of Brent.
 */
export function walkPast(
  walk: Walk,
  token: string | null,
  jobs: readonly Listed[],
  isAscending: boolean,
): Walk {
  const pages = walk.pages + 1;
  const mark = markOf(token ?? '');
  const last = marksOf(walk.tokens);
  const [longAgo = mark] = last;
  const isPowerOfTwo = Number.isInteger(Math.log2(pages));
  const tokens = [isPowerOfTwo ? mark : longAgo, mark, ...last.slice(1)].slice(0, MAX_TOKENS + 1).join('');
  const { walk: past, added } = pass(walk, jobs, isAscending);
  const [first] = jobs;
  return {
    ...past,
    pages,
    tokens,
    begin: walk.begin === '' && first !== undefined ? markOf(first.id) : walk.begin,
    jobs: walk.jobs + added,
    repeated: added > 0 ? 0 : walk.repeated + jobs.length,
    empty: jobs.length > 0 ? 0 : walk.empty + 1,
  };
}

/** Whether the way has been on the page of this token. */
export function hasPassed({ tokens }: Walk, token: string): boolean {
  return marksOf(tokens).includes(markOf(token));
}

/** Whether the way began with this job. */
export function beganWith({ begin }: Walk, { id }: Listed): boolean {
  return begin !== '' && begin === markOf(id);
}

/** Whether the way leads nowhere, although its tokens are ever new. ICE may search long for the next job of a filter, not for ever. */
export function leadsNowhere({ jobs, repeated, empty }: Walk): boolean {
  return repeated > MAX_REPEATS * jobs || empty >= MAX_EMPTY_PAGES;
}

/** Tells whether the way has passed a job. */
export function passedOn({ passed, limit, isOrdered }: Walk, isAscending: boolean): (job: Listed) => boolean {
  const marks = new Set(passed.flatMap((group) => marksOf(group.marks)));
  return (job) => {
    if (marks.size > 0 && marks.has(markOf(job.id))) return true;
    const second = secondOf(job);
    return isOrdered && limit !== null && second !== null && !isBefore(limit, second, isAscending);
  };
}

/** The way past these jobs of a page, and how many of them are new. */
function pass(walk: Walk, jobs: readonly Listed[], isAscending: boolean) {
  const isPassed = passedOn(walk, isAscending);
  const added = jobs.filter((job) => !isPassed(job));
  // Of jobs that come again the order tells nothing: a page may go back in its middle.
  const isOrdered = walk.isOrdered && areOrdered(added.map(secondOf), isAscending);
  const passed = [...walk.passed];
  for (const job of added) {
    const second = secondOf(job);
    const [latest] = passed;
    if (latest?.second === second) passed[0] = { second, marks: markOf(job.id) + latest.marks };
    else passed.unshift({ second, marks: markOf(job.id) });
  }
  const known = forget({ passed, limit: walk.limit }, isOrdered, isAscending);
  return { walk: { ...walk, isOrdered, ...known }, added: added.length };
}

function areOrdered(seconds: readonly (number | null)[], isAscending: boolean): boolean {
  const known = seconds.filter((second) => second !== null);
  return known.every((second, index) => index === 0 || !isBefore(second, known[index - 1] ?? 0, isAscending));
}

/**
 * Leaves out the marks of the seconds that are over, whose jobs have all been passed, and of those passed longest ago where
 * there are too many.
 */
function forget(
  { passed, limit }: Pick<Walk, 'passed' | 'limit'>,
  isOrdered: boolean,
  isAscending: boolean,
): Pick<Walk, 'passed' | 'limit'> {
  const groups = passed.map(({ second, marks }) => ({
    second,
    marks: marks.slice(0, MAX_PASSED * MARK_LENGTH),
  }));
  const latest = groups.find(({ second }) => second !== null)?.second;
  let count = groups.reduce((sum, group) => sum + countOf(group), 0);
  let forgotten = limit;
  for (let oldest = groups.at(-1); oldest !== undefined; oldest = groups.at(-1)) {
    const { second, marks } = oldest;
    const isOver = isOrdered && second !== null && second !== latest;
    const left = isOver ? 0 : Math.max(0, countOf(oldest) - Math.max(0, count - MAX_PASSED));
    if (left === countOf(oldest) || (isOver && count - countOf(oldest) < MIN_PASSED)) break;
    count -= countOf(oldest) - left;
    groups.pop();
    if (left > 0) groups.push({ second, marks: marks.slice(0, left * MARK_LENGTH) });
    else if (isOver && (forgotten === null || isBefore(forgotten, second, isAscending))) forgotten = second;
  }
  return { passed: groups, limit: forgotten };
}

function countOf({ marks }: Passed): number {
  return marks.length / MARK_LENGTH;
}

/** Whether a second comes before another in the order of the list. */
function isBefore(second: number, other: number, isAscending: boolean): boolean {
  return isAscending ? second < other : second > other;
}

/** When a job was created, in seconds since 1970. */
export function secondOf({ createTime }: Pick<IceJob, 'createTime'>): number | null {
  const ms = createTime === null ? Number.NaN : Date.parse(createTime);
  return Number.isNaN(ms) ? null : Math.floor(ms / 1000);
}

export function markOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, MARK_LENGTH);
}

export function marksOf(text: string): string[] {
  return Array.from({ length: text.length / MARK_LENGTH }, (_, index) =>
    text.slice(index * MARK_LENGTH, (index + 1) * MARK_LENGTH),
  );
}
