import { createRate, DEFAULT_PAUSE_MS, MAX_PAUSE_MS, SPAN_MS, type Rate } from './rate.ts';
import type { SharedRate } from './shared-rate.ts';

/**
 * The rate of one of several replicas. While it is shared it is what is left to this replica, and the others decide on each
 * start. Alone it adapts by itself, within its part of the limit.
 *
 * What others start in that moment is not known, so a replica that is alone starts nothing for a span, and then counts anew.
 */
export function createReplicaRate(shared: SharedRate, now: () => number): Rate {
  /** When calls started, the last {@link SPAN_MS}, oldest first. */
  const starts: number[] = [];
  let alone = rateAlone(shared, 0, now);

  function forgetStarts(at: number): void {
    while ((starts[0] ?? Infinity) <= at - SPAN_MS) starts.shift();
  }

  shared.onChange(() => {
    if (shared.isShared) {
      forgetStarts(now());
      if (starts.length > 0) shared.log(starts.length, 1);
    } else alone = rateAlone(shared, Math.max(SPAN_MS, shared.pausedMs), now);
  });

  return {
    get callsPerSecond() {
      return shared.isShared ? shared.own : alone.callsPerSecond;
    },
    waitMs(kept = 0) {
      if (!shared.isShared) return alone.waitMs(kept);
      if (shared.pausedMs > 0) return shared.pausedMs;
      const at = now();
      forgetStarts(at);
      const excess = starts.length + kept - Math.floor(shared.own);
      return Math.max(0, (starts[excess] ?? -Infinity) + SPAN_MS - at);
    },
    start() {
      const at = shared.isShared ? now() : alone.start();
      forgetStarts(at);
      starts.push(at);
      return at;
    },
    granted() {
      if (!shared.isShared) alone.granted();
    },
    throttled(startedAt, retryAfterMs = DEFAULT_PAUSE_MS) {
      if (!shared.isShared) alone.throttled(startedAt, retryAfterMs);
      else shared.throttled(now() - startedAt, Math.min(retryAfterMs, MAX_PAUSE_MS));
    },
  };
}

function rateAlone({ alone: { limit, known } }: SharedRate, pauseMs: number, now: () => number): Rate {
  const rate = createRate(limit, now, known);
  // A throttling that was before all calls pauses, and lowers nothing.
  if (pauseMs > 0) rate.throttled(-Infinity, pauseMs);
  return rate;
}
