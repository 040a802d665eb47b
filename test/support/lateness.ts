/** Watches how late timers of this process are. What runs in it can be as late, and is not to blame. */
export function watchLateness() {
  const EVERY_MS = 20;
  const late: { readonly at: number; readonly ms: number }[] = [];
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const ms = now - last - EVERY_MS;
    if (ms > 5) late.push({ at: Date.now(), ms });
    last = now;
  }, EVERY_MS);
  return {
    stop: () => clearInterval(timer),
    /** How late it was between these times in all, in milliseconds. They are milliseconds since 1970. */
    lateness: (from: number, until: number) =>
      late.reduce((sum, { at, ms }) => (at >= from && at - ms <= until ? sum + ms : sum), 0),
  };
}
