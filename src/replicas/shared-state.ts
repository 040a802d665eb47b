import { observed, type PackageJob } from '../jobs/model.ts';
import type { JobEntry } from '../jobs/store/entry.ts';
import type { RedisClock } from './connection.ts';

/**
 * What is known of a job as Redis has it: the fields of a hash, each a text. Times are milliseconds of Redis's clock.
 *
 * - `o`, `v`, `g`: when the state was observed, validated, and last read by GetPackageJob. 0 is never
 * - `a`: when the job was accepted, or nothing
 * - `s`: its status, or nothing where ICE does not know the id
 * - `n`, `m`: when it was modified, in milliseconds and as ICE says it, or nothing
 * - `u`: `+` and its output URL, `-` where it has none, or nothing while only lists have shown the state
 * - `j`: the rest of the job, as JSON
 */
export type StateFields = readonly string[];

/** The clocks that times are converted between. */
export interface Clocks {
  readonly redis: RedisClock;
  /** The clock of this replica, in milliseconds since 1970. It may be wrong. */
  readonly now: () => number;
}

/** The fields of an entry. It is made to look older, not younger, than it is by what is not known of the clocks. */
export function fieldsOf(
  { job, observedAt, validatedAt, lastGetAt, acceptedAt }: JobEntry,
  { redis, now }: Clocks,
): StateFields {
  const ahead = redis.earliest() - now();
  const time = (at: number) => (at > 0 ? String(Math.max(1, Math.floor(at + ahead))) : '0');
  const times = [time(observedAt), time(validatedAt), time(lastGetAt)];
  const accepted = acceptedAt === undefined ? '' : time(acceptedAt);
  if (job === null) return [...times, accepted, '', '', '', '', ''];
  const { outputUrl, observedAt: _, modifiedTime, ...rest } = job;
  const modifiedAt = Date.parse(modifiedTime ?? '');
  return [
    ...times,
    accepted,
    job.status,
    Number.isNaN(modifiedAt) ? '' : String(modifiedAt),
    modifiedTime ?? '',
    outputUrl === undefined ? '' : outputUrl === null ? '-' : `+${outputUrl}`,
    JSON.stringify(rest),
  ];
}

/** The entry that has these fields. It is `undefined` when they are none. */
export function entryOfFields(fields: readonly unknown[], { redis, now }: Clocks): JobEntry | undefined {
  const texts = fields.map((field) => (typeof field === 'string' ? field : ''));
  const [o = '', v, g, a = '', status, , modifiedTime = '', url = '', json = ''] = texts;
  if (o === '') return undefined;
  const behind = now() - redis.latest();
  const local = (text = '') => localTime(text, behind);
  const known = { observedAt: local(o), validatedAt: local(v), lastGetAt: local(g) };
  const accepted = a === '' ? {} : { acceptedAt: local(a) };
  if (status === '') return { job: null, ...known, ...accepted };
  const rest = parsed(json);
  if (rest === undefined || Number.isNaN(known.observedAt)) return undefined;
  const job: PackageJob = observed(
    { ...rest, modifiedTime: modifiedTime || null, outputUrl: urlOf(url) },
    known.observedAt,
  );
  return { job, ...known, ...accepted };
}

/** A time of Redis's clock by that of this replica, which is so far behind. 0 is never. */
export function localTime(text: string, behind: number): number {
  return Number(text) > 0 ? Math.floor(Number(text) + behind) : 0;
}

function urlOf(url: string): string | null | undefined {
  if (url === '') return undefined;
  return url === '-' ? null : url.slice(1);
}

function parsed(json: string): Omit<PackageJob, 'modifiedTime' | 'outputUrl' | 'observedAt'> | undefined {
  try {
    // oxlint-disable-next-line no-unsafe-type-assertion -- a replica has written it, and keys carry the version of its form
    return JSON.parse(json) as Omit<PackageJob, 'modifiedTime' | 'outputUrl' | 'observedAt'>;
  } catch {
    return undefined;
  }
}

/** Whether a list of unfinished jobs can show the job. */
export function isListable(entry: JobEntry | undefined): boolean {
  const job = entry?.job;
  return job?.status === 'INIT' && job.createTime !== null;
}
