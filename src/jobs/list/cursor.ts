import { createHash } from 'node:crypto';
import type { IceJob } from '../../ice/decode.ts';
import { InputError } from '../errors.ts';
import { MAX_JOBS } from '../input.ts';

/** A place in a list: one of ICE's pages, and the job on it to continue after. */
export interface Cursor {
  /** ICE's token of the page. `null` is the first page. */
  readonly token: string | null;
  /** How many jobs the page was asked for. */
  readonly pageSize: number;
  /** The last jobs of the page that lie before the place. It is `null` at the page's start. */
  readonly after: Anchor | null;
  /** What was read on the way to this page. It is `null` on the first page. */
  readonly walk: Walk | null;
}

/**
 * The way from the first page of a list to a place in it, as ICE's pages can overlap, and its tokens can lead back. It stays
 * short, however long the way was.
 */
export interface Walk {
  /** How many pages were left behind. */
  readonly pages: number;
  /** The mark of the first job on them. It is empty when there was none. */
  readonly begin: string;
  /** Marks of their tokens: of one long ago, then of the last {@link MAX_TOKENS}, the last first. */
  readonly tokens: string;
  /** Marks of the jobs that were shown last, the last first. At most {@link MAX_JOBS}. */
  readonly shown: string;
}

/** How many of the last tokens a cursor knows. A circle of so many pages shows no job twice. */
const MAX_TOKENS = 16;

/** How many of the jobs shown last a cursor knows, at least. It knows as many as its page was asked for. */
const MIN_SHOWN = 32;

/** A way of no pages. */
export const NO_WALK: Walk = { pages: 0, begin: '', tokens: '', shown: '' };

/**
 * The way past the page of this token, with these jobs.
 *
 * The token long ago is that of the last page whose number is a power of two. So a circle of any length is found in the end,
 * by the algorithm of Brent.
 */
export function walkPast(walk: Walk, token: string | null, [first]: readonly Pick<IceJob, 'id'>[]): Walk {
  const pages = walk.pages + 1;
  const mark = markOf(token ?? '');
  const last = marksOf(walk.tokens);
  const [longAgo = mark] = last;
  const isPowerOfTwo = Number.isInteger(Math.log2(pages));
  const tokens = [isPowerOfTwo ? mark : longAgo, mark, ...last.slice(1)];
  const begin = walk.begin === '' && first !== undefined ? markOf(first.id) : walk.begin;
  return { ...walk, pages, begin, tokens: tokens.slice(0, MAX_TOKENS + 1).join('') };
}

/** Whether the way has been on the page of this token. */
export function hasPassed({ tokens }: Walk, token: string): boolean {
  return marksOf(tokens).includes(markOf(token));
}

/** Whether the way began with this job. */
export function beganWith({ begin }: Walk, { id }: Pick<IceJob, 'id'>): boolean {
  return begin !== '' && begin === markOf(id);
}

/** The way after these jobs were shown too, in this order, on a page of so many at most. */
export function walkShowing(walk: Walk, ids: readonly string[], first: number): Walk {
  const marks = [...ids.toReversed().map(markOf), ...marksOf(walk.shown)];
  return { ...walk, shown: marks.slice(0, Math.max(MIN_SHOWN, first)).join('') };
}

/** Whether a job was one of those shown last on the way. */
export function shownOn({ shown }: Walk): (job: Pick<IceJob, 'id'>) => boolean {
  const marks = new Set(marksOf(shown));
  return ({ id }) => marks.size > 0 && marks.has(markOf(id));
}

/** What finds a place on a page again, whichever jobs have come to the list or left it since. */
export interface Anchor {
  /** The job before the place. */
  readonly id: string;
  /** When it was created, in seconds since 1970. It is `null` when ICE does not say. */
  readonly createdAt: number | null;
  /** Marks of the jobs before that one, the last first, as that one may have left the list. At most {@link MAX_MARKS}. */
  readonly marks: string;
}

/** How many jobs before the last one a cursor knows. */
const MAX_MARKS = 8;

/** A mark is short, and two jobs never have the same in practice. In characters. */
const MARK_LENGTH = 6;

/** The anchors of the places after each of these jobs, which are the beginning of a page. */
export function anchorsOf(jobs: readonly Pick<IceJob, 'id' | 'createTime'>[]): Anchor[] {
  const marks: string[] = [];
  return jobs.map((job) => {
    const anchor = { id: job.id, createdAt: secondOf(job), marks: marks.slice(0, MAX_MARKS).join('') };
    marks.unshift(markOf(job.id));
    return anchor;
  });
}

/**
 * How many jobs of a page lie before the place. It is `undefined` when the page does not say, as all of it may lie before the
 * place: the place is on one of the next pages then, or at the end of the list.
 *
 * A job before the place that is still listed finds it. When all of them have left the list, the time of creation does.
 */
