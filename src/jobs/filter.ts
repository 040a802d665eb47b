import { InputError } from './errors.ts';
import type { IsVisible, PackageJob } from './model.ts';

/** The argument `filter`. `null` and absent mean the same. */
export interface FilterArgument {
  readonly status?: PackageJob['status'] | null;
  readonly createdFrom?: Date | null;
  readonly createdTo?: Date | null;
}

/** A filter that was checked. Times are whole seconds since 1970, as ICE counts them. Both bounds are inclusive. */
export interface JobFilter {
  readonly status?: 'INIT' | 'SUCCESS' | 'FAIL';
  readonly createdFrom?: number;
  readonly createdTo?: number;
}

/**
 * Reads the argument `filter`. A fraction of a second rounds inwards, so that no job outside the range is shown.
 *
 * @throws {InputError} when a member has a value that ICE does not list by
 */
export function readFilter(filter: FilterArgument | null | undefined): JobFilter {
  const { status, createdFrom, createdTo } = filter ?? {};
  if (status === 'UNKNOWN')
    throw new InputError('filter.status', 'cannot be UNKNOWN: ICE does not list by it');
  if (createdFrom && createdTo && createdFrom > createdTo) {
    throw new InputError('filter.createdFrom', 'must not be after `filter.createdTo`');
  }
  return {
    ...(status && { status }),
    ...(createdFrom && {
      createdFrom: wholeSecond('filter.createdFrom', Math.ceil(createdFrom.getTime() / 1000)),
    }),
    ...(createdTo && { createdTo: wholeSecond('filter.createdTo', Math.floor(createdTo.getTime() / 1000)) }),
  };
}

/** Whether a state of a job matches a filter. A job whose time of creation is not known is outside of every range. */
export function matchesFilter({
  status,
  createdFrom = -Infinity,
  createdTo = Infinity,
}: JobFilter): IsVisible {
  const isInRange = ({ createTime }: PackageJob) => {
    if (createdFrom === -Infinity && createdTo === Infinity) return true;
    const at = createTime === null ? Number.NaN : Math.floor(Date.parse(createTime) / 1000);
    return at >= createdFrom && at <= createdTo;
  };
  return (job) => (status === undefined || job.status === status) && isInRange(job);
}

/** The second in ICE's words, such as `2026-01-01T00:00:00Z`. */
export function timeText(secondsSinceEpoch: number): string {
  return new Date(secondsSinceEpoch * 1000).toISOString().replace('.000Z', 'Z');
}

/** @throws {InputError} when ICE's words have no room for its year */
export function wholeSecond(argument: string, secondsSinceEpoch: number): number {
  if (/^\d{4}-/.test(timeText(secondsSinceEpoch))) return secondsSinceEpoch;
  throw new InputError(argument, 'must be in the years 0 to 9999');
}
