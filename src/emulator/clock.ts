/** The emulator's time: the clock it was given, plus what it was shifted by since. */
export class Clock {
  readonly #source: () => number;
  #offsetMs = 0;

  constructor(source: () => number) {
    this.#source = source;
  }

  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.#source() + this.#offsetMs;
  }

  /** Shifts the clock; negative goes back. */
  advance(milliseconds: number): void {
    this.#offsetMs += milliseconds;
  }
}
