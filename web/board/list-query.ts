import type { JobSummaryFragment, PackageJobFilter } from './gql/graphql.ts';
import type { Place } from './location.ts';

const HOUR_MS = 3_600_000;

/** The length of each range in milliseconds. */
const RANGE_MS = { '1h': HOUR_MS, '24h': 24 * HOUR_MS, '7d': 7 * 24 * HOUR_MS } as const;

/** The part of a place that says which list it shows. */
export type ListPlace = Pick<Place, 'status' | 'range' | 'from' | 'to' | 'order'>;

/** What a list asks the gateway for. A cursor is only good for the query that it comes from. */
export interface ListQuery {
  readonly filter: PackageJobFilter;
  readonly isOldestFirst: boolean;
}

/** What the list of a place asks for at this time, in milliseconds since the epoch. */
export function queryOf({ status, range, from, to, order }: ListPlace, now: number): ListQuery {
  const createdFrom = range ? new Date(now - RANGE_MS[range]).toISOString() : from;
  const createdTo = range ? undefined : to;
  return {
    filter: {
      ...(status && { status }),
      ...(createdFrom && { createdFrom }),
      ...(createdTo && { createdTo }),
    },
    isOldestFirst: order === 'oldest',
  };
}

/** Whether the gateway would list this job. Times are compared as numbers, as their texts can differ in form. */
export function isMatch({ status, createTime }: JobSummaryFragment, { filter }: ListQuery): boolean {
  const { status: wanted, createdFrom, createdTo } = filter;
  if (wanted && status !== wanted) return false;
  if (!createdFrom && !createdTo) return true;
  const time = Date.parse(createTime ?? '');
  return (!createdFrom || time >= Date.parse(createdFrom)) && (!createdTo || time <= Date.parse(createdTo));
}
