/** Who asks. It is decided once for each request and each socket, before anything else, and carried as a value. */
export interface Client {
  /** Limits, turns and kept responses go by this key. Today it is the address of the connection. */
  readonly key: string;
}
