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
/** The time from its opening to its first probe, in milliseconds. Each failed probe doubles it. */
const FIRST_BREAK_MS = 1000;
const MAX_BREAK_MS = 2000;

/** Failures that say that ICE is down. Any other error is the response of an ICE that is up. */
const SYMPTOMS: ReadonlySet<IceErrorCode> = new Set([
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_MALFORMED',
]);

export interface BreakerOptions {
  readonly action: string;
  /** Is called when calls begin to fail at once, with their error. */
  readonly onOpen: (refusal: IceError) => void;
}

/** Stops the calls of one action while ICE is down. Callers need not wait then. */
export interface Breaker {
  readonly state: 'closed' | 'open' | 'half-open';
  /**
   * Runs one attempt and counts how it ends. An attempt that `signal` ended does not count.
   *
   * @throws {IceError} UPSTREAM_UNAVAILABLE at once while ICE counts as down, with the time until the next probe as
   *   `retryAfterMs`
   */
  run<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T>;
}

/**
 * How an attempt failed. It is returned to cockatiel, not thrown. There a thrown error that is no symptom would not end a row
 * of failures.
 */
class Failure {
  readonly error: unknown;
  readonly isSymptom: boolean;

  constructor(error: unknown, isSymptom: boolean) {
    this.error = error;
    this.isSymptom = isSymptom;
  }
}

/** Whether the attempt was refused on our side, or had no keys, so that ICE never saw it. */
export function isUnsent(error: unknown): boolean {
  if (!(error instanceof IceError)) return false;
  const { code, cause, details } = error;
  if (details.action === 'Credentials') return true;
  return code === 'OVERLOADED' || code === 'RATE_LIMITED' || cause instanceof BrokenCircuitError;
}

/**
 * Creates a breaker that opens after 10 failures in a row. It lets one probe through after 1 s. After a failed probe it lets
 * one through every 2 s, so that the recovery of ICE is noticed soon.
 *
 * It counts failures in a row, not a share of them. An ICE that answers every other call is still of use, as retries get most
 * of the responses. An ICE that is down makes 10 failures within one time limit under any load that could hurt it.
 * cockatiel's sampling breaker also keeps old failures, as its windows only move on when there are calls.
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
    // While a probe is in flight nobody knows whether there will be another one.
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
      // In cockatiel the call would wait for the end of the probe, whatever its signal does.
      if (policy.state === CircuitState.HalfOpen) throw refusal();
      const outcome = await policy
        .execute(async () => {
          const isProbe = policy.state === CircuitState.HalfOpen;
          const opensBefore = opens;
          try {
            return await attempt();
          } catch (error) {
            // An attempt that began before the last opening says nothing of now.
            const isTelling = !signal.aborted && !isUnsent(error) && opens === opensBefore;
            if (isTelling) return new Failure(error, isSymptom(error));
            // cockatiel ignores a thrown error, except that it counts it as the success of a probe.
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
