import { InputError } from './errors.ts';

/** The most ids that one field takes, and the most jobs on one page. ICE's largest page has as many. */
export const MAX_JOBS = 100;

/** The jobs of a page whose size nobody says. */
export const DEFAULT_PAGE_SIZE = 20;

/**
 * Checks an ICE JobId: 1 to 128 printable ASCII characters without spaces. The ids of ICE's documentation, such as
 * `ab48…****`, pass too.
 *
 * @throws {InputError}
 */
export function jobId(argument: string, id: string): string {
  return visibleAscii(argument, id, 128);
}

/** Whether {@link jobId} accepts the value. */
export function isJobId(id: unknown): id is string {
  return typeof id === 'string' && id.length <= 128 && VISIBLE_ASCII.test(id);
}

const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

/**
 * Checks a text of 1 to `maxLength` printable ASCII characters without spaces. Names that machines make are such texts.
 *
 * @throws {InputError}
 */
export function visibleAscii(argument: string, text: string, maxLength: number): string {
  const { length } = text;
  if (length <= maxLength && VISIBLE_ASCII.test(text)) return text;
  const problem =
    length > maxLength ? `${String(length)} characters` : length === 0 ? 'an empty text' : 'other characters';
  throw new InputError(
    argument,
    `must be 1 to ${String(maxLength)} printable ASCII characters without spaces, got ${problem}`,
  );
}

/** @throws {InputError} when one of them is no id, or there are more than {@link MAX_JOBS} */
export function jobIds(argument: string, ids: readonly string[]): readonly string[] {
  if (ids.length > MAX_JOBS) {
    throw new InputError(argument, `takes at most ${String(MAX_JOBS)} ids, got ${String(ids.length)}`);
  }
  return ids.map((id, index) => jobId(`${argument}[${String(index)}]`, id));
}
