import { isUnsent } from '../../ice/breaker.ts';
import type { CallContext, IceClient } from '../../ice/client.ts';
import type { JobsEmitter } from '../events.ts';
import { isFinished } from '../model.ts';
import type { Reading } from './job-source.ts';

/** For how long no list is used after one was wrong, in milliseconds. */
export const DISTRUST_MS = 60_000;

/** For how long no list is used after one failed, in milliseconds. */
const PAUSE_MS = 5000;

/** How long the check of a list may take, in milliseconds. All jobs of the list wait for it. */
const CHECK_TIMEOUT_MS = 1000;

/** The most jobs that are remembered for having had no response. */
const MAX_UNANSWERED = 100;

/** A job that a list can be checked on. */
export interface Checkable {
  readonly id: string;
  /** When GetPackageJob last read it. */
  readonly lastGetAt: number;
}

/** Until when no list is used because one was wrong. */
export interface Distrust {
  /** In milliseconds since 1970. */
  readonly until: number;
  /** Is told that a list was wrong, for so long from now on. */
  raise(forMs: number): void;
}

/** What this process alone has found. */
function ownDistrust(now: () => number): Distrust {
  let until = Number.NEGATIVE_INFINITY;
  return {
    get until() {
      return until;
    },
    raise: (forMs) => (until = now() + forMs),
  };
}

export interface ListTrustOptions {
  readonly ice: Pick<IceClient, 'listPackageJobs'>;
  readonly get: (id: string, context: CallContext) => Promise<Reading>;
  readonly now: () => number;
  readonly events: JobsEmitter;
  /** @default what this process has found */
  readonly distrust?: Distrust | undefined;
}

/**
 * Whether lists of unfinished jobs are believed. ICE does not say how far a list lags. So every list is checked on one job by
 * GetPackageJob. When that job has finished, and a list asked for after that still shows it as unfinished, no list is trusted for
 * {@link DISTRUST_MS}. A check without a response says nothing of the list, and the next one is on another job.
 */
export class ListTrust {
  readonly #options: ListTrustOptions;
  /** The jobs whose last check had no response. */
  readonly #unanswered = new Set<string>();
  readonly #distrust: Distrust;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(options: ListTrustOptions) {
    this.#options = options;
    this.#distrust = options.distrust ?? ownDistrust(options.now);
  }

  /** Whether lists may be asked for. */
  get isOn(): boolean {
    return this.#options.now() >= Math.max(this.#pausedUntil, this.#distrust.until);
  }

  /** Is told that a list failed. Then none is used for a while, as gets may work all the same. */
  failed(error: unknown): void {
    // A list that never had its turn says nothing of ICE. Those who asked for it had too much waiting.
    if (!isUnsent(error)) this.#pausedUntil = this.#options.now() + PAUSE_MS;
  }

  /**
   * The job to check a list on: the one whose last GetPackageJob is longest ago, but for those whose last check had no response.
   * So a list that is wrong about one job alone is found within as many checks as it has jobs.
   */
  spotOf<Job extends Checkable>(batch: readonly Job[]): Job | undefined {
    const oldestFirst = batch.toSorted((a, b) => a.lastGetAt - b.lastGetAt);
    const spot = oldestFirst.find(({ id }) => !this.#unanswered.has(id));
    if (spot === undefined || this.#unanswered.size > MAX_UNANSWERED) this.#unanswered.clear();
    return spot ?? oldestFirst[0];
  }

  /** Reads the job of a check. The others do not wait long for it. It is `undefined` when there is no response. */
  async check(id: string, context: CallContext): Promise<Reading | undefined> {
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(CHECK_TIMEOUT_MS)]);
    try {
      const reading = await this.#options.get(id, { ...context, signal });
      this.#unanswered.delete(id);
      return reading;
    } catch {
      this.#unanswered.add(id);
      return undefined;
    }
  }

  /**
   * Whether ICE lists a job as unfinished that had finished before the list was asked for. A list and a get at one time prove
   * nothing, so a list of the job alone is asked for.
   *
   * @param listedAs the id that the list shows the job by
   */
  async isContradicted(
    checked: Reading | undefined,
    listedAs: string,
    context: CallContext,
  ): Promise<boolean> {
    if (checked === undefined || (checked.job !== null && !isFinished(checked.job))) return false;
    const query = { jobId: listedAs, status: 'Init', orderBy: 'CreateTimeAsc', pageSize: 1 } as const;
    const again = await this.#options.ice.listPackageJobs(query, context).catch(() => undefined);
    if (again?.value.jobs.some(({ id }) => id === listedAs) !== true) return false;
    this.#distrust.raise(DISTRUST_MS);
    this.#options.events.emit('listContradiction', listedAs);
    return true;
  }
}
