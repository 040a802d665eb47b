import { BOUNDS } from '../../bounds.ts';
import { ClientShares } from '../../client-shares.ts';
import { IceError } from '../../ice/errors.ts';

/** The name of the bound of one client. */
const POLICY = 'readsOfClient' satisfies keyof typeof BOUNDS;

/** What a client over its bound is told. */
const TOO_MANY_READS = new IceError('RATE_LIMITED', { action: 'GetPackageJob', policy: POLICY });

/** How many reads are in flight for each client: of jobs, and of pages of jobs. */
export class ClientReads {
  readonly #begun = new ClientShares(BOUNDS.readsOfClient.max);

  /** Refuses a client that could come to more reads in flight than it may, if all of these are begun. */
  check(client: string, reads: number): void {
    if (!this.#begun.allows(client, reads)) throw TOO_MANY_READS;
  }

  /**
   * Begins a read. The function that it returns ends it, and has to be called once.
   *
   * @throws {IceError} RATE_LIMITED when this client has begun too many. The gateway itself may begin any number
   */
  begin(client: string): () => void {
    this.check(client, 1);
    this.#begun.add(client, 1);
    return () => this.#begun.add(client, -1);
  }
}
