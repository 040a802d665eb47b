import { ExpectedError } from '../ice/errors.ts';

/** A client asked for something that cannot be asked. This is known before any call of ICE. */
export class InputError extends ExpectedError {
  override readonly name = 'InputError';
  /** The argument, as in `ids[3]` or `filter.createdFrom`. */
  readonly argument: string;

  constructor(argument: string, problem: string) {
    super(`\`${argument}\` ${problem}`);
    this.argument = argument;
  }
}

/** A job that was told of is not there any more. ICE does not know its id. */
export class GoneError extends InputError {
  readonly jobId: string;

  constructor(jobId: string) {
    super('filter', `matched the job ${jobId}, which ICE does not know any more`);
    this.jobId = jobId;
  }
}

/** This gateway does not allow what a client asked for. The message is for the client. */
export class ForbiddenError extends ExpectedError {
  override readonly name = 'ForbiddenError';
}

/** A client is at a bound of its own. Others are not. It can ask again later. The message is for the client. */
export class RateLimitedError extends ExpectedError {
  override readonly name = 'RateLimitedError';
  /** The bound, by its name in `src/bounds.ts` or in the environment. */
  readonly policy: string;
  /** When it has room again, in milliseconds. `undefined`: nobody can say. */
  readonly retryAfterMs: number | undefined;

  constructor(policy: string, message: string, retryAfterMs?: number) {
    super(message);
    this.policy = policy;
    this.retryAfterMs = retryAfterMs;
  }
}

/** A client asked for more than the gateway holds at once. It can ask again later. The message is for the client. */
export class OverloadedError extends ExpectedError {
  override readonly name = 'OverloadedError';
}
