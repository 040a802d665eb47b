import { SPAN_MS, type Rate } from './rate.ts';

/** What clients over their share may use, as parts of the rate. */
interface Allowance {
  /** Their calls start at once while fewer than this part is used. */
  readonly burst: number;
  /** They never use this part, nor this part of the concurrency. */
  readonly kept: number;
}

/** Another client has asked of late. It finds calls free at any time, and they come back evenly. */
const SHARED: Allowance = { burst: 0.5, kept: 0.1 };
/** Nobody else has. A new client finds one call of 50 free, and then one about every tenth of a second. */
const ALONE: Allowance = { burst: 0.8, kept: 0.02 };

/** For how long a client that asked is expected to ask again, in milliseconds. */
const OF_LATE_MS = 60_000;

/** Timers are late. Calls at an even pace make up for so much, in milliseconds. */
const CATCH_UP_MS = 20;

/** A client, as far as its pace goes. */
export interface Paced {
  readonly client: string;
  /** Whether its burst has ended. It stays so until none of its calls waits. */
  isPaced: boolean;
}

/** When clients that are over their share may start calls. */
export interface Pace {
  /** Notes that a client asks. */
  note(client: string): void;
  /** Milliseconds until this client may start a call. It can be below 0. `Infinity`: not before one has ended. */
  waitMs(paced: Paced, inFlight: number): number;
  /** Notes that this client starts a call. It comes before the rate is told. */
  start(paced: Paced): void;
}

/**
 * What starts at once is used up at once, and comes back at once when the span has passed. Those who ask between would have
 * to wait until then. So clients over their share start a burst, spread what is left of the span after it, and keep to an
 * even pace from then on. As long as they go on, their rate is the whole, less what is kept free.
 */
export function createPace(rate: Rate, maxConcurrency: number, now: () => number): Pace {
  /** When the last call at an even pace was to start. */
  let pacedAt = -Infinity;
  /** When the last call of a burst started. */
  let burstAt = -Infinity;
  let latest = { client: '', at: -Infinity };
  let latestOfAnother = latest;

  function allowanceOf({ client, isPaced }: Paced) {
    const another = latest.client === client ? latestOfAnother : latest;
    const isShared = now() - another.at < OF_LATE_MS;
    const { burst, kept } = isShared ? SHARED : ALONE;
    const limit = Math.floor(rate.callsPerSecond);
    const keptStarts = Math.round(kept * limit);
    const burstStarts = Math.max(1, Math.round(burst * limit));
    const isSpanOfBurst = now() - burstAt < SPAN_MS;
    return {
      keptStarts,
      isBurst: !isPaced && rate.waitMs(limit - burstStarts) === 0,
      intervalMs: SPAN_MS / Math.max(1, limit - keptStarts - (isSpanOfBurst ? burstStarts : 0)),
      maxInFlight: maxConcurrency - (isShared ? Math.round(kept * maxConcurrency) : 0),
    };
  }

  return {
    note(client) {
      if (client !== latest.client) latestOfAnother = latest;
      latest = { client, at: now() };
    },
    waitMs(paced, inFlight) {
      const { keptStarts, isBurst, intervalMs, maxInFlight } = allowanceOf(paced);
      if (inFlight >= maxInFlight) return Infinity;
      const freeMs = rate.waitMs(keptStarts);
      if (isBurst) return freeMs;
      paced.isPaced = true;
      return Math.max(freeMs, pacedAt + intervalMs - now());
    },
    start(paced) {
      const { isBurst, intervalMs } = allowanceOf(paced);
      if (isBurst) burstAt = now();
      else pacedAt = Math.max(pacedAt + intervalMs, now() - CATCH_UP_MS);
    },
  };
}
