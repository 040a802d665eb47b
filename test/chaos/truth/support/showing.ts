/** A job as a client was shown it, or `null` for an id that was asked for and is not known. */
export interface Shown {
  readonly id: string;
  readonly status: 'INIT' | 'SUCCESS' | 'FAIL' | null;
  readonly observedAt?: string;
  readonly modifiedTime?: string | null;
  readonly pollAfterMs?: number | null;
  /** `undefined` was not selected. */
  readonly outputUrl?: string | null;
}

/** In which way jobs were shown. */
export type Way = 'read' | 'list' | 'mixed' | 'wait' | 'first event' | 'event' | 'submission';

/** What a client was shown, when. Times are milliseconds since 1970. */
export interface Showing {
  readonly way: Way;
  /** What was asked, for people. */
  readonly what: string;
  readonly askedAt: number;
  readonly gotAt: number;
  readonly jobs: readonly Shown[];
  readonly errors: readonly { readonly code: string; readonly path: string }[];
  /** Whether the receipt says that some state was served as ICE failed. */
  readonly isStale: boolean;
  /** The time of a wait in milliseconds. 0 is none. */
  readonly waitMs: number;
}
