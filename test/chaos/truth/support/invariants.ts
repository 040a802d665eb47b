import type { Ice } from './ice.ts';
import type { Settings } from './settings.ts';
import type { Shown, Showing } from './showing.ts';

/** What a run promised and saw. */
export interface Seen {
  readonly showings: readonly Showing[];
  readonly ice: Ice;
  readonly settings: Settings;
  /** The longest that the process was late between these times, in milliseconds. The gateway cannot be earlier. */
  readonly lateness: (from: number, until: number) => number;
}

/** What clocks and sockets of one machine are apart at most, in milliseconds. */
const SLACK_MS = 60;

/** A process that is as late as this within one request can miss the end of a wait, in milliseconds. */
const BUSY_MS = 100;

/** For how long an accepted job must not be missing, in milliseconds. */
const SETTLING_MS = 60_000;

/** How much later than its time a wait may end, in milliseconds. */
const WAIT_GRACE_MS = 500;

/** The errors that a client gets because of ICE, and by its own bounds. */
const TEMPORARY = new Set([
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_THROTTLED',
  'UPSTREAM_MALFORMED',
  'OVERLOADED',
  'RATE_LIMITED',
]);

type Invariant = (showing: Showing, seen: Seen) => readonly string[];

/** Says in which way each showing breaks a rule. */
export function violationsIn(seen: Seen): string[] {
  const each = [isTrue, isFresh, isOneState, endsInTime, failsForAReason] satisfies Invariant[];
  const found = seen.showings.flatMap((showing) =>
    each.flatMap((invariant) => invariant(showing, seen).map((why) => describe(why, showing, seen))),
  );
  return [...found, ...goesForward(seen)];
}

/** Nothing is shown before it is true. */
function isTrue({ askedAt, gotAt, way, jobs }: Showing, { ice }: Seen): string[] {
  return jobs.flatMap(({ id, status }) => {
    const job = ice.jobs.get(id);
    if (job === undefined || status === 'INIT') return [];
    if (status === null) {
      const isSettling = job.acceptedAt !== undefined && askedAt - job.acceptedAt < SETTLING_MS;
      if (isSettling) return [`an accepted job is null: ${id}`];
      return job.removedAt > gotAt ? [`a job that ICE has is null: ${id}`] : [];
    }
    if (job.finishedAt > gotAt) return [`a job has not finished: ${id}`];
    return status === job.outcome ? [] : [`${way} shows ${status}, which is ${job.outcome}: ${id}`];
  });
}

/** What is shown as unfinished was so no longer ago than is promised. */
function isFresh(showing: Showing, seen: Seen): string[] {
  const { way, askedAt, gotAt, jobs, isStale } = showing;
  const { ice, settings, lateness } = seen;
  if (way !== 'read' && way !== 'wait' && way !== 'first event') return [];
  const slackMs = SLACK_MS + lateness(showing.askedAt - 1000, gotAt);
  const { from, isExact } = promisedFrom(showing, seen);
  return jobs.flatMap(({ id, status, observedAt = '' }) => {
    const job = ice.jobs.get(id);
    if (job === undefined || status !== 'INIT') return [];
    const wasSoUntil = Math.min(job.finishedAt, job.removedAt);
    const observed = Date.parse(observedAt);
    if (wasSoUntil < from - slackMs) {
      if (ice.wasForgotten(id, askedAt - settings.maxAgeMs, gotAt)) return [];
      return [
        `${id} had been otherwise for ${String(Math.round(from - wasSoUntil))} ms more than is promised`,
      ];
    }
    // A list that lags is taken for what it says, until it is found wrong.
    const canLag = ice.lagMs > 0 && (settings.isListBatchingOn || isStale || !isExact);
    if (!canLag && observed > wasSoUntil + slackMs)
      return [`${id} is said to have been unfinished later than it was`];
    return observed > gotAt + slackMs ? [`${id} was observed in the future`] : [];
  });
}

