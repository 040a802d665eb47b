import {
  BrokenCircuitError,
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  DelegateBackoff,
  handleWhenResult,
} from 'cockatiel';
import { IceError, type IceErrorCode } from './errors.ts';

/** Failures in a row after which ICE counts as down. */
const FAILURES_TO_OPEN = 10;
/** From its opening to its first probe; doubled by each probe that fails. */
const FIRST_BREAK_MS = 1000;
const MAX_BREAK_MS = 2000;

/** Failures that tell of an ICE that is down; any other error is the answer of one that is up. */
const SYMPTOMS: ReadonlySet<IceErrorCode> = new Set([
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_MALFORMED',
]);

export interface BreakerOptions {
  readonly action: string;
  /** Told when calls begin to fail at once, with the error that they fail with. */
  readonly onOpen: (refusal: IceError) => void;
}

/** Spares an ICE that is down the calls of one action, and their callers the wait. */
export interface Breaker {
  readonly state: 'closed' | 'open' | 'half-open';
  /**
   * Runs one attempt, and learns from how it ends. An attempt that its caller left before it could end, by `signal`,
   * teaches nothing.
   *
   * @throws {IceError} UPSTREAM_UNAVAILABLE at once while ICE counts as down, with the time until the next probe as
   *   `retryAfterMs`
   */
  run<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T>;
}

/**
 * How an attempt failed. It is returned to cockatiel, not thrown: an error that is thrown and is no symptom would not
 * end a row of failures there.
 */
class Failure {
  readonly error: unknown;
  readonly isSymptom: boolean;

  constructor(error: unknown, isSymptom: boolean) {
    this.error = error;
    this.isSymptom = isSymptom;
  }
}

/** Whether the attempt was refused on our side, so that ICE never saw it. */
export function isUnsent(error: unknown): boolean {
  return (
    error instanceof IceError && (error.code === 'OVERLOADED' || error.cause instanceof BrokenCircuitError)
  );
}

/**
 * A breaker that opens after 10 failures in a row, lets one probe through after 1 s, and after a failed probe the
 * next every 2 s, so that an ICE that is back is noticed soon.
 *
 * Failures in a row, not a share of them: of an ICE that answers every other call the answers are wanted, and
 * retries get most of them; while one that is down makes 10 failures within one time limit under any load that
 * could hurt it. cockatiel's sampling breaker also keeps counting old failures, as its windows only move on when
 * there are calls.
 */
export function createBreaker({ action, onOpen }: BreakerOptions): Breaker {
  let probeAt = 0;
  const policy = circuitBreaker(
    handleWhenResult((outcome) => outcome instanceof Failure && outcome.isSymptom),
    {
      breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN),
      halfOpenAfter: new DelegateBackoff(({ attempt }: { attempt: number }) => {
        const breakMs = Math.min(FIRST_BREAK_MS * 2 ** (attempt - 1), MAX_BREAK_MS);
        probeAt = Date.now() + breakMs;
        return breakMs;
      }),
    },
  );
  let opens = 0;
  policy.onBreak(() => {
    opens += 1;
    onOpen(refusal());
  });

  function refusal(): IceError {
    const untilProbeMs = probeAt - Date.now();
    // While a probe is under way nobody knows whether there will be a next one.
    const retryAfterMs = untilProbeMs > 0 ? untilProbeMs : FIRST_BREAK_MS;
    const cause = new BrokenCircuitError();
    return new IceError('UPSTREAM_UNAVAILABLE', { action, retryAfterMs }, { cause });
  }

  return {
    get state() {
      if (policy.state === CircuitState.Closed) return 'closed';
      return policy.state === CircuitState.HalfOpen ? 'half-open' : 'open';
    },
    async run<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
      // cockatiel would have the call wait until the probe ends, whatever its signal does.
      if (policy.state === CircuitState.HalfOpen) throw refusal();
      const outcome = await policy
        .execute(async () => {
          const isProbe = policy.state === CircuitState.HalfOpen;
          const opensBefore = opens;
          try {
            return await attempt();
          } catch (error) {
            // What began before the last opening tells of then, not of now.
            const isTelling = !signal.aborted && !isUnsent(error) && opens === opensBefore;
            if (isTelling) return new Failure(error, isSymptom(error));
            // cockatiel takes a thrown error for no news at all, but for the probe's success.
            if (isProbe) return new Failure(error, true);
            throw error;
          }
        })
        .catch((error: unknown) => {
          throw error instanceof BrokenCircuitError ? refusal() : error;
        });
      if (outcome instanceof Failure) throw outcome.error;
      return outcome;
    },
  };
}

function isSymptom(error: unknown): boolean {
  return error instanceof IceError && SYMPTOMS.has(error.code);
}
