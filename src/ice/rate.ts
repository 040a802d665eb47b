/**
 * The span in which starts are counted, in milliseconds: a second, and 50 ms for calls that start a second apart
 * but reach ICE closer together.
 */
const SPAN_MS = 1050;
/** How long ICE is left alone when it does not say how long it wants to be. */
const DEFAULT_PAUSE_MS = 1000;
/** ICE limits by the second and by the minute, so no pause is longer. */
const MAX_PAUSE_MS = 60_000;
/** What is lowered to, as a share of what ICE granted. */
const DECREASE = 0.9;
/** What is grown back to, as a share of what ICE granted: calls can reach it closer together than they were sent. */
const HEADROOM = 0.95;
/** How long there must be no throttling before more is tried than ICE is known to grant, in seconds. */
const QUIET_S = 60;

/** When calls may start: so many a second, fewer after ICE throttled some. Has no timer; times are `now`'s. */
export interface Rate {
  /** Most starts in a second, at this moment. At least 1; can be a fraction while it grows. */
  readonly callsPerSecond: number;
  /** Milliseconds until the next call may start; 0 = now. */
  waitMs(): number;
  /** Notes that a call starts, and returns when, in milliseconds. */
  start(): number;
  /** Notes that a call ended without being throttled. */
  granted(): void;
  /** Notes that ICE throttled the call that started then, and asked to wait so long, in milliseconds. */
  throttled(startedAt: number, retryAfterMs?: number): void;
}

/**
 * A rate of at most `limit` starts in any second that settles just below what ICE grants.
 *
 * A throttled answer stops all starts for as long as it asks (else 1 s, at most 60 s). After that
 *
 *     granted = calls that were not throttled, in the second before the throttled answer;
 *               at least half the rate then, as that second can have been a quiet one, and at most that rate
 *     rate    = 0.9 * granted, and 1 more each second, up to
 *     ceiling = 0.95 * granted, and at least 1 below the rate that was refused
 *
 * Only after a minute without throttling it grows on beyond the ceiling, by 1 each second, as others who use the
 * account may have left. Throttled answers to calls that started before the first of them came are one event: they
 * prolong the pause and lower nothing.
 */
export function createRate(limit: number, now: () => number): Rate {
  /** When calls started, the last {@link SPAN_MS}, oldest first. */
  const starts: number[] = [];
  /** When calls ended without being throttled, the last second, oldest first. */
  const grants: number[] = [];
  let lowered = { to: limit, ceiling: limit, at: now() };
  /** The last throttling; `rate` is what was refused, until it is lowered. */
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

  /** Lowers only once the pause is over, when the calls that were under way have been answered as well. */
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
    waitMs() {
      const at = now();
      if (at < pausedUntil) return pausedUntil - at;
      lowerAfterPause(at);
      forget(starts, at - SPAN_MS);
      const excess = starts.length - Math.floor(currentRate(at));
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
      // While a throttling is being looked into, the second before it counts.
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

/** Drops the times up to and including `until` from the front. */
function forget(times: number[], until: number): void {
  while ((times[0] ?? Infinity) <= until) times.shift();
}
