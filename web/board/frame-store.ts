/** Changes that come together are shown together, as of one frame. Timers go on in tabs that nobody sees, frames do not. */
const FRAME_MS = 16;

/** A state outside of React, for `useSyncExternalStore`. */
export function createFrameStore<State extends object>(initial: State) {
  let state = initial;
  let frame: ReturnType<typeof setTimeout> | undefined;
  const listeners = new Set<() => void>();

  function show() {
    clearTimeout(frame);
    frame = undefined;
    for (const listener of listeners) listener();
  }
  return {
    get: () => state,
    set: (change: Partial<State>) => {
      state = { ...state, ...change };
      frame ??= setTimeout(show, FRAME_MS);
    },
    /** Shows at once what has changed. */
    show,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
