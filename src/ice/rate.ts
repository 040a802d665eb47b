/**
 * The span in which starts are counted, in milliseconds. It is a second, and 50 ms for calls that start a second apart but
 * reach ICE closer together.
 */
export const SPAN_MS = 1050;
/** How long no call starts when ICE does not say how long to wait. */
export const DEFAULT_PAUSE_MS = 1000;
/** ICE limits by the second and by the minute, so no pause is longer. */
export const MAX_PAUSE_MS = 60_000;
/** The rate after throttling, as a share of what ICE granted. */
const DECREASE = 0.9;
/** The rate that is grown back to, as a share of what ICE granted. Calls can reach ICE closer together than they were sent. */
const HEADROOM = 0.95;
/** How long there must be no throttling before a higher rate is tried, in seconds. */
const QUIET_S = 60;

/** When calls may start: so many a second, and fewer after ICE throttled some. It has no timer. Times are `now`'s. */
export interface Rate {
  /** The most starts in a second, at this moment. It is at least 1. It can be a fraction while it grows. */
  readonly callsPerSecond: number;
  /**
   * Milliseconds until the next call may start. 0 is now.
   *
   * @param kept how many more could start at that time. It is less than the rate. @default 0
   */
  waitMs(kept?: number): number;
  /** Notes that a call starts, and returns when, in milliseconds. */
  start(): number;
  /** Notes that a call ended without being throttled. */
  granted(): void;
  /** Notes that ICE throttled the call that started then, and asked to wait so long, in milliseconds. */
  throttled(startedAt: number, retryAfterMs?: number): void;
}

/**
 * Creates a rate of at most `limit` starts in any second. It settles just below what ICE grants.
 *
 * A throttled response stops all starts for as long as it asks (else 1 s, at most 60 s). After that
 *
 *     granted = calls that were not throttled, in the second before the throttled response;
 *               at least half the rate then, as that second may have been quiet, and at most that rate
 *     rate    = 0.9 * granted, and 1 more each second, up to
 *     ceiling = 0.95 * granted, and at least 1 below the rate that was refused
 *
 * After a minute without throttling it grows beyond the ceiling, by 1 each second, as other users of the account may have
 * left. Throttled responses to calls that started before the first of them came are one event. They prolong the pause and
 * lower nothing.
 *
 * @param known the rate that is known to be granted. It grows beyond it after a minute. @default the limit
 */
export function createRate(limit: number, now: () => number, known: number = limit): Rate {
  /** When calls started, the last {@link SPAN_MS}, oldest first. */
  const starts: number[] = [];
  /** When calls ended without being throttled, the last second, oldest first. */
  const grants: number[] = [];
  let lowered = { to: known, ceiling: known, at: now() };
  /** The last throttling. `rate` is the refused rate, until it is lowered. */
  let refusal: { readonly at: number; readonly rate: number | undefined } = {
    at: -Infinity,
    rate: undefined,
  };
  let pausedUntil = -Infinity;

  function currentRate(at: number): number {
    const seconds = Math.max(0, at - lowered.at) / 1000;
    const known = Math.min(lowered.to + seconds, lowered.ceiling);
    return Math.min(limit, known + Math.max(0, seconds - QUIET_S));
  }

  /** Lowers the rate once the pause is over. By then the calls in flight have been answered too. */
  function lowerAfterPause(at: number): void {
    if (refusal.rate === undefined || at < pausedUntil) return;
    const refused = refusal.rate;
    const granted = Math.min(refused, Math.max(refused / 2, grants.length));
    lowered = {
      to: Math.max(1, Math.floor(DECREASE * granted)),
      ceiling: Math.max(1, Math.min(HEADROOM * granted, refused - 1)),
      at: pausedUntil,
    };
    refusal = { at: refusal.at, rate: undefined };
  }

  return {
    get callsPerSecond() {
      const at = now();
      lowerAfterPause(at);
      return currentRate(at);
    },
    waitMs(kept = 0) {
      const at = now();
      if (at < pausedUntil) return pausedUntil - at;
      lowerAfterPause(at);
      forget(starts, at - SPAN_MS);
      const excess = starts.length + kept - Math.floor(currentRate(at));
      return Math.max(0, (starts[excess] ?? -Infinity) + SPAN_MS - at);
    },
    start() {
      const at = now();
      starts.push(at);
      return at;
    },
    granted() {
      const at = now();
      grants.push(at);
      // Until the rate is lowered, the second before the throttling counts.
      forget(grants, (refusal.rate === undefined ? at : refusal.at) - 1000);
    },
    throttled(startedAt, retryAfterMs = DEFAULT_PAUSE_MS) {
      const at = now();
      lowerAfterPause(at);
      if (startedAt > refusal.at) {
        forget(grants, at - 1000);
        refusal = { at, rate: currentRate(at) };
      }
      pausedUntil = Math.max(pausedUntil, at + Math.min(retryAfterMs, MAX_PAUSE_MS));
    },
  };
}

/** Drops the times up to and including `until`. */
function forget(times: number[], until: number): void {
  while ((times[0] ?? Infinity) <= until) times.shift();
}
