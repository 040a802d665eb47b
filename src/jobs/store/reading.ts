import type { IceJob } from '../../ice/decode.ts';
import { isFinished, isSameState, observed } from '../model.ts';
import type { Reading } from '../source/job-source.ts';
import { withOutputUrl, type JobEntry } from './entry.ts';

/** Whether the reading is from a list that may lag, and says nothing new of a state that a call which does not lag has read. */
export function isNoNews(reading: Reading, known: JobEntry): boolean {
  return !isTrusted(reading) && known.validatedAt > 0 && isSame(known.job, reading.job);
}

/**
 * What a reading says of an id.
 *
 * @param known what is known of the id. A reading from a list takes its `outputUrl` and its age from there
 * @param lasting what is known of a job of which memory has forgotten the rest
 */
export function entryOf(reading: Reading, known: JobEntry | undefined, lasting?: JobEntry): JobEntry {
  const { job, observedAt, source } = reading;
  const acceptedAt = source === 'submission' ? observedAt : (known?.acceptedAt ?? lasting?.acceptedAt);
  return {
    job: job && withOutputUrl(observed(job, observedAt), known?.job),
    observedAt,
    validatedAt: isTrusted(reading) ? observedAt : known?.job ? known.validatedAt : 0,
    lastGetAt: Math.max(source === 'get' ? observedAt : 0, known?.lastGetAt ?? 0),
    ...(acceptedAt !== undefined && { acceptedAt }),
  };
}

/** The known state, with what an earlier reading of it can add: its `outputUrl`, and its times. */
export function completed(known: JobEntry, { job: earlier, validatedAt, lastGetAt }: JobEntry): JobEntry {
  return {
    ...known,
    job: known.job && withOutputUrl(known.job, earlier),
    validatedAt: isSame(known.job, earlier) ? Math.max(known.validatedAt, validatedAt) : known.validatedAt,
    lastGetAt,
  };
}

export function isSame(a: IceJob | null, b: IceJob | null): boolean {
  return a !== null && b !== null && isSameState(a, b);
}

/** Whether one of two entries, which came of the other, says no more. */
export function isSameKnowledge(a: JobEntry, b: JobEntry): boolean {
  const isSameTime = a.observedAt === b.observedAt && a.validatedAt === b.validatedAt;
  return a.job === b.job && isSameTime && a.lastGetAt === b.lastGetAt && a.acceptedAt === b.acceptedAt;
}

function isTrusted({ job, source }: Reading): boolean {
  return source !== 'list' || (job !== null && isFinished(job));
}
