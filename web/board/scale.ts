/** The ends of the scale of durations, in milliseconds. It is logarithmic, as jobs take seconds or hours. */
const SHORTEST_MS = 5_000;
const LONGEST_MS = 36_000_000;

/** The marks on the scale. */
export const TICKS = [
  { ms: 10_000, label: '10 s' },
  { ms: 600_000, label: '10 min' },
  { ms: 18_000_000, label: '5 h' },
] as const;

/** Where a duration in milliseconds is on the scale, 0 to 1. */
export function fractionOf(ms: number): number {
  // A clock that goes behind the gateway's makes less than nothing of a young job.
  const fraction = Math.log(Math.max(ms, SHORTEST_MS) / SHORTEST_MS) / Math.log(LONGEST_MS / SHORTEST_MS);
  return Math.min(1, fraction);
}
