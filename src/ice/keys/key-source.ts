import type { Credentials } from '../sign.ts';

/** Keys, and what is known of them. */
export interface Keys {
  readonly credentials: Credentials;
  /** When they expire, in milliseconds since 1970. `undefined`: nobody knows, or never. */
  readonly expiresAt: number | undefined;
}

/** Where keys come from. */
export interface KeySource {
  /** Its name for people, such as `OIDC role`. */
  readonly name: string;
  /** Looks the keys up. @throws {KeySourceError} */
  lookUp(): Promise<Keys>;
}

/**
 * A source gave no keys.
 *
 * `reason` is a code: ours, the network's, or that of a service such as STS. It never holds what a service or a file says
 * beyond that, as both can hold keys.
 */
export class KeySourceError extends Error {
  override readonly name = 'KeySourceError';
  readonly source: string;
  readonly reason: string;
  /** Whether the same look-up can succeed later by itself. */
  readonly isTransient: boolean;

  constructor(source: string, reason: string, isTransient = false) {
    super(`${source}: ${reason}`);
    this.source = source;
    this.reason = reason;
    this.isTransient = isTransient;
  }
}

/** Which variables choose a source of keys, and where its files are. An absent member chooses nothing. */
export interface KeySettings {
  /** The path of the file of the Alibaba Cloud CLI, such as `~/.aliyun/config.json`. */
  readonly cliFile?: string | undefined;
  /** The ini file of the SDKs, such as `~/.alibabacloud/credentials`. One that was named must be there. */
  readonly sdkFile?: { readonly path: string; readonly isNamed: boolean } | undefined;
  /** A profile in those files. */
  readonly profile?: string | undefined;
  readonly oidc?: OidcRole | undefined;
  /** The name of the role for temporary keys of roles. */
  readonly sessionName?: string | undefined;
  readonly sts?: StsPlace;
  /** The role of this instance (ECS). */
  readonly instanceRole?: string | undefined;
  readonly isInstanceRoleOff?: boolean;
  /** Gives keys as JSON. */
  readonly uri?: string | undefined;
}

export interface OidcRole {
  readonly roleArn: string;
  readonly providerArn: string;
  /** The file is read at each look-up, as its token changes. */
  readonly tokenFile: string;
}

/** Where STS is asked. Without a region that is its global host. */
export interface StsPlace {
  readonly region?: string | undefined;
  readonly isVpc?: boolean;
  /** The host, in place of all else. */
  readonly host?: string | undefined;
}
