import pRetry from 'p-retry';
import type { ErrorCode } from '../errors/catalogue.ts';

/** Why the gateway cannot serve yet. It holds no secret. */
export interface ReadinessProblem {
  readonly code: ErrorCode;
  /** What failed and what to do, in one line. */
  readonly message: string;
  readonly upstream?: {
    readonly action: string;
    readonly code: string | null;
    readonly requestId: string | null;
  };
}

/** Whether the gateway can serve. */
export interface Readiness {
  readonly isReady: boolean;
  /** What the last check failed of. `undefined`: none has ended yet. */
  readonly problem?: ReadinessProblem | undefined;
}

export interface ReadinessListener {
  readonly onReady: () => void;
  readonly onFailure: (problem: ReadinessProblem) => void;
}

/**
 * Becomes ready when `check` succeeds once. It is retried with growing pauses of 0.5 to 30 s, until `stopping` aborts. The
 * gateway stays ready from then on. A later outage of ICE leads to errors, as it would help nobody to take every replica
 * away.
 *
 * @param describe says what an error of `check` means
 * @returns `first` resolves when the first check has ended, to its problem
 */
export function createReadiness(
  check: (signal: AbortSignal) => Promise<unknown>,
  stopping: AbortSignal,
  describe: (error: unknown) => ReadinessProblem,
  { onReady, onFailure }: ReadinessListener,
): Readiness & { readonly first: Promise<ReadinessProblem | undefined> } {
  const state: { isReady: boolean; problem: ReadinessProblem | undefined } = {
    isReady: false,
    problem: undefined,
  };
  const first = Promise.withResolvers<ReadinessProblem | undefined>();
  const ready = () => {
    state.isReady = true;
    first.resolve(undefined);
    onReady();
  };
  pRetry(() => check(stopping), {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: 500,
    maxTimeout: 30_000,
    randomize: true,
    unref: true,
    signal: stopping,
    onFailedAttempt({ error }) {
      if (stopping.aborted) return;
      state.problem = describe(error);
      first.resolve(state.problem);
      onFailure(state.problem);
    },
  }).then(
    ready,
    // It was stopped before it succeeded.
    () => first.resolve(state.problem),
  );
  return {
    first: first.promise,
    get isReady() {
      return state.isReady;
    },
    get problem() {
      return state.problem;
    },
  };
}
