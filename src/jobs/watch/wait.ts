import { onAbort } from '../../abort.ts';
import { InputError } from '../errors.ts';
import { isFinished, type PackageJob } from '../model.ts';
import type { Detail } from '../store/entry.ts';
import type { JobAccess } from '../access.ts';
import type { ReadContext } from '../store/store.ts';
import { setUnrefTimer, type SetTimer } from './timer.ts';

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
 * How much later than its time a wait may end, in milliseconds, as its last read takes some. What its fields select besides may
 * take as long again. The promise is half a second in all.
 */
export const WAIT_GRACE_MS = 250;

/** How long before its end a wait reads a state that will have expired by then, at most, in milliseconds. */
const LEAD_MS = 500;

/** What a wait uses of jobs. */
export type WaitedJobs = Pick<JobAccess, 'get' | 'listen' | 'renew' | 'maxAgeMs'>;

/**
 * Waits for a job. The result is the job as soon as the condition is true. When the time is up, or one of `ended` aborts, it is
 * the job as any other read would show it then. A job that has finished, or that ICE does not know, is given at once. It ends
 * within {@link WAIT_GRACE_MS} of its time, whatever ICE does.
 *
 * @param detail with `detail` a state that meets the condition has `outputUrl`. The state at the end of the time may not
 * @param setTimer tests pass timers of their own
 * @throws {IceError} when ICE refuses to give a state and asking again would not help. When there is none to be had at the end,
 *   as any other read throws it
 */
export async function waitForJob(
  jobs: WaitedJobs,
  id: string,
  { until, timeoutMs }: Wait,
  context: ReadContext,
  ended: readonly AbortSignal[],
  detail: Detail = 'summary',
  setTimer: SetTimer = setUnrefTimer,
): Promise<PackageJob | null> {
  const { promise, resolve, reject } = Promise.withResolvers<PackageJob | null>();
  let isFirst = true;
  let isOver = false;
  const onState = (job: PackageJob | null) => {
    const isChange = !isFirst;
    isFirst = false;
    if (isOver || job === null || isFinished(job) || (until === 'CHANGE' && isChange)) resolve(job);
  };
  const lastReads = new AbortController();
  const lastContext = { ...context, signal: AbortSignal.any([context.signal, lastReads.signal]) };
  const leadMs = Math.min(LEAD_MS, jobs.maxAgeMs / 2);
  const renew = () => jobs.renew(id, leadMs, lastContext);
  const giveUp = () => {
    if (isOver) return;
    isOver = true;
    releases.push(setTimer(() => lastReads.abort(), WAIT_GRACE_MS));
    jobs.get(id, lastContext).then(({ job }) => resolve(job), reject);
  };
  const { entry, stop } = jobs.listen(id, { onState, onFailure: reject }, context, detail);
  const releases = [stop];
  try {
    if (entry !== undefined) onState(entry.job);
    releases.push(setTimer(renew, timeoutMs - leadMs), setTimer(giveUp, timeoutMs));
    for (const signal of ended) releases.push(onAbort(signal, giveUp));
    return await promise;
  } finally {
    for (const release of releases) release();
    lastReads.abort();
  }
}
