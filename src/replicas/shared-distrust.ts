import type { Distrust } from '../jobs/source/list-trust.ts';
import type { Connection } from './connection.ts';
import type { ReplicasEmitter } from './events.ts';

export interface SharedDistrustOptions {
  readonly connection: Connection;
  readonly events: ReplicasEmitter;
  readonly now: () => number;
}

/** Lists that one replica has found to be wrong are used by none. The others learn of it with their next lease. */
export function shareDistrust({ connection, events, now }: SharedDistrustOptions): Distrust {
  const key = () => connection.key('distrust');
  let until = Number.NEGATIVE_INFINITY;

  async function learn(): Promise<void> {
    const leftMs = await connection.run('distrust', (redis) => redis.pttl(key()));
    if (leftMs > 0) until = Math.max(until, now() + leftMs);
  }

  // Without Redis each goes by what it has found by itself.
  events.on('renewed', () => void learn().catch(() => undefined));
  return {
    get until() {
      return until;
    },
    raise(forMs) {
      until = Math.max(until, now() + forMs);
      connection
        .run('distrust', (redis) => redis.set(key(), connection.replicaId, 'PX', Math.ceil(forMs)))
        .catch(() => undefined);
    },
  };
}
