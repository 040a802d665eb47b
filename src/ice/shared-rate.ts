/** What the other replicas let start. */
export interface Grant {
  /** How many of the wanted starts may be made now. */
  readonly granted: number;
  /** Milliseconds until more may be granted, where there were too few. */
  readonly waitMs: number;
  /** How many more there were to have. */
  readonly free: number;
}

/**
 * The rate of calls of one action that several replicas share. They start no more calls in any second than one alone may.
 * Replicas take starts in proportion to their clients, and use what others leave.
 */
export interface SharedRate {
  /** Whether starts are shared at this moment. If not, the replica is alone. */
  readonly isShared: boolean;
  /** The most starts in a second of all replicas, as last known. */
  readonly callsPerSecond: number;
  /** The most starts in a second that are left to this replica, as last known: its part, and what others do not use. */
  readonly own: number;
  /** The most starts in a second of this replica while it is alone. `known` is what ICE is known to grant. */
  readonly alone: { readonly limit: number; readonly known: number };
  /** For how long no call may start, in milliseconds, as last known. */
  readonly pausedMs: number;
  /**
   * Asks for starts. Those that are granted count from now on.
   *
   * @param clients how many clients have calls
   * @throws when the others cannot be asked
   */
  take(wanted: number, clients: number): Promise<Grant>;
  /** Tells of starts that were made without asking, or late. */
  log(starts: number, clients: number): void;
  /** Tells that ICE throttled a call that started `ageMs` ago, and asked to wait so long. */
  throttled(ageMs: number, waitMs: number): void;
  /** Calls back when {@link isShared} changes. */
  onChange(listener: () => void): void;
}
