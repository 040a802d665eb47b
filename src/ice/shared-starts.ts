import type { Rate } from './rate.ts';
import type { SharedRate } from './shared-rate.ts';
import type { Start } from './turns.ts';

/** A grant that took longer to come is used later than it counts from, in milliseconds. The span has so much to spare. */
const SPARE_MS = 50;
/** The shortest wait before the others are asked again, in milliseconds. */
const MIN_WAIT_MS = 5;

export interface SharedStartsOptions<T> {
  readonly shared: SharedRate;
  readonly rate: Rate;
  /** The most calls that are asked for at once. */
  readonly maxBatch: number;
  readonly now: () => number;
  /** How many clients have calls. */
  readonly clients: () => number;
  /** Starts a call. */
  readonly start: (start: Start<T>) => void;
  /** Is called when there is room for more. */
  readonly onRoom: () => void;
}

/** Calls whose turn it is, and which start when the other replicas let them. */
export interface SharedStarts<T> {
  /** Whether a call whose turn it is may be added. */
  readonly hasRoom: boolean;
  add(start: Start<T>): void;
  /** Takes a call out that has left. */
  remove(item: T): void;
}

/**
 * While there is much to have, calls are asked for together. While there is nothing, one waits, so that whose turn comes next
 * is decided late.
 */
// oxlint-disable-next-line max-lines-per-function -- its short functions share the calls and the timer
export function createSharedStarts<T>(options: SharedStartsOptions<T>): SharedStarts<T> {
  const { shared, rate, maxBatch, now, clients, start, onRoom } = options;
  const waiting: Start<T>[] = [];
  let batch = 1;
  let state: 'idle' | 'asking' | 'waiting' = 'idle';
  let timer: NodeJS.Timeout | undefined;

  function startFirst(count: number): void {
    for (const first of waiting.splice(0, count)) start({ ...first, startedAt: now() });
  }

  /** What is granted after all who asked for it have left is not used. */
  async function ask(): Promise<number> {
    const askedAt = now();
    try {
      const { granted, waitMs, free } = await shared.take(waiting.length, clients());
      batch = Math.max(1, Math.min(maxBatch, free));
      if (granted > 0 && now() - askedAt > SPARE_MS) shared.log(granted, clients());
      startFirst(granted);
      return waitMs;
    } catch {
      return MIN_WAIT_MS;
    }
  }

  /** Alone, the rate that the replica has by itself decides. */
  function startAlone(): number {
    const waitMs = rate.waitMs();
    if (waitMs > 0) return waitMs;
    rate.start();
    startFirst(1);
    return 0;
  }

  async function startNext(): Promise<void> {
    state = 'asking';
    const waitMs = shared.isShared ? await ask() : startAlone();
    if (waiting.length === 0) beIdle();
    else {
      state = 'waiting';
      timer = setTimeout(() => void startNext(), Math.max(MIN_WAIT_MS, Math.ceil(waitMs)));
    }
  }

  function beIdle(): void {
    state = 'idle';
    onRoom();
  }

  return {
    get hasRoom() {
      return state === 'idle' && waiting.length < batch;
    },
    add(next) {
      if (!shared.isShared && waiting.length === 0) {
        start(next);
        return;
      }
      waiting.push(next);
      // More may be added in this turn.
      if (waiting.length === 1) queueMicrotask(() => void startNext());
    },
    remove(item) {
      const index = waiting.findIndex((start) => start.item === item);
      if (index === -1) return;
      const [left] = waiting.splice(index, 1);
      left?.end();
      if (waiting.length > 0 || state !== 'waiting') return;
      clearTimeout(timer);
      beIdle();
    },
  };
}
