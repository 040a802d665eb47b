import { isDeepStrictEqual } from 'node:util';
import { isFinished, type PackageJob } from './model.ts';

/** What was last known of an id: a job, or that ICE does not know it (`null`). Times are milliseconds since 1970. */
export interface Known {
  readonly job: PackageJob | null;
  /** When the call that told it began, so that the state is no older than this says. */
  readonly observedAt: number;
  /** When this was last told by a call that can be trusted to be up to date, from which its age counts; 0 is never. */
  readonly vouchedAt: number;
  /** When GetPackageJob last told of the id; 0 is never. */
  readonly confirmedAt: number;
  /** Whether the job is as SubmitPackageJob accepted it at `observedAt`, and no read has shown it yet. */
  readonly isAccepted?: boolean;
}

/** How old a state may be when it is served, in milliseconds. */
export interface Freshness {
  readonly unfinishedMs: number;
  readonly finishedMs: number;
  readonly missingMs: number;
  /** The same for an unfinished job while ICE fails; a finished one, which cannot change, then has no limit. */
  readonly staleIfErrorMs: number;
}

/** The longest a state may be served without asking ICE, in milliseconds from its observation. */
export function maxAgeMs({ job }: Known, freshness: Freshness): number {
  if (job === null) return freshness.missingMs;
  return isFinished(job) ? freshness.finishedMs : freshness.unfinishedMs;
}

export function isFresh(known: Known, freshness: Freshness, now: number): boolean {
  const ageMs = now - known.vouchedAt;
  // A clock that was set back makes ages negative; nothing is known of them then.
  return ageMs >= 0 && ageMs < maxAgeMs(known, freshness);
}

/** Whether the state may stand in for one that ICE fails to give. That a job was missing says nothing about now. */
export function canStandIn({ job, observedAt }: Known, freshness: Freshness, now: number): boolean {
  if (job === null) return false;
  const ageMs = now - observedAt;
  return isFinished(job) || (ageMs >= 0 && ageMs <= freshness.staleIfErrorMs);
}

/**
 * How long a job that ICE accepted stays known although reads do not find it, in milliseconds. ICE does not say how soon
 * a job can be read after it was submitted.
 */
export const SETTLING_MS = 60_000;

/**
 * Whether `next` is the later of two states of one id. A finished job never becomes unfinished again; else the later
 * `modifiedTime` wins, and where that does not decide, the later observation. Of a job that ICE accepted, its absence
 * says nothing until {@link SETTLING_MS} after that.
 */
export function supersedes(next: Known, known: Known): boolean {
  if (known.job === null && next.isAccepted === true) return true;
  if (next.job === null && known.isAccepted === true)
    return next.observedAt - known.observedAt >= SETTLING_MS;
  if (next.job !== null && known.job !== null) {
    if (isFinished(next.job) !== isFinished(known.job)) return isFinished(next.job);
    const [nextTime, knownTime] = [next.job.modifiedTime, known.job.modifiedTime];
    if (nextTime !== null && knownTime !== null && nextTime !== knownTime) {
      return Date.parse(nextTime) > Date.parse(knownTime);
    }
  }
  return next.observedAt >= known.observedAt;
}

/** Whether two readings show one state. A finished job has only one. */
export function isSameState(a: PackageJob, b: PackageJob): boolean {
  return a.status === b.status && (isFinished(a) || a.modifiedTime === b.modifiedTime);
}

/**
 * `next` with what a list leaves out, `outputUrl`, taken over from `known` where both are the same state of the job;
 * never a mixture of two.
 */
export function complete(next: PackageJob, known: PackageJob | null | undefined): PackageJob {
  if (next.outputUrl !== undefined || !known || known.outputUrl === undefined) return next;
  return isSameState(next, known) ? { ...next, outputUrl: known.outputUrl } : next;
}

/** Whether all that two readings tell of a job, but for when they were made, is the same. */
export function isUnchanged(a: PackageJob | null, b: PackageJob | null): boolean {
  return a === null || b === null
    ? a === b
    : isDeepStrictEqual({ ...a, observedAt: '' }, { ...b, observedAt: '' });
}

/** The same, where `outputUrl` says nothing when one of them was read from a list, which leaves it out. */
export function isUnchangedAsListed(a: PackageJob | null, b: PackageJob | null): boolean {
  if (a === null || b === null || (a.outputUrl === undefined) === (b.outputUrl === undefined)) {
    return isUnchanged(a, b);
  }
  return isUnchanged({ ...a, outputUrl: null }, { ...b, outputUrl: null });
}