export function countBefore(
  { id, createdAt, marks }: Anchor,
  jobs: readonly Pick<IceJob, 'id' | 'createTime'>[],
  isAscending: boolean,
): number | undefined {
  const index = jobs.findIndex((job) => job.id === id);
  if (index !== -1) return index + 1;
  const known = new Set(marksOf(marks));
  const lastKnown = jobs.findLastIndex((job) => known.has(markOf(job.id)));
  if (lastKnown !== -1) return lastKnown + 1;
  const first = jobs.findIndex((job) => {
    const second = secondOf(job);
    if (second === null || createdAt === null) return true;
    return isAscending ? second >= createdAt : second <= createdAt;
  });
  return first === -1 ? undefined : first;
}

function secondOf({ createTime }: Pick<IceJob, 'createTime'>): number | null {
  const ms = createTime === null ? Number.NaN : Date.parse(createTime);
  return Number.isNaN(ms) ? null : Math.floor(ms / 1000);
}

function markOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, MARK_LENGTH);
}

function marksOf(text: string): string[] {
  return Array.from({ length: text.length / MARK_LENGTH }, (_, index) =>
    text.slice(index * MARK_LENGTH, (index + 1) * MARK_LENGTH),
  );
}

/**
 * Writes a place in one list as an opaque, URL-safe text. The text depends on nothing but its arguments, so it outlives the
 * process and holds for every replica. The digest ties it to the list (`scope`), so a cursor of another filter or order is
 * found. The text is no secret: who forges one gets a page that they may read anyway, or ICE's refusal of the token.
 */
export function encodeCursor(cursor: Cursor, scope: string): string {
  const { token, pageSize, after, walk } = cursor;
  const text = JSON.stringify([
    token,
    pageSize,
    ...(after ? [after.id, after.createdAt, after.marks] : []),
    ...(walk ? [[walk.pages, walk.begin, walk.tokens, walk.shown]] : []),
  ]);
  return Buffer.from(`${digest(text, scope)}${text}`).toString('base64url');
}

/** @throws {InputError} when the text was not made by {@link encodeCursor} for the same list */
export function decodeCursor(text: string, scope: string): Cursor {
  const plain = Buffer.from(text, 'base64url').toString('utf8');
  const json = plain.slice(DIGEST_LENGTH);
  if (
    plain.slice(0, DIGEST_LENGTH) !== digest(json, scope) ||
    Buffer.from(plain).toString('base64url') !== text
  ) {
    throw invalidCursor();
  }
  const parts = parse(json);
  const cursor = Array.isArray(parts) ? readCursor(parts as unknown[]) : undefined;
  if (cursor === undefined) throw invalidCursor();
  return cursor;
}

/** A client that computes the digest by hand still cannot send ICE what the gateway never would. */
function readCursor([token, pageSize, ...rest]: readonly unknown[]): Cursor | undefined {
  if (!(token === null || isText(token)) || !isSize(pageSize)) return undefined;
  const walk = Array.isArray(rest.at(-1)) ? readWalk(rest.pop()) : null;
  const after = rest.length === 0 ? null : readAnchor(rest);
  return walk === undefined || after === undefined ? undefined : { token, pageSize, after, walk };
}

function readAnchor(parts: readonly unknown[]): Anchor | undefined {
  const [id, createdAt, marks] = parts;
  if (parts.length !== 3 || !isText(id) || !isMarks(marks, MAX_MARKS)) return undefined;
  return createdAt === null || isWhole(createdAt) ? { id, createdAt, marks } : undefined;
}

function readWalk(parts: unknown): Walk | undefined {
  if (!Array.isArray(parts)) return undefined;
  const [pages, begin, tokens, shown] = parts as unknown[];
  if (parts.length !== 4 || !isWhole(pages) || !isMarks(begin, 1)) return undefined;
  return isMarks(tokens, MAX_TOKENS + 1) && isMarks(shown, MAX_JOBS)
    ? { pages, begin, tokens, shown }
    : undefined;
}

/** The error for a cursor that points nowhere. */
export function invalidCursor(): InputError {
  return new InputError('after', 'is not a cursor of this list with this `filter` and `orderBy`');
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_JOBS;
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isMarks(value: unknown, most: number): value is string {
  return typeof value === 'string' && value.length <= most * MARK_LENGTH && /^(?:[\w-]{6})*$/.test(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && /^[\x20-\x7e]{1,1024}$/.test(value);
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

const DIGEST_LENGTH = 16;

function digest(text: string, scope: string): string {
  return createHash('sha256').update(`${scope}\n${text}`).digest('base64url').slice(0, DIGEST_LENGTH);
}
