import { ICE_ACTIONS, type IceAction } from '../ice/actions.ts';
import type { SharedRate } from '../ice/shared-rate.ts';
import type { RedisConfig } from '../redis-config.ts';
import type { Buckets, RatePolicy } from '../server/rate-limit/buckets.ts';
import { Connection } from './connection.ts';
import type { ReplicasEmitter } from './events.ts';
import { namespaceOf } from './namespace.ts';
import { createSharedBuckets } from './shared-buckets.ts';
import { SharedJobs, type SharedJobsOptions } from './shared-jobs.ts';
import { createSharedRate } from './shared-rates.ts';

export interface ReplicasOptions {
  readonly redis: RedisConfig;
  /** Scheme, host and port of ICE. */
  readonly endpoint: URL;
  /** The most calls of one action that all replicas start in a second. */
  readonly callsPerSecond: number;
  readonly events: ReplicasEmitter;
}

/** What one replica shares with the others. */
export interface Replicas {
  readonly connection: Connection;
  readonly sharedRates: Readonly<Record<IceAction, SharedRate>>;
  /**
   * Lets all replicas go by the same buckets of clients.
   *
   * @param own what this replica goes by while it is alone
   */
  shareBuckets(policy: RatePolicy, own: Buckets): Buckets;
  /** Has jobs read for all replicas. It is for the one domain of jobs of this process. */
  shareJobs(options: Omit<SharedJobsOptions, 'connection' | 'events' | 'starts'>): SharedJobs;
  close(): Promise<void>;
}

/** Joins the other replicas. It resolves when the first try has ended, also when that failed. */
export async function startReplicas(options: ReplicasOptions): Promise<Replicas> {
  const { redis, endpoint, callsPerSecond: limit, events } = options;
  const namespace = namespaceOf(redis.account, endpoint);
  const connection = new Connection({ address: redis.address, namespace, events });
  const rateOf = (action: IceAction) => createSharedRate({ connection, events, action, limit });
  const [get, list, submit] = ICE_ACTIONS;
  const sharedRates = { [get]: rateOf(get), [list]: rateOf(list), [submit]: rateOf(submit) };
  await connection.first;
  let jobs: SharedJobs | undefined;
  return {
    connection,
    sharedRates,
    shareJobs: (given) => (jobs = new SharedJobs({ ...given, connection, events, starts: sharedRates[get] })),
    shareBuckets: (policy, own) => createSharedBuckets(policy, connection, own),
    async close() {
      await jobs?.close();
      await connection.close();
    },
  };
}
