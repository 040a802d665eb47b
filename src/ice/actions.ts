/** The actions of ICE that the client calls. */
export const ICE_ACTIONS = ['GetPackageJob', 'ListPackageJobs', 'SubmitPackageJob'] as const;

export type IceAction = (typeof ICE_ACTIONS)[number];

/** The state of one action at this moment. */
export interface ActionState {
  /** `open`: calls fail at once. `half-open`: one call in flight probes whether ICE is well again. */
  readonly breaker: 'closed' | 'open' | 'half-open';
  /** The most calls started in a second. Throttling lowers it. */
  readonly callsPerSecond: number;
  /** The number of calls that wait for their turn. */
  readonly queued: number;
}
