import { EventEmitter, once } from 'node:events';
import { onTestFinished } from 'vitest';
import type { RedisAddress } from '../../src/redis-config.ts';
import { Connection } from '../../src/replicas/connection.ts';
import type { ReplicasEmitter, ReplicasEvents } from '../../src/replicas/events.ts';
import { startRedis, type RedisOptions, type RedisServer } from './redis-server.ts';

export { addressOf, freePort, REDIS, startRedis, type RedisServer } from './redis-server.ts';

/** Starts a Redis, which is closed when the test has finished. */
export async function redisOfTest(options: RedisOptions = {}): Promise<RedisServer> {
  const redis = await startRedis(options);
  onTestFinished(() => redis.close());
  return redis;
}

/** A deadline that a machine which is busy meets. */
export const PATIENT_MS = 5000;

/** A connection of one replica, closed when the test has finished. */
export function connect(
  address: RedisAddress,
  replicaId?: string,
  deadlineMs?: number,
): Connection & { events: ReplicasEmitter } {
  const events: ReplicasEmitter = new EventEmitter<ReplicasEvents>();
  const connection = new Connection({
    address,
    namespace: 'pjg:1:{test}',
    events,
    ...(replicaId !== undefined && { replicaId }),
    ...(deadlineMs !== undefined && { deadlineMs }),
  });
  onTestFinished(() => connection.close());
  return Object.assign(connection, { events });
}

/** Resolves when all of them share, also where the first try was too slow. */
export async function untilJoined(
  ...connections: readonly (Connection & { readonly events: ReplicasEmitter })[]
): Promise<void> {
  const alone = connections.filter(({ mode }) => mode === 'alone');
  await Promise.all(alone.map(({ events }) => once(events, 'joined')));
}
