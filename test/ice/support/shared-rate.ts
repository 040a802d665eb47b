import type { Grant, SharedRate } from '../../../src/ice/shared-rate.ts';

/** A rate that the test shares: it says what others do. */
export class TestRate implements SharedRate {
  isShared = true;
  callsPerSecond = 100;
  own = 100;
  alone = { limit: 10, known: 10 };
  pausedMs = 0;
  /** What was asked for, and told, in order. */
  readonly told: string[] = [];
  /** What is said to each question. */
  answer: (wanted: number) => Grant | Promise<Grant> = (wanted) => ({
    granted: wanted,
    waitMs: 0,
    free: 100,
  });
  readonly #listeners: (() => void)[] = [];

  async take(wanted: number, clients: number): Promise<Grant> {
    this.told.push(`take ${String(wanted)} for ${String(clients)}`);
    return this.answer(wanted);
  }

  log(starts: number): void {
    this.told.push(`log ${String(starts)}`);
  }

  throttled(ageMs: number, waitMs: number): void {
    this.told.push(`throttled ${String(ageMs)} ${String(waitMs)}`);
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  share(isShared: boolean): void {
    this.isShared = isShared;
    for (const listener of this.#listeners) listener();
  }
}
