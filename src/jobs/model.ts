import type { IceJob } from '../ice/decode.ts';

/** A state of a packaging job, and when it was read. `outputUrl` is `undefined` while only a list has shown the job. */
export interface PackageJob extends IceJob {
  /** RFC 3339, UTC, with milliseconds. */
  readonly observedAt: string;
}

/** The job as ICE told it in a call that began at `observedAt`, in milliseconds since 1970. */
export function observed(job: IceJob, observedAt: number): PackageJob {
  return { ...job, observedAt: new Date(observedAt).toISOString() };
}

/** How often a job that has not finished is worth asking for, in milliseconds. */
export interface PollInterval {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Whether the job has ended; such a job never changes again. */
export function isFinished(job: Pick<PackageJob, 'status'>): boolean {
  return job.status === 'SUCCESS' || job.status === 'FAIL';
}

/**
 * Milliseconds until another read of the job can be worth its cost; `null` once it has finished.
 *
 * A tenth of the job's age at its observation, within the interval: what has run for a minute may be asked for every
 * six seconds and is still seen within a tenth of its running time. A job of unknown age gets the shortest.
 */
export function pollAfterMs(job: PackageJob, { minMs, maxMs }: PollInterval): number | null {
  if (isFinished(job)) return null;
  const since = job.submitTime ?? job.createTime;
  const ageMs = since === null ? 0 : Date.parse(job.observedAt) - Date.parse(since);
  return Math.min(maxMs, Math.max(minMs, Math.round(ageMs / 10)));
}

/** `userData` as JSON, or `null` when it is absent, not JSON, or nested too deep to be written again. */
export function parseUserData(userData: string | null): unknown {
  if (userData === null) return null;
  try {
    const value: unknown = JSON.parse(userData);
    // Unlike parsing, writing is recursive; what overflows here would lose the whole answer later.
    if (userData.length > DEEP_LENGTH) JSON.stringify(value);
    return value;
  } catch {
    return null;
  }
}

/** No shorter text is nested deep enough to matter. */
const DEEP_LENGTH = 1000;
