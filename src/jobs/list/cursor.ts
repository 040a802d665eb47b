import { createHash } from 'node:crypto';
import { InputError } from '../errors.ts';
import { MAX_JOBS } from '../input.ts';

/** A place in a list: one of ICE's pages, and the job on it to continue after. */
export interface Cursor {
  /** ICE's token of the page. `null` is the first page. */
  readonly token: string | null;
  /** How many jobs the page was asked for. */
  readonly pageSize: number;
  /** How many jobs of the page lie before the place, when it was seen. */
  readonly position: number;
  /** The last of them. It finds the place again when newer jobs have moved it. It is `null` at the page's start. */
  readonly afterId: string | null;
}

/**
 * Writes a place in one list as an opaque, URL-safe text. The text depends on nothing but its arguments, so it outlives the
 * process and holds for every replica. The digest ties it to the list (`scope`), so a cursor of another filter or order is
 * found. The text is no secret: who forges one gets a page that they may read anyway, or ICE's refusal of the token.
 */
export function encodeCursor(cursor: Cursor, scope: string): string {
  const text = JSON.stringify([cursor.token, cursor.pageSize, cursor.position, cursor.afterId]);
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
  const [token, pageSize, position, afterId] = parts;
  return { token, pageSize, position, afterId };
}

/** A client that computes the digest by hand still cannot send ICE what the gateway never would. */
function isCursor(parts: unknown): parts is [string | null, number, number, string | null] {
  if (!Array.isArray(parts) || parts.length !== 4) return false;
  const [token, pageSize, position, afterId] = parts as unknown[];
  return isText(token) && isSize(pageSize, 1) && isSize(position, 0) && isText(afterId);
}

/** The error for a cursor that points nowhere. */
export function invalidCursor(): InputError {
  return new InputError('after', 'is not a cursor of this list with this `filter` and `orderBy`');
}

function isSize(value: unknown, min: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= MAX_JOBS;
}

function isText(value: unknown): value is string | null {
  return value === null || (typeof value === 'string' && /^[\x20-\x7e]{1,1024}$/.test(value));
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
