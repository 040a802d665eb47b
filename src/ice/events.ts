import type { EventEmitter } from 'node:events';
import type { IceAction } from './actions.ts';
import type { ContractViolation } from './decode.ts';
import type { IceErrorCode } from './errors.ts';

/** One attempt at a call of ICE. The same object is in its start event and in its end event. */
export interface Attempt {
  readonly action: IceAction;
  /** 1 is the first attempt of its call. Retries count on. */
  readonly number: number;
  /** How long it waited for its turn, in milliseconds. */
  readonly queuedMs: number;
}

/** How an attempt ended. */
export interface AttemptEnd {
  /** From its turn to its end, in milliseconds. */
  readonly durationMs: number;
  /** ICE's id of the request, where its response has one. */
  readonly requestId?: string;
  /** The HTTP status of the response, where a complete one came. */
  readonly status?: number;
  /** Our code for its failure. It is absent when the attempt succeeded, and for an error that is no {@link IceError}. */
  readonly code?: IceErrorCode;
  /** ICE's code for its refusal, the network's code for a failed connection, or ours. It is absent after a success. */
  readonly error?: string;
}

/** Keys that a source gave. */
export interface KeysFound {
  /** The source, for people. It is one of a few, such as `OIDC role`. */
  readonly source: string;
  /** The end of the access key id, four characters at most. */
  readonly id: string;
  /** When they expire, in milliseconds since 1970. `undefined`: nobody knows, or never. */
  readonly expiresAt: number | undefined;
  /** Whether they are others than before. */
  readonly isChanged: boolean;
}

/** A look-up of keys that failed. */
export interface KeysFailed {
  /** The source, for people. */
  readonly source: string;
  /** A code, such as `AuthenticationFail.OIDCToken.Expired` or `ECONNREFUSED`. */
  readonly reason: string;
  /** Whether calls go on with the keys that are there. */
  readonly hasValidKeys: boolean;
}

/** What the client of ICE does, as it happens. Listeners run at once, so they must neither wait nor throw. */
export interface IceEvents {
  /** An attempt is sent. */
  attemptStart: [attempt: Attempt];
  /** It ended. */
  attemptEnd: [attempt: Attempt, end: AttemptEnd];
  /** An attempt was refused before it was sent: the queue was full, or the circuit breaker was open. */
  attemptRefused: [action: IceAction, code: IceErrorCode];
  /** A circuit breaker opened, also again after a failed probe. */
  breakerOpen: [action: IceAction];
  /** Keys were looked up. */
  keysFound: [keys: KeysFound];
  /** A look-up of keys failed. */
  keysFailed: [failure: KeysFailed];
  /** The clock was found to differ from ICE's, and is corrected by this from now on: ICE's time less ours, in milliseconds. */
  clockCorrected: [differenceMs: number];
  /** A response has something that ICE does not document. */
  contractViolation: [violation: ContractViolation];
}

export type IceEmitter = EventEmitter<IceEvents>;
