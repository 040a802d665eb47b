import type { PollInterval } from '../model.ts';
import { LEAST_PAGES } from './ends.ts';

/** Calls in a second, by action. */
export interface CallRate {
  readonly lists: number;
  readonly gets: number;
}

export interface RhythmOptions {
  readonly pollInterval: PollInterval;
  /** The most of the rate that sweeps take before they are made less often. 0 to 1. */
  readonly share: number;
  /** What ICE grants at this moment. */
  readonly callsPerSecond: () => CallRate;
}

/** The most of the share that looks for ends may take. */
const LOOKS = 0.5;

/**
 * How often watched jobs are read. It follows from what that costs, whatever their age: at the shortest interval for as long as
 * the calls fit into the share, and less often in proportion beyond that. It is never less often than the longest interval says.
 *
 * Jobs that lists show cost the pages of one sweep. Each of the others costs a call of its own. When sweeps are less often than
 * the shortest interval, ends are looked for between them.
 */
export class Rhythm {
  readonly #options: RhythmOptions;
  /** The pages that the last sweep by lists took. */
  pages = 0;
  /** How many jobs are watched. Fewer of them take fewer pages than the last sweep. */
  jobs = 0;
  /** How many watched jobs take a GetPackageJob each. */
  gets = 0;
  /** The pages that the last look for ends took. */
  looked = LEAST_PAGES;

  constructor(options: RhythmOptions) {
    this.#options = options;
  }

  /** Milliseconds from the start of one sweep by lists to the next. */
  get sweepMs(): number {
    const { minMs } = this.#options.pollInterval;
    const perSecond = this.#listsPerSecond;
    const alone = this.#intervalMs(this.#sweepPages, perSecond);
    if (alone === minMs || this.lookPages === 0) return alone;
    const looks = (1000 * Math.min(this.looked, this.lookPages)) / minMs;
    return this.#intervalMs(this.#sweepPages, perSecond - looks);
  }

  /** Milliseconds from one GetPackageJob of a job to the next. */
  get getMs(): number {
    const { share, callsPerSecond } = this.#options;
    return this.#intervalMs(this.gets, share * callsPerSecond().gets);
  }

  /** The most pages of a look for ends. It is 0 when there is no room for one. */
  get lookPages(): number {
    const pages = Math.floor((LOOKS * this.#listsPerSecond * this.#options.pollInterval.minMs) / 1000);
    return pages < LEAST_PAGES ? 0 : pages;
  }

  get #sweepPages(): number {
    return Math.min(this.pages, this.jobs);
  }

  get #listsPerSecond(): number {
    const { share, callsPerSecond } = this.#options;
    return share * callsPerSecond().lists;
  }

  #intervalMs(calls: number, callsPerSecond: number): number {
    const { minMs, maxMs } = this.#options.pollInterval;
    return Math.min(maxMs, Math.max(minMs, Math.ceil((1000 * calls) / callsPerSecond)));
  }
}
