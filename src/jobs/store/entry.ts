import { isDeepStrictEqual } from 'node:util';
import { isFinished, isSameState, type PackageJob } from '../model.ts';

/** What is known of an id: a job, or that ICE does not know the id (`null`). Times are milliseconds since 1970. */
export interface JobEntry {
  readonly job: PackageJob | null;
  /** When the call that read the state began. The state is no older than this. */
  readonly observedAt: number;
  /** When a call that is trusted to be up to date last read the state. The state's age counts from here. 0 is never. */
  readonly validatedAt: number;
  /** When GetPackageJob last read the id. 0 is never. */
  readonly lastGetAt: number;
  /** When SubmitPackageJob accepted the job, if that was through this gateway. Its later states keep it. */
  readonly acceptedAt?: number;
}

/** How much of a job is read. Lists give a `summary`. Only `detail` has `outputUrl`. */
export type Detail = 'summary' | 'detail';

/** How old a state may be when it is served, in milliseconds. */
export interface Freshness {
  readonly unfinishedMs: number;
  readonly finishedMs: number;
  readonly missingMs: number;
  /** The same for an unfinished job while ICE fails. A finished job, which cannot change, has no limit then. */
  readonly staleIfErrorMs: number;
}

/** The longest time that a state may be served without asking ICE, in milliseconds from its observation. */
export function maxAgeMs({ job }: JobEntry, freshness: Freshness): number {
  if (job === null) return freshness.missingMs;
  return isFinished(job) ? freshness.finishedMs : freshness.unfinishedMs;
}

export function isFresh(entry: JobEntry, freshness: Freshness, now: number): boolean {
  const ageMs = now - entry.validatedAt;
  // A clock that was set back makes ages negative. Nothing is known of the true age then.
  return ageMs >= 0 && ageMs < maxAgeMs(entry, freshness);
}

/** Whether the state may be served stale because ICE fails. A missing job is never served stale. */
export function canServeStale({ job, observedAt }: JobEntry, freshness: Freshness, now: number): boolean {
  if (job === null) return false;
  const ageMs = now - observedAt;
  return isFinished(job) || (ageMs >= 0 && ageMs <= freshness.staleIfErrorMs);
}

/** Whether the entry has all that {@link Detail} `detail` has. */
export function hasDetail({ job }: JobEntry): boolean {
  return job === null || job.outputUrl !== undefined;
}

/**
 * How long an accepted job stays known although reads do not find it, in milliseconds. ICE does not say how soon a job
 * can be read after it was submitted. One of its replicas may find it, and another not yet.
 */
export const SETTLING_MS = 60_000;

/** Whether the absence of the job at this time means nothing. */
export function isSettling({ acceptedAt }: JobEntry, at: number): boolean {
  return acceptedAt !== undefined && at - acceptedAt < SETTLING_MS;
}

/**
 * Whether `next` is the later of two states of one id. A finished job never becomes unfinished again. Otherwise the later
 * `modifiedTime` wins. Where that does not decide, the later observation wins. The absence of an accepted job means
 * nothing until {@link SETTLING_MS} after it was accepted.
 */
export function supersedes(next: JobEntry, current: JobEntry): boolean {
  if (current.job === null && next.job !== null && isSettling(next, current.observedAt)) return true;
  if (next.job === null && current.job !== null && isSettling(current, next.observedAt)) return false;
  if (next.job !== null && current.job !== null) {
    if (isFinished(next.job) !== isFinished(current.job)) return isFinished(next.job);
    const [nextTime, currentTime] = [next.job.modifiedTime, current.job.modifiedTime];
    if (nextTime !== null && currentTime !== null && nextTime !== currentTime) {
      return Date.parse(nextTime) > Date.parse(currentTime);
    }
  }
  return next.observedAt >= current.observedAt;
}

/**
 * Adds to `next` the `outputUrl` of `earlier`, which lists leave out, where both are the same state of the job. It never
 * mixes two states.
 */
export function withOutputUrl(next: PackageJob, earlier: PackageJob | null | undefined): PackageJob {
  if (next.outputUrl !== undefined || !earlier || earlier.outputUrl === undefined) return next;
  return isSameState(next, earlier) ? { ...next, outputUrl: earlier.outputUrl } : next;
}

/**
 * What is known of an id to two replicas: the later state, with what the other knows of the same state. That is the `outputUrl`,
 * and times. `lua/states-write.lua` has the same rule.
 */
export function merged(next: JobEntry, known: JobEntry): JobEntry {
  const [latest, other] = supersedes(next, known) ? [next, known] : [known, next];
  const isOneState = latest.job !== null && other.job !== null && isSameState(latest.job, other.job);
  // A later state was not there yet when a trusted call read the earlier one.
  const isAsNew = isOneState || (latest === next && latest.job !== null && other.job !== null);
  const acceptedAt = Math.max(next.acceptedAt ?? 0, known.acceptedAt ?? 0);
  return {
    job: latest.job && withOutputUrl(latest.job, other.job),
    observedAt: latest.observedAt,
    validatedAt: isAsNew ? Math.max(latest.validatedAt, other.validatedAt) : latest.validatedAt,
    lastGetAt: Math.max(latest.lastGetAt, other.lastGetAt),
    ...(acceptedAt > 0 && { acceptedAt }),
  };
}

/** Whether two readings say the same of a job. The time of the reading does not count. */
export function isUnchanged(a: PackageJob | null, b: PackageJob | null): boolean {
  return a === null || b === null
    ? a === b
    : isDeepStrictEqual({ ...a, observedAt: '' }, { ...b, observedAt: '' });
}

/** As {@link isUnchanged}. `outputUrl` does not count when one of the readings comes from a list. */
export function isUnchangedSummary(a: PackageJob | null, b: PackageJob | null): boolean {
  if (a === null || b === null || (a.outputUrl === undefined) === (b.outputUrl === undefined)) {
    return isUnchanged(a, b);
  }
  return isUnchanged({ ...a, outputUrl: null }, { ...b, outputUrl: null });
}
