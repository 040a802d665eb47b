import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallContext, IceClient, ListQuery, Observed } from '../ice/client.ts';
import type { IceJobPage } from '../ice/decode.ts';
import type { Connection } from './connection.ts';

type JobPages = Pick<IceClient, 'listPackageJobs'>;

/** How long a replica that reads a page keeps the others from it, in milliseconds. */
const CLAIM_MS = 1000;
/** How long another one waits for the page at most, and between two looks, in milliseconds. */
const MAX_WAIT_MS = 500;
const PAUSE_MS = 25;

export interface SharedPagesOptions {
  readonly connection: Connection;
  readonly ice: JobPages;
  /** How old a page may be, in milliseconds. */
  readonly maxAgeMs: number;
  readonly now: () => number;
}

/**
 * Pages that are read once for all replicas. They are those of the newest jobs, which each replica looks at whose clients follow all
 * jobs: all of them ask for the very same pages, at their own times.
 */
export class SharedPages implements JobPages {
  readonly #options: SharedPagesOptions;

  constructor(options: SharedPagesOptions) {
    this.#options = options;
  }

  async listPackageJobs(query: ListQuery, context: CallContext): Promise<Observed<IceJobPage>> {
    const { connection, ice } = this.#options;
    if (connection.mode === 'alone') return ice.listPackageJobs(query, context);
    const name = createHash('sha256').update(JSON.stringify(query)).digest('base64url');
    const until = performance.now() + MAX_WAIT_MS;
    // Without Redis it is read here.
    while (performance.now() < until && !context.signal.aborted) {
      const found = await this.#find(name).catch(() => 'own' as const);
      if (found === 'own') break;
      if (found !== 'awaited') return found;
      await sleep(PAUSE_MS);
    }
    return this.#readOwn(name, query, context);
  }

  /** The page, if it is young enough; or who is to read it, which this replica claims if nobody else has. */
  async #find(name: string): Promise<Observed<IceJobPage> | 'own' | 'awaited'> {
    const { connection, maxAgeMs, now } = this.#options;
    const { clock, replicaId } = connection;
    const text = await connection.run('page', (redis) => redis.get(connection.key('page', name)));
    const page = text === null ? undefined : parsed(text);
    const ageMs = page === undefined ? Infinity : clock.latest() - page.observedAt;
    if (page !== undefined && ageMs < maxAgeMs)
      return { value: page.value, observedAt: Math.floor(now() - ageMs) };
    const claim = connection.key('page-claim', name);
    const claimed = await connection.run('page claim', (redis) =>
      redis.set(claim, replicaId, 'PX', CLAIM_MS, 'NX'),
    );
    return claimed === null ? 'awaited' : 'own';
  }

  async #readOwn(name: string, query: ListQuery, context: CallContext): Promise<Observed<IceJobPage>> {
    const { connection, ice, maxAgeMs, now } = this.#options;
    const claim = connection.key('page-claim', name);
    try {
      const page = await ice.listPackageJobs(query, context);
      const observedAt = Math.floor(page.observedAt - now() + connection.clock.earliest());
      const text = JSON.stringify({ observedAt, value: page.value });
      const key = connection.key('page', name);
      connection
        .run('page', (redis) => redis.multi().set(key, text, 'PX', maxAgeMs).del(claim).exec())
        .catch(() => undefined);
      return page;
    } catch (error) {
      connection.run('page claim', (redis) => redis.del(claim)).catch(() => undefined);
      throw error;
    }
  }
}

function parsed(text: string): Observed<IceJobPage> | undefined {
  try {
    // oxlint-disable-next-line no-unsafe-type-assertion -- a replica has written it, and keys carry the version of its form
    return JSON.parse(text) as Observed<IceJobPage>;
  } catch {
    return undefined;
  }
}
