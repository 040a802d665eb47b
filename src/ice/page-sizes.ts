/** How many jobs a page may be asked for, so that it is short enough to be read. */
export interface PageSizes {
  /** At most the size that is wanted, in jobs. */
  sizeFor(wanted: number): number;
  /** Notes that a page of so many jobs was too long: so many bytes at least. */
  tooLong(jobs: number, bytes: number): void;
}

/** How long pages stay small, in milliseconds. Then the jobs of the account may be others. */
const REMEMBERED_MS = 5 * 60_000;

/**
 * Remembers how long pages are. Jobs are as long as their UserData, which ICE does not bound. A page that was too long is made
 * so much smaller that it should be half of what can be read, and at least a quarter of its size.
 */
export function createPageSizes(
  maxBytes: number,
  elapsed: () => number = () => performance.now(),
): PageSizes {
  let most = Infinity;
  let until = -Infinity;
  const limit = () => (elapsed() < until ? most : Infinity);
  return {
    sizeFor: (wanted) => Math.min(wanted, limit()),
    tooLong(jobs, bytes) {
      const smaller = Math.floor(jobs * Math.min(0.25, (0.5 * maxBytes) / bytes));
      most = Math.max(1, Math.min(limit(), smaller));
      until = elapsed() + REMEMBERED_MS;
    },
  };
}
