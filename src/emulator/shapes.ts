import { encodePageToken } from './page-token.ts';
import type { JobOrder } from './page-token.ts';
import { MAX_TIME } from './wire.ts';

/**
 * Other shapes of a job than the reference has, as other products of ICE write theirs: names in another case, texts of enums
 * in another case, structures as JSON text, numbers as text, times without their zone, lists wrapped in an object.
 */
export const SHAPES = ['other-case', 'json-text', 'text-values', 'wrapped'] as const;
export type Shape = (typeof SHAPES)[number];

/** How a page of a list is odd. */
export const ODD_PAGES = ['same-token', 'overlap', 'circle', 'empty', 'no-list'] as const;
export type OddPage = (typeof ODD_PAGES)[number];

/** A job in another shape. */
export function shapeJob(job: Readonly<Record<string, unknown>>, shape: Shape): Record<string, unknown> {
  return Object.fromEntries(Object.entries(job).map(([name, value]) => SHAPERS[shape](name, value)));
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
