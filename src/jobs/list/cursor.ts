import { createHash } from 'node:crypto';
import { InputError } from '../errors.ts';
import { MAX_JOBS } from '../input.ts';
import {
  MARK_LENGTH,
  markOf,
  marksOf,
  MAX_PASSED_MARKS,
  MAX_TOKENS,
  secondOf,
  type Listed,
  type Passed,
  type Walk,
} from './walk.ts';

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

/** The anchors of the places after each of these jobs, which are the beginning of a page. */
export function anchorsOf(jobs: readonly Listed[]): Anchor[] {
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
  jobs: readonly Listed[],
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
    ...(walk ? [partsOf(walk)] : []),
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
  return isSecond(createdAt) ? { id, createdAt, marks } : undefined;
}

function partsOf({ passed, pages, jobs, repeated, empty, begin, tokens, limit, isOrdered }: Walk): unknown[] {
  const groups = passed.flatMap(({ second, marks }) => [second, marks]);
  return [pages, jobs, repeated, empty, begin, tokens, limit, isOrdered ? 1 : 0, groups];
}

function readWalk(parts: unknown): Walk | undefined {
  if (!Array.isArray(parts) || parts.length !== 9) return undefined;
  const [pages, jobs, repeated, empty, begin, tokens, limit, isOrdered, groups] = parts as unknown[];
  if (!isCount(pages) || !isCount(jobs) || !isCount(repeated) || !isCount(empty)) return undefined;
  if (!isMarks(begin, 1) || !isMarks(tokens, MAX_TOKENS + 1)) return undefined;
  if (!isSecond(limit) || (isOrdered !== 0 && isOrdered !== 1)) return undefined;
  const passed = readPassed(groups);
  return passed && { pages, jobs, repeated, empty, begin, tokens, passed, limit, isOrdered: isOrdered === 1 };
}

function readPassed(parts: unknown): Passed[] | undefined {
  if (!Array.isArray(parts) || parts.length % 2 !== 0) return undefined;
  const passed: Passed[] = [];
  let left = MAX_PASSED_MARKS;
  for (let index = 0; index < parts.length; index += 2) {
    const [second, marks] = parts.slice(index, index + 2) as unknown[];
    if (!isSecond(second) || marks === '' || !isMarks(marks, left)) return undefined;
    left -= marks.length / MARK_LENGTH;
    passed.push({ second, marks });
  }
  return passed;
}

/** The error for a cursor that points nowhere. */
export function invalidCursor(): InputError {
  return new InputError('after', 'is not a cursor of this list with this `filter` and `orderBy`');
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_JOBS;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isSecond(value: unknown): value is number | null {
  return value === null || Number.isSafeInteger(value);
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
