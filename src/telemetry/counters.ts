import type { IceAction } from '../ice/actions.ts';
import type { IceEmitter } from '../ice/events.ts';
import type { CacheStatus, JobsEmitter } from '../jobs/events.ts';
import type { RequestEnd, ServerEmitter } from '../server/events.ts';

/** What was counted since the start. Every number only grows. */
export interface Counters {
  /** Attempts that were sent to ICE, retries included. */
  readonly calls: Record<IceAction, number>;
  /** Attempts that were not the first of their call. */
  retries: number;
  /** Attempts that ICE throttled. */
  throttled: number;
  /** How long attempts waited for their turn, in all, in milliseconds. */
  budgetWaitMs: number;
  /** Attempts that were refused with OVERLOADED. */
  overloaded: number;
  /** How often a circuit breaker opened, also again after a failed probe. */
  breakerOpens: number;
  /** Texts of enums that ICE does not document. */
  unknownTexts: number;
  /** Reads that were answered without a call of their own, by how. */
  readonly cached: Record<CacheStatus, number>;
  /** Batches of reads that a list served in place of GetPackageJob calls. */
  listBatches: number;
  /** Lists that showed a finished job as unfinished. */
  listContradictions: number;
  /** Sweeps of watched jobs. */
  sweeps: number;
  /** HTTP requests that were answered, by what answered them. */
  readonly requests: Record<RequestEnd['source'], number>;
}

/** The emitters to count. Any of them can be left out. */
export interface CountedEmitters {
  readonly ice?: IceEmitter;
  readonly jobs?: JobsEmitter;
  readonly server?: ServerEmitter;
}

/** Counts what the layers emit. */
export function countEvents({ ice, jobs, server }: CountedEmitters): Counters {
  const counters: Counters = {
    calls: { GetPackageJob: 0, ListPackageJobs: 0, SubmitPackageJob: 0 },
    retries: 0,
    throttled: 0,
    budgetWaitMs: 0,
    overloaded: 0,
    breakerOpens: 0,
    unknownTexts: 0,
    cached: { hit: 0, collapsed: 0, stale: 0 },
    listBatches: 0,
    listContradictions: 0,
    sweeps: 0,
    requests: { stored: 0, prepared: 0, executed: 0, upgraded: 0 },
  };
  if (ice) countIce(ice, counters);
  jobs?.on('cached', (status, reads) => (counters.cached[status] += reads));
  jobs?.on('listBatch', () => (counters.listBatches += 1));
  jobs?.on('listContradiction', () => (counters.listContradictions += 1));
  jobs?.on('sweepStart', () => (counters.sweeps += 1));
  server?.on('requestEnd', (_request, { source }) => (counters.requests[source] += 1));
  return counters;
}

function countIce(ice: IceEmitter, counters: Counters): void {
  ice.on('attemptStart', ({ action, number, queuedMs }) => {
    counters.calls[action] += 1;
    counters.budgetWaitMs += queuedMs;
    if (number > 1) counters.retries += 1;
  });
  ice.on('attemptEnd', (_attempt, { code }) => {
    if (code === 'UPSTREAM_THROTTLED') counters.throttled += 1;
  });
  ice.on('attemptRefused', (_action, code) => {
    if (code === 'OVERLOADED') counters.overloaded += 1;
  });
  ice.on('breakerOpen', () => (counters.breakerOpens += 1));
  ice.on('contractViolation', ({ kind }) => {
    if (kind === 'unknown enum text') counters.unknownTexts += 1;
  });
}
