/** Who asks. It is decided once for each request and each operation of a socket, before anything else, and carried as a value. */
export interface Client {
  /**
   * Limits and turns go by this key. It names the principal of a verified token, or else the address: an IPv4 address or a /64
   * of IPv6. It is never empty: `''` is the gateway itself.
   */
  readonly key: string;
  /** Whom the token of the request is for. `undefined`: nobody has verified one. */
  readonly principal?: Principal;
}

/** Whose jobs a token is for. */
export type Owner = string | number;

/** What a bearer may do, and see. All tokens that say the same share one. */
export interface View {
  /** A short text that is the same for the same view, and for no other. */
  readonly key: string;
  readonly canRead: boolean;
  readonly canSubmit: boolean;
  /** Only jobs of this owner exist for the bearer. `undefined`: whoever owns them. */
  readonly owner: Owner | undefined;
  /** Only these jobs exist for the bearer. `undefined`: whichever they are. */
  readonly jobIds: ReadonlySet<string> | undefined;
  /** Why the bearer may do nothing, whatever the scopes. `undefined`: it may. */
  readonly problem: string | undefined;
}

/** Whom a verified token is for. */
export interface Principal {
  /** Limits go by it. `undefined`: the token names no subject, so that they go by the address. */
  readonly key: string | undefined;
  readonly issuer: string;
  readonly subject: string | undefined;
  readonly view: View;
  /** When the token expires, in milliseconds since 1970. */
  readonly expiresAt: number;
  /** Until when the token is accepted, in milliseconds since 1970: its expiry, and the clock skew that is allowed for. */
  readonly endsAt: number;
}
