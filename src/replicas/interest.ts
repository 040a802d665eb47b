import { LEASE_MS, type Connection } from './connection.ts';
import type { ReplicasEmitter } from './events.ts';
import { loadScript } from './scripts.ts';

/** The most jobs that a replica lets others read for it. It reads the rest itself. */
const MAX_JOBS = 20_000;

/** How many changes one call of the script has. */
const CHANGES_OF_CALL = 2000;

/** For how long a job is wanted after somebody last wanted it, in milliseconds. Who polls it comes again. */
const LINGER_MS = 5000;

const INTEREST = loadScript('interest');

export interface InterestOptions {
  readonly connection: Connection;
  readonly events: ReplicasEmitter;
  /** The jobs that this replica wants to be read now. */
  readonly wanted: () => Iterable<string>;
}

/** What Redis has after a call. */
interface Answer {
  /** How often any set has changed. */
  readonly changes: number;
  /** How many jobs this replica wants. */
  readonly size: number;
  /** The replicas that want jobs. */
  readonly replicas: readonly string[];
}

/**
 * The jobs that each replica wants to be read. Its lease is renewed with that of the replica, so the jobs of one that died are
 * forgotten after that.
 */
export class Interest {
  readonly #options: InterestOptions;
  /** When this replica last wanted each, by `performance.now()`. */
  readonly #seen = new Map<string, number>();
  /** What Redis was told. */
  #told = new Set<string>();
  #others: ReadonlySet<string> = new Set();
  /** The number of changes of all sets when the others' were read. */
  #changes = -1;
  #renewing: Promise<void> | undefined;
  readonly #renew = () => void this.renew();
  readonly #begin = () => this.#forget();

  constructor(options: InterestOptions) {
    this.#options = options;
    options.events.on('joined', this.#begin).on('left', this.#begin).on('renewed', this.#renew);
  }

  /** The jobs that other replicas want. It is empty while this one is alone, or wants nothing. */
  get others(): ReadonlySet<string> {
    return this.#others;
  }

  /** Renews the lease, tells what has changed, and reads what the others want if that has changed. It never throws. */
  async renew(): Promise<void> {
    this.#renewing ??= this.#tell(this.#wanted())
      .catch(() => this.#forget())
      .finally(() => (this.#renewing = undefined));
    await this.#renewing;
  }

  /** Wants nothing any more. */
  async close(): Promise<void> {
    const { events } = this.#options;
    events.off('joined', this.#begin).off('left', this.#begin).off('renewed', this.#renew);
    if (this.#told.size > 0) await this.#call([], [], true).catch(() => undefined);
  }

  #forget(): void {
    this.#told = new Set();
    this.#others = new Set();
    this.#changes = -1;
  }

  #wanted(): Set<string> {
    const now = performance.now();
    for (const id of this.#options.wanted()) {
      if (this.#seen.size >= MAX_JOBS && !this.#seen.has(id)) continue;
      this.#seen.set(id, now);
    }
    for (const [id, at] of this.#seen) if (now - at > LINGER_MS) this.#seen.delete(id);
    return new Set(this.#seen.keys());
  }

  async #tell(wanted: ReadonlySet<string>): Promise<void> {
    const told = this.#told;
    if (wanted.size === 0 && told.size === 0) return;
    const added = [...wanted].filter((id) => !told.has(id));
    const removed = [...told].filter((id) => !wanted.has(id));
    let isAnew = told.size === 0;
    let answer: Answer;
    do {
      answer = await this.#call(added.splice(0, CHANGES_OF_CALL), removed.splice(0, CHANGES_OF_CALL), isAnew);
      isAnew = false;
    } while (added.length > 0 || removed.length > 0);
    // Redis may have lost it. The next time tells all of it again.
    this.#told = answer.size === wanted.size ? new Set(wanted) : new Set();
    if (answer.changes === this.#changes) return;
    await this.#readOthers(answer.replicas, wanted);
    this.#changes = answer.changes;
  }

  async #readOthers(replicas: readonly string[], own: ReadonlySet<string>): Promise<void> {
    const { connection } = this.#options;
    const keys = replicas
      .filter((replica) => replica !== connection.replicaId)
      .map((replica) => connection.key('interest', replica));
    const ids = keys.length === 0 ? [] : await connection.run('others', (redis) => redis.sunion(keys));
    this.#others = new Set(ids.filter((id) => !own.has(id)));
  }

  async #call(added: readonly string[], removed: readonly string[], isAnew: boolean): Promise<Answer> {
    const { connection } = this.#options;
    const { replicaId, clock } = connection;
    const answer = await connection.call(
      INTEREST,
      [connection.key('interest'), connection.key('interest', replicaId), connection.key('interest-changes')],
      [replicaId, Math.floor(clock.earliest()), LEASE_MS, isAnew ? 1 : 0, added.length, ...added, ...removed],
    );
    const [changes, size, replicas] = Array.isArray(answer) ? (answer as unknown[]) : [];
    return {
      changes: Number(changes),
      size: Number(size),
      replicas: Array.isArray(replicas) ? replicas.map(String) : [],
    };
  }
}
