/** Why signals abort that nobody asks for the reason. Without one, an error with a stack is made for each. */
const LEFT = new Error('nobody waits for it any more');

/** Aborts the signal of this controller. */
export function abort(controller: AbortController): void {
  controller.abort(LEFT);
}

/** What to do when a signal aborts. The signal itself has one listener, whatever their number. */
const pending = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `run` when the signal aborts, or at once if it has. The returned function takes it back.
 *
 * Adding and taking back are in constant time. Node's `addEventListener` and `removeEventListener` look at all listeners of the
 * signal. That takes seconds for signals that end what many clients have open.
 *
 * @param run must not throw, as others are called after it
 */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  if (signal.aborted) {
    run();
    return () => undefined;
  }
  const runs = pending.get(signal) ?? listenTo(signal);
  // Each call counts, even for the same function.
  const own = () => run();
  runs.add(own);
  return () => void runs.delete(own);
}

function listenTo(signal: AbortSignal): Set<() => void> {
  const runs = new Set<() => void>();
  pending.set(signal, runs);
  signal.addEventListener('abort', () => runs.forEach((run) => run()), { once: true });
  return runs;
}
