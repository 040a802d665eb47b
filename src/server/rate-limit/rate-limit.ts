import { RateLimitedError } from '../../jobs/errors.ts';
import type { Client } from '../client.ts';
import type { Buckets, RatePolicy, Taken } from './buckets.ts';

/** Its name in errors and headers, which is that of its variable. */
export const RATE_POLICY = 'RATE_LIMIT';

/** What is taken before anything is known of an operation. It is the whole cost of a response from memory. */
const LEAST_COST = 1;

/** Limits what each client may ask for in a time. */
export interface RateLimit {
  readonly policy: RatePolicy;
  /** Takes the least that an operation of this client costs. It is a promise where the buckets give one. */
  begin(client: Client): Charge | Promise<Charge>;
}

/** What one operation is charged. It is taken before the work, and what was not needed is given back after it. */
export interface Charge {
  readonly policy: RatePolicy;
  /** Why the operation may not begin. `undefined`: it may. */
  readonly refusal: RateLimitedError | undefined;
  /** What the client has left, as a whole number. */
  readonly left: number;
  /**
   * Takes what the operation costs. It takes nothing, and gives back what was taken, when the client has not as much left.
   *
   * @returns a promise where the buckets give one
   * @throws {RateLimitedError} when it has not, at once or later
   */
  raise(cost: number): Promise<void> | undefined;
  /** Gives back what is over this cost. */
  settle(cost: number): Promise<void> | undefined;
}

/** @param buckets for the same policy */
export function createRateLimit(policy: RatePolicy, buckets: Buckets): RateLimit {
  return {
    policy,
    begin({ key }) {
      const charge = new BucketCharge(policy, buckets, key);
      const beginning = charge.take(LEAST_COST);
      return beginning === undefined ? charge : beginning.then(() => charge);
    },
  };
}

class BucketCharge implements Charge {
  readonly policy: RatePolicy;
  refusal: RateLimitedError | undefined;
  readonly #buckets: Buckets;
  readonly #clientKey: string;
  #taken = 0;
  #left = 0;

  constructor(policy: RatePolicy, buckets: Buckets, clientKey: string) {
    this.policy = policy;
    this.#buckets = buckets;
    this.#clientKey = clientKey;
  }

  get left(): number {
    // A cost is a whole number. What is a hair below one is taken for it by the buckets too.
    return Math.floor(this.#left + 1e-6);
  }

  raise(cost: number): Promise<void> | undefined {
    const taking = this.take(cost);
    if (taking !== undefined) return taking.then(() => this.#throwRefusal());
    this.#throwRefusal();
    return undefined;
  }

  settle(cost: number): Promise<void> | undefined {
    return cost < this.#taken ? this.#change(cost) : undefined;
  }

  /** Takes until so much is taken in all, or refuses the operation. */
  take(cost: number): Promise<void> | undefined {
    return cost > this.#taken ? this.#change(cost) : undefined;
  }

  #change(cost: number): Promise<void> | undefined {
    const taken = this.#buckets.take(this.#clientKey, cost - this.#taken);
    return taken instanceof Promise
      ? taken.then((later) => this.#onTaken(cost, later))
      : this.#onTaken(cost, taken);
  }

  #onTaken(cost: number, { isTaken, left }: Taken): Promise<void> | undefined {
    this.#left = left;
    if (isTaken) {
      this.#taken = cost;
      return undefined;
    }
    const had = left + this.#taken;
    this.refusal = refusalOf(this.policy, cost, had);
    return this.settle(0);
  }

  #throwRefusal(): void {
    if (this.refusal !== undefined) throw this.refusal;
  }
}

function refusalOf({ cost: size, seconds }: RatePolicy, cost: number, left: number): RateLimitedError {
  const waitMs = Math.max(1, Math.ceil(((cost - left) * 1000 * seconds) / size));
  const message =
    `You may use ${String(size)} in ${String(seconds)} s and have ${String(Math.floor(left))} left; ` +
    `this costs ${cost === LEAST_COST ? 'at least ' : ''}${String(cost)}`;
  return new RateLimitedError(RATE_POLICY, message, waitMs);
}
