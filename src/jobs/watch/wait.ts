import { onAbort } from '../../abort.ts';
import { InputError } from '../errors.ts';
import { isFinished, type PackageJob } from '../model.ts';
import type { ReadContext } from '../store/store.ts';
import { setUnrefTimer, type SetTimer } from './timer.ts';
import type { JobWatcher } from './watcher.ts';

/** What is waited for: that the job has finished, or that it has changed. */
export type WaitUntil = 'FINISHED' | 'CHANGE';

export interface Wait {
  readonly until: WaitUntil;
  readonly timeoutMs: number;
}

/** The longest wait, in seconds. Proxies often give up on a response after 60. */
export const MAX_WAIT_S = 55;

/**
 * Reads the argument `wait`.
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

/**
 * Waits for a job. The result is the job as soon as the condition is true. It is the job's present state when the time is
 * up or one of `ended` aborts. A job that has finished, or that ICE does not know, is given at once.
 *
 * Resolves to `undefined` when no state could be had in all that time.
 *
 * @param setTimer tests pass timers of their own
 * @throws {IceError} when ICE refuses to give a state and asking again would not help
 */
export async function waitForJob(
  watcher: Pick<JobWatcher, 'listen'>,
  id: string,
  { until, timeoutMs }: Wait,
  context: ReadContext,
  ended: readonly AbortSignal[],
  setTimer: SetTimer = setUnrefTimer,
): Promise<PackageJob | null | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<PackageJob | null | undefined>();
  let latest: PackageJob | null | undefined;
  const onState = (job: PackageJob | null) => {
    const isFirst = latest === undefined;
    latest = job;
    if (job === null || isFinished(job) || (until === 'CHANGE' && !isFirst)) resolve(job);
  };
  const giveUp = () => resolve(latest);
  const { entry, stop } = watcher.listen(id, { onState, onFailure: reject }, context);
  const releases = [stop];
  try {
    if (entry !== undefined) onState(entry.job);
    releases.push(setTimer(giveUp, timeoutMs));
    for (const signal of ended) releases.push(onAbort(signal, giveUp));
    return await promise;
  } finally {
    for (const release of releases) release();
  }
}
