import { createHash } from 'node:crypto';
import { matchesFilter, readFilter } from '../filter.ts';
import type { PackageJob } from '../model.ts';
import { pageSizeOf, scopeOf, type PackageJobConnection, type PackageJobsArguments } from './connection.ts';
import { invalidCursor } from './cursor.ts';
import { secondOf } from './walk.ts';

/** A place in the list: after the job with this id. */
interface Place {
  /** When the job was created, in seconds since 1970. `null`: ICE does not say. */
  readonly second: number | null;
  readonly id: string;
}

/**
 * Makes a page of jobs that are few, and read as a whole. So it is filled, and `hasNextPage` is true, wherever the jobs are in
 * the account's list.
 *
 * @param read gives all of the jobs. It is only called when the arguments are good
 * @throws {InputError} for bad arguments and a cursor of another list
 */
export async function readGivenJobs(
  args: PackageJobsArguments,
  read: () => Promise<readonly PackageJob[]>,
): Promise<PackageJobConnection> {
  const first = pageSizeOf(args.first);
  const scope = scopeOf(args);
  const list = createHash('sha256').update(JSON.stringify(scope)).digest('base64url').slice(0, 16);
  const start = args.after === undefined || args.after === null ? undefined : decode(args.after, list);
  const compare = scope.orderBy === 'CreateTimeAsc' ? byTime(1) : byTime(-1);

  const jobs = (await read()).filter(matchesFilter(readFilter(args.filter)));
  const located = jobs.map((job) => ({ job, place: { second: secondOf(job), id: job.id } }));
  const following = located
    .filter(({ place }) => start === undefined || compare(place, start) > 0)
    .toSorted((a, b) => compare(a.place, b.place));
  const edges = following
    .slice(0, first)
    .map(({ job, place }) => ({ cursor: encode(place, list), node: job }));
  return {
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: {
      hasNextPage: following.length > first,
      hasPreviousPage: start !== undefined,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

/** Jobs without a time come last. Those of one second go by their ids. */
function byTime(direction: 1 | -1): (a: Place, b: Place) => number {
  return (a, b) => {
    if (a.second === b.second) return a.id < b.id ? -1 : Number(a.id > b.id);
    if (a.second === null) return 1;
    return b.second === null ? -1 : direction * (a.second - b.second);
  };
}

function encode({ second, id }: Place, list: string): string {
  return Buffer.from(JSON.stringify([list, second, id])).toString('base64url');
}

function decode(cursor: string, list: string): Place {
  const [of, second, id, ...more] = parse(Buffer.from(cursor, 'base64url').toString());
  const isSecond = second === null || Number.isSafeInteger(second);
  if (of !== list || !isSecond || typeof id !== 'string' || more.length > 0) throw invalidCursor();
  return { second: second === null ? null : Number(second), id };
}

function parse(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
