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
  const known = new Set<string>();
  for (let at = 0; at < marks.length; at += MARK_LENGTH) known.add(marks.slice(at, at + MARK_LENGTH));
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

function markOf(id: string): string {
  return createHash('sha256').update(id).digest('base64url').slice(0, MARK_LENGTH);
}

/**
 * Writes a place in one list as an opaque, URL-safe text. The text depends on nothing but its arguments, so it outlives the
 * process and holds for every replica. The digest ties it to the list (`scope`), so a cursor of another filter or order is
 * found. The text is no secret: who forges one gets a page that they may read anyway, or ICE's refusal of the token.
 */
export function encodeCursor(cursor: Cursor, scope: string): string {
  const { token, pageSize, after } = cursor;
  const text = JSON.stringify([token, pageSize, ...(after ? [after.id, after.createdAt, after.marks] : [])]);
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
  if (!isCursor(parts)) throw invalidCursor();
  const [token, pageSize, ...after] = parts;
  if (after.length === 0) return { token, pageSize, after: null };
  const [id, createdAt, marks] = after;
  return { token, pageSize, after: { id, createdAt, marks } };
}

/** A client that computes the digest by hand still cannot send ICE what the gateway never would. */
function isCursor(
  parts: unknown,
): parts is
  | [token: string | null, pageSize: number]
  | [token: string | null, pageSize: number, id: string, createdAt: number | null, marks: string] {
  if (!Array.isArray(parts) || (parts.length !== 2 && parts.length !== 5)) return false;
  const [token, pageSize, id, createdAt, marks] = parts as unknown[];
  const isPage = (token === null || isText(token)) && isSize(pageSize);
  if (parts.length === 2) return isPage;
  const isTime = createdAt === null || Number.isSafeInteger(createdAt);
  return isPage && isText(id) && isTime && typeof marks === 'string' && /^([\w-]{6}){0,8}$/.test(marks);
}

/** The error for a cursor that points nowhere. */
export function invalidCursor(): InputError {
  return new InputError('after', 'is not a cursor of this list with this `filter` and `orderBy`');
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_JOBS;
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
