/** The clock of ICE, as far as its responses tell it. Times are in milliseconds since 1970. */
export interface ServerClock {
  /** The time now: that of this machine, and ICE's once it is known to differ. */
  now(): number;
  /**
   * Notes the `Date` of a response.
   *
   * @param sentAt the time of this machine when its request was sent
   * @param isRefusal whether ICE refused the request for its date; if not, the date was good enough
   * @returns whether the clock was corrected
   */
  observe(date: string | undefined, sentAt: number, isRefusal: boolean): boolean;
}

/** Differences up to this are those of any two clocks. ICE accepts 15 minutes. */
const TOLERANCE_MS = 60_000;
const ACCEPTED_MS = 15 * 60_000;

/**
 * Creates the clock.
 *
 * A response tells its date in whole seconds, at some time between its request and its arrival. So it tells a range of
 * differences. The clock is corrected when its difference is more than a minute outside of that range. Responses of parallel
 * calls tell ranges that overlap, so none undoes the correction of another.
 *
 * @param machineNow the clock of this machine
 * @param onCorrection is called with the new difference, ICE's time less ours
 */
export function createServerClock(
  machineNow: () => number,
  onCorrection: (differenceMs: number) => void,
): ServerClock {
  let differenceMs = 0;
  return {
    now: () => machineNow() + differenceMs,
    observe(date, sentAt, isRefusal) {
      const told = date === undefined ? Number.NaN : Date.parse(date);
      if (Number.isNaN(told)) return false;
      const receivedAt = machineNow();
      const lowest = told - Math.max(sentAt, receivedAt);
      const highest = told + 1000 - Math.min(sentAt, receivedAt);
      if (differenceMs > lowest - TOLERANCE_MS && differenceMs < highest + TOLERANCE_MS) return false;
      const found = Math.round((lowest + highest) / 2);
      // ICE would have refused a date that far off. Something between tells another time than ICE's.
      if (!isRefusal && Math.abs(found - differenceMs) > ACCEPTED_MS) return false;
      differenceMs = Math.abs(found) <= TOLERANCE_MS ? 0 : found;
      onCorrection(differenceMs);
      return true;
    },
  };
}
