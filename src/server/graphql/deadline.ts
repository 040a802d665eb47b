import { abort, onAbort } from '../../abort.ts';

/** How long an operation may take. */
export interface Deadline {
  /** Aborts when the time is up or the client has disconnected. */
  readonly signal: AbortSignal;
  /** Aborts when the client has disconnected. */
  readonly disconnected: AbortSignal;
  /**
   * Runs a wait of so many milliseconds, for which the clock stops. After that the operation has the whole time again. But it
   * ends {@link GRACE_MS} after the end of its longest wait, whatever it still reads.
   */
  pauseDuring<T>(run: () => Promise<T>, waitMs: number): Promise<T>;
  /** Frees the timer. */
  end(): void;
}

/** How much later than the end of its longest wait an operation ends, in milliseconds. It is a bit less than is promised. */
const GRACE_MS = 400;

/**
 * Starts the clock: `limitMs` from now.
 *
 * @param nextTurn resolves when the operation may end for want of time. Many can be up at once, and each takes a while to end
 * @param onPause is called when it stops
 */
export function startDeadline(
  limitMs: number,
  disconnected: AbortSignal,
  nextTurn: () => Promise<void>,
  onPause?: () => void,
): Deadline {
  const controller = new AbortController();
  let pauses = 0;
  let waitsEndAt = Number.NEGATIVE_INFINITY;
  const end = () => abort(controller);
  const timeIsUp = () => void nextTurn().then(() => pauses === 0 && end());
  let timer = setTimeout(timeIsUp, limitMs);
  const left = () => waitsEndAt - performance.now();
  const restart = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(timeIsUp, Math.max(0, ms));
  };
  const forget = onAbort(disconnected, end);
  return {
    signal: controller.signal,
    disconnected,
    async pauseDuring(run, waitMs) {
      pauses += 1;
      onPause?.();
      waitsEndAt = Math.max(waitsEndAt, performance.now() + waitMs + GRACE_MS);
      restart(left());
      try {
        return await run();
      } finally {
        pauses -= 1;
        if (pauses === 0) restart(Math.min(limitMs, left()));
      }
    },
    end() {
      pauses = Infinity;
      clearTimeout(timer);
      forget();
    },
  };
}
