import type { IceClient } from '../ice/client.ts';
import type { Caches } from '../measured-cache.ts';
import type { Scopes } from '../scopes.ts';
import type { JobAccess } from './access.ts';
import type { JobsEmitter, JobsUsage } from './events.ts';
import { createListJobs } from './list/list-jobs.ts';
import type { PollInterval } from './model.ts';
import type { CreateJobSource } from './source/job-source.ts';
import type { Freshness } from './store/entry.ts';
import { JobStore } from './store/store.ts';
import { createSubmitJob } from './submit/submit-job.ts';
import { createLookForEnds, type LookForEnds } from './watch/ends.ts';
import { AccountFeed } from './watch/account-feed.ts';
import { JobWatcher } from './watch/watcher.ts';

export interface JobsOptions {
  readonly ice: Pick<IceClient, 'listPackageJobs' | 'submitPackageJob' | 'state'>;
  /** Where jobs are read from when memory does not do. */
  readonly source: CreateJobSource;
  /** Where the pages that clients list, and those that all jobs are followed by, are read from. @default ICE */
  readonly pages?: { readonly listed: JobPages; readonly followed: JobPages } | undefined;
  /** Lets others look for ends of jobs too. @default each looks for its own */
  readonly shareLooks?: ((look: LookForEnds) => LookForEnds) | undefined;
  readonly freshness: Freshness;
  readonly pollInterval: PollInterval;
  /** The most of the rate of calls that sweeps of watched jobs take before they are made less often. 0 to 1. */
  readonly watchShare: number;
  /** By which part of the jitter sweeps are made earlier. 0 to 1. @default Math.random */
  readonly random?: (() => number) | undefined;
  /** The most jobs remembered, and the most jobs watched. */
  readonly maxJobs: number;
  /** The most that states of jobs take, in bytes. */
  readonly maxBytes?: number;
  /** Limit of one read of a watched job, in milliseconds. */
  readonly readTimeoutMs: number;
  /** Whether jobs may be submitted. */
  readonly allowSubmit: boolean;
  readonly events: JobsEmitter;
  readonly now: () => number;
  readonly caches?: Caches;
  readonly scopes?: Scopes;
}

/** Pages of the account's jobs. */
export type JobPages = Pick<IceClient, 'listPackageJobs'>;

/** Jobs that can be looked at. */
export interface StartedJobs extends JobAccess {
  /** What is watched at this moment. */
  readonly usage: JobsUsage;
  /** The unfinished jobs that somebody watches, or follows with all others. */
  unfinished(): Iterable<string>;
  /** Whether a change of the job is to be known here: memory has it, somebody watches it, or follows all jobs. */
  isWanted(id: string): boolean;
}

/** Puts the domain together: memory in front of a source, and a watcher of both. */
export function startJobs(options: JobsOptions): StartedJobs {
  const { ice, freshness, pollInterval, maxJobs, readTimeoutMs, events, now } = options;
  const store = new JobStore(options);
  const look = createLookForEnds(ice, store);
  const watcher = new JobWatcher({
    store,
    pollInterval,
    share: options.watchShare,
    random: options.random ?? Math.random,
    callsPerSecond: () => ({
      lists: ice.state.ListPackageJobs.callsPerSecond,
      gets: ice.state.GetPackageJob.callsPerSecond,
    }),
    lookForEnds: options.shareLooks?.(look) ?? look,
    maxAgeMs: freshness.unfinishedMs,
    readTimeoutMs,
    maxJobs,
    now,
    events,
    scopes: options.scopes,
  });
  const { listed, followed } = options.pages ?? { listed: ice, followed: ice };
  const feed = new AccountFeed({ ...options, ice: followed, store, watcher });
  const listJobs = createListJobs(listed, store, events, (id, entry) => feed.listed(id, entry));
  return {
    get usage() {
      return { watchedJobs: watcher.size, listeners: watcher.listeners };
    },
    unfinished: () => watcher.unfinished(),
    isWanted: (id) => store.peek(id) !== undefined || watcher.isWatched(id) || feed.isRunning,
    get: (id, context, detail) => store.get(id, context, detail),
    peek: (id) => store.peek(id),
    renew: (id, inMs, context) => store.renew(id, inMs, context),
    maxAgeMs: freshness.unfinishedMs,
    peekFresh: (ids) => store.peekFresh(ids),
    served: (entries) => store.served(entries),
    check: (entries) => store.check(entries),
    holds: (check) => store.holds(check),
    checkReads: (client, reads) => store.reads.check(client, reads),
    absence: (id, observedAt) => store.absence(id, observedAt),
    freshAbsence: (id, context) => store.freshAbsence(id, context),
    refresh: (id, context) => store.refresh(id, context),
    list: listBegun(listJobs, feed),
    follow: (onChange, client) => feed.follow(onChange, client),
    listen: (id, listener, context, detail) => watcher.listen(id, listener, context, detail),
    countListener: (client) => watcher.countListener(client),
    canSubmit: options.allowSubmit,
    submit: createSubmitJob({ ice, store, isAllowed: options.allowSubmit }),
    freshForMs: (entry) => store.freshForMs(entry),
    pollAfterMs: (job) => watcher.pollAfterMs(job),
    isTimed: (job) => watcher.isTimed(job),
  };
}

/** How long a list of finished jobs waits for the feed at most, in milliseconds. It only does while ICE fails. */
const BEGIN_MS = 2000;

/** Lists of finished jobs wait for the feed, where it knows of jobs that lists do not show yet. */
function listBegun(listJobs: JobAccess['list'], feed: AccountFeed): JobAccess['list'] {
  return async (args, context, ...rest) => {
    const status = args.filter?.status;
    if (status === 'SUCCESS' || status === 'FAIL') {
      await feed.begun(AbortSignal.any([context.signal, AbortSignal.timeout(BEGIN_MS)]));
    }
    return listJobs(args, context, ...rest);
  };
}
