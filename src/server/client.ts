/** Who asks. It is decided once for each request and each socket, before anything else, and carried as a value. */
export interface Client {
  /**
   * Limits, turns and kept responses go by this key. Today it is an IPv4 address or a /64 of IPv6. It is never empty: `''` is
   * the gateway itself.
   */
  readonly key: string;
}
