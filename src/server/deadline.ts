/** How long an operation may take. */
export interface Deadline {
  /** Aborts when the time is up or the client has gone. */
  readonly signal: AbortSignal;
  /** Aborts when the client has gone. */
  readonly gone: AbortSignal;
  /** Stops the clock until what it gives back is called, which grants the whole time again. */
  readonly hold: () => () => void;
  /** Frees the timer. */
  readonly end: () => void;
}

/** Starts the clock: `limitMs` from now. */
export function startDeadline(limitMs: number, gone: AbortSignal): Deadline {
  const controller = new AbortController();
  const abort = () => controller.abort();
  let holds = 0;
  let timer = setTimeout(abort, limitMs);
  gone.addEventListener('abort', abort, { once: true });
  if (gone.aborted) abort();
  return {
    signal: controller.signal,
    gone,
    hold() {
      holds += 1;
      clearTimeout(timer);
      return () => {
        holds -= 1;
        if (holds === 0) timer = setTimeout(abort, limitMs);
      };
    },
    end() {
      holds = Infinity;
      clearTimeout(timer);
      gone.removeEventListener('abort', abort);
    },
  };
}
