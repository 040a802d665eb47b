import { abort, onAbort } from '../../abort.ts';

/** How long an operation may take. */
export interface Deadline {
  /** Aborts when the time is up or the client has disconnected. */
  readonly signal: AbortSignal;
  /** Aborts when the client has disconnected. */
  readonly disconnected: AbortSignal;
  /** Stops the clock while `run` is pending. After that the operation has the whole time again. */
  pauseDuring<T>(run: () => Promise<T>): Promise<T>;
  /** Frees the timer. */
  end(): void;
}

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
  const end = () => abort(controller);
  const timeIsUp = () => void nextTurn().then(() => pauses === 0 && end());
  let timer = setTimeout(timeIsUp, limitMs);
  const forget = onAbort(disconnected, end);
  return {
    signal: controller.signal,
    disconnected,
    async pauseDuring(run) {
      pauses += 1;
      onPause?.();
      clearTimeout(timer);
      try {
        return await run();
      } finally {
        pauses -= 1;
        if (pauses === 0) timer = setTimeout(timeIsUp, limitMs);
      }
    },
    end() {
      pauses = Infinity;
      clearTimeout(timer);
      forget();
    },
  };
}
