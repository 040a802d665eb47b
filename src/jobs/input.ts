/** The most ids one field takes, and the most jobs one page has: the size of ICE's largest page. */
export const MAX_JOBS = 100;

/** What a caller asked for cannot be asked: its fault, known before any call of ICE. */
export class InputError extends Error {
  override readonly name = 'InputError';
  /** The argument, as in `ids[3]` or `filter.createdFrom`. */
  readonly argument: string;

  constructor(argument: string, problem: string) {
    super(`\`${argument}\` ${problem}`);
    this.argument = argument;
  }
}

/**
 * An ICE JobId: 1 to 128 printable ASCII characters without spaces. Ids of ICE's documentation, such as `ab48…****`,
 * are such too.
 *
 * @throws {InputError}
 */
export function jobId(argument: string, id: string): string {
  return visibleAscii(argument, id, 128);
}

/** Whether {@link jobId} takes it. */
export function isJobId(id: unknown): id is string {
  return typeof id === 'string' && id.length <= 128 && VISIBLE_ASCII.test(id);
}

const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

/**
 * A text of 1 to `maxLength` printable ASCII characters without spaces, as names made by machines are.
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
