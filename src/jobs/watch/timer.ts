/** Runs something later. The returned function cancels it. Tests pass timers of their own. */
export type SetTimer = (run: () => void, afterMs: number) => () => void;

/** A timer that does not keep the process alive. */
export function setUnrefTimer(run: () => void, afterMs: number): () => void {
  const timer = setTimeout(run, afterMs).unref();
  return () => clearTimeout(timer);
}
