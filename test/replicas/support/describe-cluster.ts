import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventEmitter } from 'node:events';
import { isFinished, type PackageJob } from '../../../src/jobs/model.ts';
import { Connection } from '../../../src/replicas/connection.ts';
import type { ReplicasEvents } from '../../../src/replicas/events.ts';
import { FRESHNESS } from '../../support/jobs.ts';
import { PATIENT_MS, REDIS, startRedis, type RedisServer } from '../../support/redis.ts';
import { ClusterWorld, step, type Answer } from './cluster-world.ts';

/** Whether memory went back from one of these states to an earlier one. */
function goesBack(states: readonly (PackageJob | null)[]): boolean {
  return states.some((job, index) => {
    const before = index === 0 ? undefined : states[index - 1];
    if (!before || !job) return before !== undefined && job === null;
    if (isFinished(before)) return !isFinished(job);
    return !isFinished(job) && (job.modifiedTime ?? '') < (before.modifiedTime ?? '');
  });
}

function isTooOld({ id, askedAt, answeredAt, isStale, job }: Answer, { upstream }: ClusterWorld): boolean {
  const bound = isStale ? answeredAt - FRESHNESS.staleIfErrorMs : askedAt - FRESHNESS.unfinishedMs;
  if (job === null) {
    return upstream.isShownAt(id, askedAt - FRESHNESS.missingMs);
  }
  return !isFinished(job) && upstream.finishedAtOf(id) < bound;
}

/** Plays so many histories. */
export function describeCluster(runs: number): void {
  describe.skipIf(REDIS.skip)(
    `two to four replicas over one ${REDIS.label}, whatever they read, lose and find again`,
    () => {
      let redis: RedisServer;
      let world = 0;
      beforeAll(async () => {
        redis = await startRedis();
      });
      afterAll(() => redis.close());

      async function connect(): Promise<Connection> {
        const connection = new Connection({
          address: redis.address,
          namespace: `pjg:1:{world-${String(world)}}`,
          events: new EventEmitter<ReplicasEvents>(),
          deadlineMs: PATIENT_MS,
        });
        await connection.first;
        return connection;
      }

      it(
        'never go back, never show what is older than promised, and come to know the same',
        { timeout: 300_000 },
        async () => {
          await fc.assert(
            fc.asyncProperty(
              fc.integer({ min: 2, max: 4 }),
              fc.array(step, { maxLength: 30, size: 'max' }),
              async (count, history) => {
                world += 1;
                const connections = await Promise.all(Array.from({ length: count }, connect));
                const cluster = new ClusterWorld(connections, () => redis.client.flushall());
                try {
                  await cluster.play(history);
                  await expect
                    .poll(() => [...cluster.known()].filter(([, states]) => states.size > 1), {
                      timeout: 20_000,
                    })
                    .toEqual([]);
                  const backwards = cluster.members.flatMap(({ states }) =>
                    [...states].filter(([, told]) => goesBack(told)),
                  );
                  expect(backwards).toEqual([]);
                  expect(cluster.answers.filter((answer) => isTooOld(answer, cluster))).toEqual([]);
                } finally {
                  await cluster.close();
                  await Promise.all(connections.map((connection) => connection.close()));
                }
              },
            ),
            { numRuns: runs },
          );
        },
      );
    },
  );
}
