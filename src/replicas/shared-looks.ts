import type { Look, LookForEnds } from '../jobs/watch/ends.ts';
import type { Connection } from './connection.ts';
import type { Interest } from './interest.ts';
import { loadScript } from './scripts.ts';

const LOOK = loadScript('look');

export interface SharedLooksOptions {
  readonly connection: Pick<Connection, 'mode' | 'replicaId' | 'key' | 'call' | 'run'>;
  readonly interest: Pick<Interest, 'others'>;
  /** How long the ends that one replica has looked for are looked for by none, in milliseconds. */
  readonly pauseMs: number;
}

/** For how long it is known what a look took, in milliseconds. */
const KEEP_MS = 60_000;

/**
 * Looks for ends once for all replicas: whichever comes first looks among the jobs of all, and tells what it finds as any state. The
 * others leave it out. A replica that dies while it looks takes this one look with it.
 */
export function shareLooks(
  look: LookForEnds,
  { connection, interest, pauseMs }: SharedLooksOptions,
): LookForEnds {
  const keys = () => ['look-windows', 'look', 'look-pages'].map((name) => connection.key(name));
  return async (given) => {
    if (connection.mode === 'alone') return look(given);
    const values = [connection.replicaId, Math.floor(given.from), Math.ceil(given.to), pauseMs];
    const answer = await connection.call(LOOK, keys(), values).catch(() => undefined);
    if (!Array.isArray(answer)) return look(given);
    const [from, to, pages] = (answer as unknown[]).map(String);
    if (!from || !to) return Number(pages) || given.maxPages;
    const window = { from: Number(from), to: Number(to) };
    // A window without bounds would have every job of the account read.
    const isKnown = Number.isFinite(window.from) && Number.isFinite(window.to);
    const all: Look = {
      ...given,
      ...(isKnown && window),
      isUnfinished: (id) => given.isUnfinished(id) || interest.others.has(id),
    };
    const took = await look(all);
    connection
      .run('look', (redis) => redis.set(connection.key('look-pages'), took, 'PX', KEEP_MS))
      .catch(() => undefined);
    return took;
  };
}
