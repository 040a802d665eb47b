import type { ErrorCode } from '../errors/catalogue.ts';

/** Why a request is refused. */
export interface Refusal {
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
  /** The bound that the client is at, with RATE_LIMITED. */
  readonly policy?: string;
  /** When to come back, in milliseconds, with refusals for now. @default a second */
  readonly retryAfterMs?: number | undefined;
  /** Whether a person with a browser gets a page in its place. */
  readonly hasPage?: true;
  readonly headers?: Readonly<Record<string, string>>;
}
