import type { IceJob } from '../ice/decode.ts';

/** A state of a packaging job, and when it was read. `outputUrl` is `undefined` while only lists have shown the state. */
export interface PackageJob extends IceJob {
  /** RFC 3339, UTC, with milliseconds. */
  readonly observedAt: string;
}

/** The job as ICE sent it in a response to a call that began at `observedAt`, in milliseconds since 1970. */
export function observed(job: IceJob, observedAt: number): PackageJob {
  return { ...job, observedAt: new Date(observedAt).toISOString() };
}

/** Whether a client may see a job. */
export type IsVisible = (job: PackageJob) => boolean;

/** The rule by which every client sees every job. */
export const EVERY_JOB: IsVisible = () => true;

/** The bounds of the interval at which an unfinished job is read, in milliseconds. */
export interface PollInterval {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Whether the job has ended. Such a job never changes again. */
export function isFinished(job: Pick<IceJob, 'status'>): boolean {
  return job.status === 'SUCCESS' || job.status === 'FAIL';
}

/**
 * Milliseconds until another read of the job can be worth its cost. It is `null` once the job has finished.
 *
 * It is a tenth of the job's age at its observation, within the interval. So a job that has run for a minute is read every
 * six seconds, and its end is seen within a tenth of its running time. A job of unknown age gets the shortest interval.
 */
export function pollAfterMs(job: PackageJob, { minMs, maxMs }: PollInterval): number | null {
  if (isFinished(job)) return null;
  const since = job.submitTime ?? job.createTime;
  const ageMs = since === null ? 0 : Date.parse(job.observedAt) - Date.parse(since);
  return Math.min(maxMs, Math.max(minMs, Math.round(ageMs / 10)));
}

/** Whether two readings show one state. A finished job has only one state. */
export function isSameState(a: IceJob, b: IceJob): boolean {
  return a.status === b.status && (isFinished(a) || a.modifiedTime === b.modifiedTime);
}

/** `userData` as JSON. It is `null` when it is absent, not JSON, or nested too deep to be written again. */
export function parseUserData(userData: string | null): unknown {
  if (userData === null) return null;
  try {
    const value: unknown = JSON.parse(userData);
    // Writing is recursive, unlike parsing. A value that overflows the stack here would lose the whole response later.
    if (userData.length > DEEP_LENGTH) JSON.stringify(value);
    return value;
  } catch {
    return null;
  }
}

/** A shorter text cannot be nested deep enough to matter, in characters. */
const DEEP_LENGTH = 1000;
