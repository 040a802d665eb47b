/** How long nothing is tried after the first miss, and after many, in milliseconds. */
const FIRST_PAUSE_MS = 5000;
const LONGEST_PAUSE_MS = 600_000;

/**
 * Whether something is worth a try that helps in some accounts and never in others. After each miss in a row the pause is twice as
 * long. A hit ends that.
 */
export class Luck {
  readonly #now: () => number;
  #misses = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(now: () => number) {
    this.#now = now;
  }

  get isWorthATry(): boolean {
    return this.#now() >= this.#pausedUntil;
  }

  hit(): void {
    this.#misses = 0;
    this.#pausedUntil = Number.NEGATIVE_INFINITY;
  }

  miss(): void {
    this.#pausedUntil = this.#now() + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#misses);
    this.#misses = Math.min(this.#misses + 1, 10);
  }
}
