/** The emulator's clock: a source clock plus an offset. */
export class Clock {
  readonly #source: () => number;
  #offsetMs = 0;

  constructor(source: () => number) {
    this.#source = source;
  }

  /** The offset from the source clock, in milliseconds. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.#source() + this.#offsetMs;
  }

  /** Moves the clock forward. A negative number moves it back. */
  advance(milliseconds: number): void {
    this.#offsetMs += milliseconds;
  }
}
