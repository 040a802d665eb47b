/** What a caller asked for is not allowed here, however it is asked for. The message is for the caller. */
export class ForbiddenError extends Error {
  override readonly name = 'ForbiddenError';
}
