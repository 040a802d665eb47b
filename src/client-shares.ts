/**
 * How much each client has of something that is bounded. The gateway itself, whose key is empty, has no bound.
 *
 * Clients that have nothing take no memory.
 */
export class ClientShares {
  /** The most that one client may have. */
  readonly max: number;
  readonly #shares = new Map<string, number>();
  #total = 0;

  constructor(max: number) {
    this.max = max;
  }

  /** What all clients have together, and the gateway. */
  get total(): number {
    return this.#total;
  }

  /** What one client has. */
  of(client: string): number {
    return this.#shares.get(client) ?? 0;
  }

  /** Whether the client may have so much more. */
  allows(client: string, amount = 1): boolean {
    return client === '' || this.of(client) + amount <= this.max;
  }

  /** Adds to what the client has. A negative amount takes from it. */
  add(client: string, amount: number): void {
    const share = this.of(client) + amount;
    this.#total += amount;
    if (share === 0) this.#shares.delete(client);
    else this.#shares.set(client, share);
  }
}
