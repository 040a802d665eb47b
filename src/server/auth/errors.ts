export { RateLimitedError } from '../../jobs/errors.ts';

/** A token that is not accepted. The message is for its bearer: it says nothing that others sent, and nothing secret. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
}

/** The signature of a token is not one of its issuer, so anyone can have made the token. */
export class SignatureError extends TokenError {
  constructor() {
    super('The signature of the token does not verify');
  }
}

/** Nobody can say whether a token is good, as the keys of its issuer cannot be had. */
export class KeysUnavailableError extends Error {
  override readonly name = 'KeysUnavailableError';

  constructor() {
    super('The keys that tokens are verified with cannot be had; try again later');
  }
}
