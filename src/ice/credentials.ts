import { IceError } from './errors.ts';
import type { Credentials } from './sign.ts';

/** Gives the keys to sign the next attempt with. */
export type CredentialsProvider = () => Promise<Credentials>;

/** Always the same keys. */
export function staticCredentials(credentials: Credentials): CredentialsProvider {
  return () => Promise.resolve(credentials);
}

/** The part of `@alicloud/credentials` that is used: one chain, which is asked for keys at every call. */
export interface CredentialsChain {
  getCredential(): Promise<{
    readonly accessKeyId?: string;
    readonly accessKeySecret?: string;
    readonly securityToken?: string;
  }>;
}

/**
 * Keys of the official default chain: environment, OIDC, the CLI's and SDK's files, instance role, credentials URI.
 * The chain refreshes temporary keys by itself.
 *
 * Callers at the same time share one look-up. The chain would fail for all but one of them, as it writes `lastUsedProvider`
 * before it tries that provider. After a failure a new chain is made, as the old one would only ask its last provider again.
 *
 * @throws {IceError} UPSTREAM_REJECTED when no provider has keys. The chain's own message is dropped, as it can contain a
 *   whole configuration file with its keys.
 */
export function chainCredentials(
  createChain: () => Promise<CredentialsChain> = loadChain,
): CredentialsProvider {
  let chain: Promise<CredentialsChain> | undefined;
  let lookUp: Promise<Credentials> | undefined;

  const ask = async (): Promise<Credentials> => {
    try {
      chain ??= createChain();
      const { accessKeyId, accessKeySecret, securityToken } = await (await chain).getCredential();
      if (!accessKeyId || !accessKeySecret) throw new Error('the chain gave no keys');
      return { accessKeyId, accessKeySecret, ...(securityToken ? { securityToken } : {}) };
    } catch {
      chain = undefined;
      throw new IceError('UPSTREAM_REJECTED', { action: 'Credentials', upstreamCode: 'NoCredentials' });
    } finally {
      lookUp = undefined;
    }
  };

  return () => (lookUp ??= ask());
}

/** Loads the package only when it is needed, as it weighs 7 MB with its dependencies. */
async function loadChain(): Promise<CredentialsChain> {
  const module = await import('@alicloud/credentials');
  return new module.default.default();
}
