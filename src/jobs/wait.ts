import { InputError } from './input.ts';
import { isFinished, type PackageJob } from './model.ts';
import type { ReadContext } from './store.ts';
import { setUnrefTimer, type SetTimer } from './timer.ts';
import type { JobWatcher } from './watcher.ts';

/** What is waited for: that the job has finished, or that it differs from what it was. */
export type WaitUntil = 'FINISHED' | 'CHANGE';

export interface Wait {
  readonly until: WaitUntil;
  readonly timeoutMs: number;
}

/** The longest wait, in seconds: proxies often give up on an answer after 60. */
export const MAX_WAIT_S = 55;

/**
 * A wait as the argument `wait` has it.
 *
 * @throws {InputError} when it is not 1 to {@link MAX_WAIT_S} seconds long
 */
export function readWait({
  until,
  timeoutSeconds,
}: {
  readonly until: WaitUntil;
  readonly timeoutSeconds: number;
}): Wait {
  if (timeoutSeconds >= 1 && timeoutSeconds <= MAX_WAIT_S) return { until, timeoutMs: timeoutSeconds * 1000 };
  throw new InputError(
    'wait.timeoutSeconds',
    `must be 1 to ${String(MAX_WAIT_S)}, got ${String(timeoutSeconds)}`,
  );
}

/** Waits for jobs. */
export interface JobWaiter {
  /**
   * The job as soon as what is waited for is true, or its state when the time is up, `ended` aborts, or the gateway is
   * about to stop. A job that has finished, or that ICE does not know, is given at once.
   *
   * Resolves to `undefined` when there was no state to be had in all that time.
   *
   * @throws {IceError} when ICE refuses to give one and asking again would not help
   */
  wait(
    id: string,
    wait: Wait,
    context: ReadContext,
    ended: AbortSignal,
  ): Promise<PackageJob | null | undefined>;
}

export interface JobWaiterOptions {
  readonly watcher: Pick<JobWatcher, 'watch'>;
  /** Aborts when the gateway is about to stop. */
  readonly stopping: AbortSignal;
  /** @default a timer that does not keep the process alive */
  readonly setTimer?: SetTimer;
}

export function createJobWaiter(options: JobWaiterOptions): JobWaiter {
  const { watcher, stopping, setTimer = setUnrefTimer } = options;
  return {
    async wait(id, { until, timeoutMs }, context, ended) {
      const { promise, resolve, reject } = Promise.withResolvers<PackageJob | null | undefined>();
      let latest: PackageJob | null | undefined;
      const onState = (job: PackageJob | null) => {
        const isFirst = latest === undefined;
        latest = job;
        if (job === null || isFinished(job) || (until === 'CHANGE' && !isFirst)) resolve(job);
      };
      const giveUp = () => resolve(latest);
      const { known, stop } = watcher.watch(id, { onState, onFailure: reject }, context);
      if (known !== undefined) onState(known.job);
      const takeBack = setTimer(giveUp, timeoutMs);
      const signals = [ended, stopping];
      for (const signal of signals) {
        signal.addEventListener('abort', giveUp);
        if (signal.aborted) giveUp();
      }
      try {
        return await promise;
      } finally {
        stop();
        takeBack();
        for (const signal of signals) signal.removeEventListener('abort', giveUp);
      }
    },
  };
}
