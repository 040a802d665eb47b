import type { CallContext, IceClient, ListQuery, Observed } from '../ice/client.ts';
import type { IceJobPage } from '../ice/decode.ts';
import type { Freshness, JobEntry } from '../jobs/store/entry.ts';
import type { Connection } from './connection.ts';
import type { SharedStates } from './states.ts';

export interface KnownPagesOptions {
  readonly connection: Pick<Connection, 'mode'>;
  readonly ice: Pick<IceClient, 'listPackageJobs'>;
  readonly states: Pick<SharedStates, 'read'>;
  readonly freshness: Freshness;
  /** Lets memory know what another replica has read. */
  readonly adopt: (id: string, entry: JobEntry) => void;
}

/**
 * Pages that are read for a client. Memory learns first what other replicas know of their jobs. So a list that lags takes nothing
 * back that the client was told by another replica.
 */
export class KnownPages {
  readonly #options: KnownPagesOptions;

  constructor(options: KnownPagesOptions) {
    this.#options = options;
  }

  async listPackageJobs(query: ListQuery, context: CallContext): Promise<Observed<IceJobPage>> {
    const { connection, ice, states, freshness, adopt } = this.#options;
    const page = await ice.listPackageJobs(query, context);
    if (connection.mode === 'alone') return page;
    const ids = page.value.jobs.map(({ id }) => id);
    const wanted = ids.map((id) => ({ id, newerThan: undefined, purpose: 'summary' as const }));
    const found = await states.read(wanted, { freshness, claimMs: 0 }).catch(() => []);
    found.forEach(({ entry }, index) => {
      const id = ids[index];
      if (id !== undefined && entry !== undefined && entry.job !== null) adopt(id, entry);
    });
    return page;
  }
}
