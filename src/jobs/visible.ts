import type { JobAccess } from './access.ts';
import type { PackageJobConnection, PackageJobsArguments } from './list/connection.ts';
import { EVERY_JOB, type IsVisible, type PackageJob } from './model.ts';
import type { JobEntry } from './store/entry.ts';
import type { ReadContext } from './store/store.ts';

/** The ways in which clients read jobs. All others are made of these. */
export interface VisibleJobs extends Pick<
  JobAccess,
  'get' | 'peek' | 'peekFresh' | 'renew' | 'maxAgeMs' | 'listen' | 'follow'
> {
  list(args: PackageJobsArguments, context: ReadContext): Promise<PackageJobConnection>;
}

/** Hides jobs. A job that may not be seen is an id that ICE does not know, in age too. */
export function seenBy(access: JobAccess, isVisible: IsVisible): VisibleJobs {
  const isHidden = ({ job }: JobEntry) => job !== null && !isVisible(job);
  const shown = (id: string, entry: JobEntry) => (isHidden(entry) ? access.absence(id) : entry);
  return {
    get: async (id, context, detail) => shown(id, await access.get(id, context, detail)),
    peek(id) {
      const entry = access.peek(id);
      return entry && shown(id, entry);
    },
    renew: (id, inMs, context) => access.renew(id, inMs, context),
    maxAgeMs: access.maxAgeMs,
    peekFresh(ids) {
      const entries = access.peekFresh(ids);
      // Most clients see every job, and many ask for a hundred at once.
      if (entries === undefined || isVisible === EVERY_JOB) return entries;
      for (const [id, entry] of entries) if (isHidden(entry)) entries.set(id, access.absence(id));
      return entries;
    },
    list: (args, context) => access.list(args, context, isVisible),
    listen(id, { onState, onFailure }, context, detail) {
      const listener = {
        onState: (job: PackageJob | null, detailFailure?: Error) =>
          job !== null && isVisible(job) ? onState(job, detailFailure) : onState(null),
        onFailure,
      };
      const { entry, stop } = access.listen(id, listener, context, detail);
      return { entry: entry && shown(id, entry), stop };
    },
    follow(onChange, client) {
      const reader = access.follow(onChange, client);
      return {
        poll() {
          for (;;) {
            const change = reader.poll();
            if (change === undefined) return undefined;
            const job = change.job !== null && isVisible(change.job) ? change.job : null;
            const before =
              change.before !== undefined && isVisible(change.before) ? change.before : undefined;
            if (job !== null || before !== undefined) return { ...change, before, job };
          }
        },
        stop: () => reader.stop(),
      };
    },
  };
}