/** Since when a state may be out of date. */
function promisedFrom(
  { way, askedAt, gotAt, isStale, waitMs }: Showing,
  { ice, settings }: Seen,
): { from: number; isExact: boolean } {
  const { maxAgeMs, staleIfErrorMs, isListBatchingOn, requestTimeoutMs } = settings;
  const lagMs = isListBatchingOn ? ice.lagMs : 0;
  const isExact = way !== 'first event' || !ice.wasDisturbed(askedAt - requestTimeoutMs, gotAt, 2000);
  if (isStale || !isExact) return { from: gotAt - Math.max(staleIfErrorMs, maxAgeMs) - ice.lagMs, isExact };
  const isTimedOut = way === 'wait' && gotAt - askedAt >= waitMs;
  return { from: (isTimedOut ? askedAt + waitMs : askedAt) - maxAgeMs - lagMs, isExact };
}

/** One answer shows one state of each job. */
function isOneState({ jobs }: Showing): string[] {
  const states = new Map<string, Shown>();
  return jobs.flatMap((job) => {
    if (job.status === null) return [];
    const other = states.get(job.id);
    states.set(job.id, job);
    if (other === undefined) return [];
    const isSame = other.status === job.status && other.observedAt === job.observedAt;
    return isSame ? [] : [`two states in one answer: ${JSON.stringify([other, job])}`];
  });
}

/** A wait ends in its time, and not without a reason before that. */
function endsInTime(
  { way, what, askedAt, gotAt, waitMs, jobs, errors }: Showing,
  { lateness }: Seen,
): string[] {
  if (way !== 'wait') return [];
  const tookMs = gotAt - askedAt;
  if (tookMs > waitMs + WAIT_GRACE_MS + lateness(askedAt, gotAt)) {
    return [`a wait of ${String(waitMs)} ms took ${String(tookMs)} ms`];
  }
  const isEarly = tookMs < waitMs - SLACK_MS;
  const hasReason = jobs.some(({ status }) => status !== 'INIT') || errors.length > 0;
  return isEarly && !hasReason ? [`a wait ended after ${String(tookMs)} ms for no reason: ${what}`] : [];
}

/** Errors come from ICE, and while it fails. */
function failsForAReason(
  { way, askedAt, gotAt, jobs, errors }: Showing,
  { ice, settings, lateness }: Seen,
): string[] {
  return errors.flatMap(({ code, path }) => {
    if (code === 'BAD_USER_INPUT' && way === 'first event') return [];
    if (!TEMPORARY.has(code)) return [`${code} at ${path}`];
    // Lists have shown the end of a job whose own reads do not find it.
    const isForgotten = jobs.some(({ id }) => ice.wasForgotten(id, askedAt - settings.maxAgeMs, gotAt));
    if (isForgotten && code === 'UPSTREAM_UNAVAILABLE' && path.endsWith('outputUrl')) return [];
    const isDisturbed = ice.wasDisturbed(askedAt - settings.requestTimeoutMs, gotAt, 10_000);
    return isDisturbed || lateness(askedAt, gotAt) > BUSY_MS ? [] : [`${code} at ${path} while ICE works`];
  });
}

/** Once a client was shown that a job has finished, nobody who asks after that is shown that it has not. */
function goesForward(seen: Seen): string[] {
  const finishedSince = new Map<string, number>();
  for (const { gotAt, jobs } of seen.showings) {
    for (const { id, status } of jobs) {
      if (status === 'SUCCESS' || status === 'FAIL') {
        finishedSince.set(id, Math.min(gotAt, finishedSince.get(id) ?? Infinity));
      }
    }
  }
  return seen.showings.flatMap((showing) => {
    if (showing.way === 'event') return [];
    return showing.jobs.flatMap(({ id, status }) => {
      const since = finishedSince.get(id) ?? Infinity;
      return status === 'INIT' && showing.askedAt > since
        ? [
            describe(
              `${id} goes back, ${String(showing.askedAt - since)} ms after it was shown to have finished`,
              showing,
              seen,
            ),
          ]
        : [];
    });
  });
}

function describe(why: string, { way, what, askedAt, gotAt, isStale, jobs }: Showing, { ice }: Seen): string {
  const truths = jobs.map(({ id }) => ice.jobs.get(id)).filter((job) => job !== undefined);
  const since = truths.map(({ id, finishedAt, removedAt }) => [
    id,
    finishedAt - askedAt,
    removedAt - askedAt,
  ]);
  return `${way}: ${why}\n  ${what}\n  took ${String(gotAt - askedAt)} ms${isStale ? ', stale' : ''}, asked at ${new Date(askedAt).toISOString()}\n  ${JSON.stringify(jobs)}\n  finished and removed, in ms from then: ${JSON.stringify(since)}`;
}
