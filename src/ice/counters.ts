/** The actions of ICE that the client calls. */
export const ICE_ACTIONS = ['GetPackageJob', 'ListPackageJobs', 'SubmitPackageJob'] as const;

export type IceAction = (typeof ICE_ACTIONS)[number];

/** How one action stands at this moment. */
export interface ActionState {
  /** `open`: calls fail at once. `half-open`: one call under way probes whether ICE is well again. */
  readonly breaker: 'closed' | 'open' | 'half-open';
  /** Most calls started in a second, as lowered by throttling. */
  readonly callsPerSecond: number;
  /** Calls waiting for their turn. */
  readonly queued: number;
}

/** What the process has counted since it started; every number only ever grows. Made once and passed down. */
export interface Counters {
  /** Attempts begun, retries among them. */
  readonly calls: Record<IceAction, number>;
  /** Attempts that were not the first of their call. */
  retries: number;
  /** Attempts that ICE throttled. */
  throttled: number;
  /** How long attempts waited for their turn, all together, in milliseconds. */
  budgetWaitMs: number;
  /** Attempts refused with OVERLOADED. */
  overloaded: number;
  /** How often a circuit breaker opened, reopening after a failed probe included. */
  breakerOpens: number;
  /** Readers that shared a call somebody else had begun. */
  coalesced: number;
  /** Reads answered from memory. */
  hits: number;
  /** Reads answered with an old state because ICE failed. */
  stale: number;
  /** Batches of reads for which lists were read in place of GetPackageJob calls. */
  listBatches: number;
  /** Times that the watcher read jobs that were due. */
  sweeps: number;
  /** Jobs that a list and GetPackageJob told different things about. */
  listContradictions: number;
  /** Texts of enums that ICE does not document. */
  unknownTexts: number;
  /** How each action stands now, always read afresh; the client sets it. */
  readonly actions: Record<IceAction, ActionState>;
}

export function createCounters(): Counters {
  const idle: ActionState = { breaker: 'closed', callsPerSecond: 0, queued: 0 };
  return {
    calls: { GetPackageJob: 0, ListPackageJobs: 0, SubmitPackageJob: 0 },
    retries: 0,
    throttled: 0,
    budgetWaitMs: 0,
    overloaded: 0,
    breakerOpens: 0,
    coalesced: 0,
    hits: 0,
    stale: 0,
    listBatches: 0,
    sweeps: 0,
    listContradictions: 0,
    unknownTexts: 0,
    actions: { GetPackageJob: idle, ListPackageJobs: idle, SubmitPackageJob: idle },
  };
}
