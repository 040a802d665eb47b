import { encodePageToken } from './page-token.ts';
import type { JobOrder } from './page-token.ts';
import { MAX_TIME } from './wire.ts';

/**
 * Other shapes of a job than the reference has, as other products of ICE write theirs: names in another case, texts of enums
 * in another case, structures as JSON text, numbers as text, times without their zone, times counted from 1970 in
 * milliseconds, lists wrapped in an object, all else as the only
 * item of a list, `null`.
 */
export const SHAPES = [
  'other-case',
  'json-text',
  'text-values',
  'counted-times',
  'wrapped',
  'listed',
  'null-values',
] as const;
export type Shape = (typeof SHAPES)[number];

/** How a page of a list is odd. */
export const ODD_PAGES = ['same-token', 'overlap', 'circle', 'empty', 'no-list'] as const;
export type OddPage = (typeof ODD_PAGES)[number];

/** A job with these members in another shape. The id stays where all members are to be `null`. */
export function shapeJob(
  job: Readonly<Record<string, unknown>>,
  shape: Shape,
  members: readonly string[] = Object.keys(job),
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(job).map(([name, value]) =>
      members.includes(name) ? SHAPERS[shape](name, value) : [name, value],
    ),
  );
}

const SHAPERS: Readonly<Record<Shape, (name: string, value: unknown) => [name: string, value: unknown]>> = {
  'other-case': (name, value) => {
    const isEnum = (name === 'Status' || name === 'TriggerSource') && typeof value === 'string';
    return [name.charAt(0).toLowerCase() + name.slice(1), isEnum ? value.toLowerCase() : value];
  },
  'json-text': (name, value) => [name, typeof value === 'object' ? JSON.stringify(value) : value],
  'text-values': (name, value) => {
    if (typeof value === 'number') return [name, String(value)];
    const isTime = name.endsWith('Time') && typeof value === 'string';
    return [name, isTime ? value.replace('T', ' ').replace('Z', '') : value];
  },
  'counted-times': (name, value) => {
    const isTime = name.endsWith('Time') && typeof value === 'string';
    return [name, isTime ? Date.parse(value) : value];
  },
  'null-values': (name, value) => [name, name === 'JobId' ? value : null],
  listed: (name, value) => [name, Array.isArray(value) ? value : [value]],
  wrapped: (name, value) => [name, Array.isArray(value) ? { [name.slice(0, -1)]: value } : value],
};

/**
 * A token of the first page, or of the same page as another token. It is no text that was given before: the cases of its
 * letters count in binary.
 */
export function tokenOfSamePage(token: string | undefined, order: JobOrder): string {
  if (token !== undefined) {
    let carry = true;
    return token.replaceAll(/[a-f]/gi, (letter) => {
      if (!carry) return letter;
      carry = letter !== letter.toLowerCase();
      return carry ? letter.toLowerCase() : letter.toUpperCase();
    });
  }
  const isDescending = order === 'CreateTimeDesc';
  return encodePageToken({
    order,
    createTime: isDescending ? MAX_TIME : 0,
    sequence: isDescending ? 2 ** 48 - 1 : 0,
  });
}
