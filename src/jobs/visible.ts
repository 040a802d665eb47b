import { IceError } from '../ice/errors.ts';
import type { JobAccess } from './access.ts';
import type { PackageJobConnection, PackageJobsArguments } from './list/connection.ts';
import { EVERY_JOB, type IsVisible, type PackageJob } from './model.ts';
import type { Detail, JobEntry } from './store/entry.ts';
import type { ReadContext } from './store/store.ts';
import type { ChangeReader } from './watch/change-log.ts';
import type { JobListener, Listening } from './watch/watcher.ts';

/** The ways in which clients read jobs. All others are made of these. */
export interface VisibleJobs extends Pick<
  JobAccess,
  'get' | 'peek' | 'peekFresh' | 'renew' | 'maxAgeMs' | 'listen' | 'follow'
> {
  list(args: PackageJobsArguments, context: ReadContext): Promise<PackageJobConnection>;
}

/**
 * Hides jobs. A job that may not be seen is an id that ICE does not know: in age, in what a read of it costs, and in how it
 * fails. So memory that others have filled does not tell it from such an id.
 *
 * @param given ids of the only jobs that can be visible, where they are few. Lists read these, and not the account's
 */
export function seenBy(access: JobAccess, isVisible: IsVisible, given?: readonly string[]): VisibleJobs {
  const isHidden = ({ job }: JobEntry) => job !== null && !isVisible(job);
  /** What a read that has just ended shows. */
  const shown = (id: string, entry: JobEntry) =>
    isHidden(entry) ? access.absence(id, entry.observedAt) : entry;

  async function get(id: string, context: ReadContext, detail?: Detail): Promise<JobEntry> {
    const known = access.peek(id);
    if (known === undefined || !isHidden(known)) return shown(id, await access.get(id, context, detail));
    return access.freshAbsence(id, context) ?? shown(id, await access.refresh(id, context));
  }

  function peek(id: string): JobEntry | undefined {
    const known = access.peek(id);
    return known !== undefined && isHidden(known) ? access.freshAbsence(id) : known;
  }

  /** What others have learnt of the job is not told, nor that ICE fails where only they have a state. */
  function listenToHidden(id: string, listener: JobListener, context: ReadContext): Listening {
    const release = access.countListener(context.client);
    const entry = access.freshAbsence(id, context);
    if (entry !== undefined) return { entry, stop: release };
    return readFirst((given) => get(id, given), context, { listener, release, againMs: access.maxAgeMs });
  }

  return {
    get,
    peek,
    renew: (id, inMs, context) => access.renew(id, inMs, context),
    maxAgeMs: access.maxAgeMs,
    peekFresh(ids) {
      const entries = access.peekFresh(ids);
      // Most clients see every job, and many ask for a hundred at once.
      if (entries === undefined || isVisible === EVERY_JOB) return entries;
      for (const [id, entry] of entries) {
        if (!isHidden(entry)) continue;
        const absence = access.freshAbsence(id);
        if (absence === undefined) return undefined;
        entries.set(id, absence);
      }
      return entries;
    },
    list: (args, context) =>
      access.list(
        args,
        context,
        isVisible,
        given && (() => Promise.all(given.map((id) => get(id, context)))),
      ),
    listen(id, { onState, onFailure }, context, detail) {
      const listener = {
        onState: (job: PackageJob | null, detailFailure?: Error) =>
          job !== null && isVisible(job) ? onState(job, detailFailure) : onState(null),
        onFailure,
      };
      const known = access.peek(id);
      if (known !== undefined && isHidden(known)) return listenToHidden(id, listener, context);
      const listening = access.listen(id, listener, context, detail);
      if (listening.entry === undefined || !isHidden(listening.entry)) return listening;
      listening.stop();
      return listenToHidden(id, listener, context);
    },
    follow: (onChange, client) => changesOf(access.follow(onChange, client), isVisible),
  };
}

/** The changes of jobs that may be seen, after them or before. */
function changesOf(reader: ChangeReader, isVisible: IsVisible): ChangeReader {
  return {
    poll() {
      for (;;) {
        const change = reader.poll();
        if (change === undefined) return undefined;
        const job = change.job !== null && isVisible(change.job) ? change.job : null;
        const before = change.before !== undefined && isVisible(change.before) ? change.before : undefined;
        if (job !== null || before !== undefined) return { ...change, before, job };
      }
    },
    stop: () => reader.stop(),
  };
}

/** Tells a listener once ICE can be asked, as it is told of an id of which nothing is known. Later tries are nobody's cost. */
function readFirst(
  read: (context: ReadContext) => Promise<JobEntry>,
  context: ReadContext,
  { listener, release, againMs }: FirstReadOptions,
): Listening {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const stop = () => {
    isStopped = true;
    clearTimeout(timer);
    release();
  };
  const uncounted = { ...context, onCall: () => undefined, onCacheStatus: () => undefined };
  const tryRead = (given: ReadContext) => void read(given).then(tell, fail);
  const tell = ({ job }: JobEntry) => {
    if (!isStopped) listener.onState(job);
  };
  const fail = (error: unknown) => {
    if (isStopped) return;
    if (error instanceof IceError && error.retryable) {
      timer = setTimeout(() => tryRead(uncounted), againMs).unref();
      return;
    }
    stop();
    listener.onFailure(error);
  };
  tryRead(context);
  return { entry: undefined, stop };
}

interface FirstReadOptions {
  readonly listener: JobListener;
  /** Is called once it is told no more. */
  readonly release: () => void;
  /** When to try again while ICE fails, in milliseconds. */
  readonly againMs: number;
}
