import { IceError } from '../../ice/errors.ts';

/** Whether asking again can help. */
export function isTemporary(error: unknown): boolean {
  return error instanceof IceError && error.retryable;
}
