import { isJsonObject } from '../json-object.ts';
import { parseAddress } from './address.ts';

/** Members of a JSON object, as ICE sent them. */
export type Members = Readonly<Record<string, unknown>>;

/**
 * Something in a response that ICE does not document. It never holds the value, except for the text of an enum.
 *
 * `other case` and `other form` were read all the same: a name or a text of an enum in another case, a number or a list as a
 * text, a time without its zone or counted from 1970, a list that is wrapped once more. What the other kinds were is `null` or UNKNOWN.
 */
export interface ContractViolation {
  readonly kind: 'unknown enum text' | 'wrong type' | 'invalid value' | 'other case' | 'other form';
  /** The member, as in `PackageJob.Status`. */
  readonly member: string;
  readonly text?: string;
}

/** Is called for every contract violation that decoding finds. */
export type ReportViolation = (violation: ContractViolation) => void;

/** Names by their text in lower case. */
export type Names = ReadonlyMap<string, string>;

export function namesOf(names: readonly string[]): Names {
  return new Map(names.map((name) => [name.toLowerCase(), name]));
}

/** The members under the names that ICE documents, where they come in another case, as some of its products write them. */
export function withNames(members: Members, names: Names, parent: string, report: ReportViolation): Members {
  let renamed: Record<string, unknown> | undefined;
  for (const key of Object.keys(members)) {
    const name = names.get(key.toLowerCase().replaceAll('_', ''));
    if (name === undefined || name === key || Object.hasOwn(members, name)) continue;
    renamed ??= { ...members };
    renamed[name] = members[key];
    report({ kind: 'other case', member: parent === '' ? name : `${parent}.${name}` });
  }
  return renamed ?? members;
}

/** A value that should be an object or a list, and may come as JSON text. */
export function structureOf(value: unknown, member: string, report: ReportViolation): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    const parsed: unknown = JSON.parse(value);
    report({ kind: 'other form', member });
    return parsed;
  } catch {
    return value;
  }
}

/** A value that should not be a list, and may come as the only item of one, as converters from XML write it. */
export function unwrapped(value: unknown, member: string, report: ReportViolation): unknown {
  if (!Array.isArray(value) || value.length !== 1) return value;
  const [item] = value as unknown[];
  if (item === null || Array.isArray(item)) return value;
  report({ kind: 'other form', member });
  return item;
}

/** A list, and one that comes as JSON text or as the only member of an object. `undefined` is none. */
export function listOf(value: unknown, member: string, report: ReportViolation): unknown[] | undefined {
  const structure = structureOf(value, member, report);
  if (Array.isArray(structure)) return structure as unknown[];
  const [inner, ...more] = isJsonObject(structure) ? Object.values(structure) : [];
  if (!Array.isArray(inner) || more.length > 0) return undefined;
  report({ kind: 'other form', member });
  return inner as unknown[];
}

/**
 * Text, and a number as its text. That is exact for whole numbers up to 2^53 alone: of others JSON has lost digits by now, so
 * they name something else, and stay what they are.
 */
export function exactText(value: unknown, member: string, report: ReportViolation): unknown {
  if (!Number.isSafeInteger(value)) return value;
  report({ kind: 'other form', member });
  return String(value);
}

/** Reads members by name. An absent member is `null`. A wrong member is reported and `null`. */
export function memberReader(members: Members, parent: string, report: ReportViolation) {
  const valueOf = (name: string) => unwrapped(members[name], `${parent}.${name}`, report) ?? null;
  const text = (name: string): string | null => {
    const member = valueOf(name);
    if (member === null || typeof member === 'string') return member;
    report({ kind: 'wrong type', member: `${parent}.${name}` });
    return null;
  };
  /** As {@link text}, then parsed. White space alone is `null`. `parse` gives `null` for bad text. */
  const parsed = (name: string, parse: (text: string) => string | null): string | null => {
    const trimmed = text(name)?.trim() ?? '';
    if (trimmed === '') return null;
    const result = parse(trimmed);
    if (result === null) report({ kind: 'invalid value', member: `${parent}.${name}` });
    return result;
  };
  return {
    text,
    time(name: string): string | null {
      const counted = countedTime(valueOf(name));
      if (counted !== undefined) {
        report({ kind: 'other form', member: `${parent}.${name}` });
        return counted;
      }
      return parsed(name, (text) => {
        const time = parseTime(text);
        if (time !== null && !RFC_3339.test(text))
          report({ kind: 'other form', member: `${parent}.${name}` });
        return time;
      });
    },
    url: (name: string) => parsed(name, parseAddress),
    integer(name: string): number | null {
      const member = valueOf(name);
      if (member === null) return null;
      const isText = typeof member === 'string' && /^\s*-?\d{1,10}(?:\.0+)?\s*$/.test(member);
      const number = isText ? Number(member) : member;
      if (typeof number === 'number' && (number | 0) === number) {
        if (isText) report({ kind: 'other form', member: `${parent}.${name}` });
        return number;
      }
      report({ kind: 'wrong type', member: `${parent}.${name}` });
      return null;
    },
    /** @param known by the texts that ICE documents */
    enumOf<T extends string>(name: string, known: ReadonlyMap<string, T>): T | 'UNKNOWN' | null {
      const member = valueOf(name);
      if (typeof member !== 'string') return null;
      const exact = known.get(member);
      if (exact !== undefined) return exact;
      const found = findCaseless(known, member.trim().toLowerCase());
      report({
        kind: found === undefined ? 'unknown enum text' : 'other case',
        member: `${parent}.${name}`,
        text: member.slice(0, 64),
      });
      return found ?? 'UNKNOWN';
    },
  };
}

function findCaseless<T>(known: ReadonlyMap<string, T>, lower: string): T | undefined {
  for (const [text, value] of known) if (text.toLowerCase() === lower) return value;
  return undefined;
}

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;
/** The same with a space, without seconds, or without a zone, which is UTC then. */
const LENIENT =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2})?(\.\d+)?\s?(?:(Z|UTC|GMT)|([+-]\d{2}):?(\d{2}))?$/i;

/**
 * A time that is counted from 1970 on, as RFC 3339 text. 10 digits are seconds and 13 are milliseconds, both in the years 2001 to
 * 2286. Any other number could be either, or no time, so it is `undefined`.
 */
function countedTime(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || !/^\s*[1-9](?:\d{9}|\d{12})\s*$/.test(text)) return undefined;
  const count = Number(text);
  return new Date(count < 1e12 ? count * 1000 : count).toISOString().replace('.000Z', 'Z');
}

/** RFC 3339 text in UTC, or `null`. Seconds stay whole where ICE sent them whole. */
function parseTime(text: string): string | null {
  const [match, day = '', minutes = '', seconds = ':00', fraction = '', , hours, minutesOff = ''] =
    LENIENT.exec(text) ?? [];
  if (match === undefined) return null;
  const local = `${day}T${minutes}${seconds}`;
  const date = new Date(`${local}${fraction}${hours === undefined ? 'Z' : `${hours}:${minutesOff}`}`);
  if (Number.isNaN(date.getTime())) return null;
  // JavaScript takes 30 February for 2 March. Such a text names no time.
  if (new Date(`${local}Z`).toISOString().slice(0, 19) !== local) return null;
  const utc = date.toISOString().replace('.000Z', 'Z');
  // An offset can lead out of the years of RFC 3339.
  return RFC_3339.test(utc) ? utc : null;
}
