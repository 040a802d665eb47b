import type { Credentials } from './sign.ts';

/** Gives the keys that calls are signed with. */
export interface CredentialsProvider {
  /**
   * Gives the keys to sign the next attempt with.
   *
   * @throws {IceError} UPSTREAM_REJECTED or UPSTREAM_UNAVAILABLE, with action `Credentials` and the reason as `upstreamCode`
   */
  (): Promise<Credentials>;
  /** ICE refused these keys. Resolves to whether there are others now. @default there are none */
  replace?(refused: Credentials): Promise<boolean>;
}

/** Always the same keys. */
export function staticCredentials(credentials: Credentials): CredentialsProvider {
  return () => Promise.resolve(credentials);
}
