/** What was asked for is more than the gateway holds at once; it can be asked for again later. */
export class OverloadedError extends Error {
  override readonly name = 'OverloadedError';
}
