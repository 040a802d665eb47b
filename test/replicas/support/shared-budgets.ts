import { expect, onTestFinished } from 'vitest';
import { createBudget, type Budget } from '../../../src/ice/budget.ts';
import type { SharedRate } from '../../../src/ice/shared-rate.ts';
import { createSharedRate } from '../../../src/replicas/shared-rates.ts';
import type { RedisAddress } from '../../../src/redis-config.ts';
import { connect, untilJoined } from '../../support/redis.ts';

export const action = 'GetPackageJob';

export interface Replica {
  readonly budget: Budget;
  readonly shared: SharedRate;
  readonly connection: ReturnType<typeof connect>;
  /** Makes a call of a client, which takes no time. */
  call(client: string): Promise<void>;
}

/** Replicas in one process, so that one clock tells when each call starts. `end` makes what comes of one. */
export async function startReplicas(
  address: RedisAddress,
  count: number,
  limit: number,
  end: (replica: string, client: string) => Promise<void> = () => Promise.resolve(),
): Promise<{ replicas: Replica[]; starts: { at: number; replica: string; client: string }[] }> {
  const starts: { at: number; replica: string; client: string }[] = [];
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const replicas = Array.from({ length: count }, (_, index): Replica => {
    const name = `r${String(index)}`;
    const connection = connect(address, name);
    const shared = createSharedRate({ connection, events: connection.events, action, limit });
    const bounds = { maxConcurrency: 100, maxQueued: 10_000, maxQueuedOfClient: 10_000 };
    const budget = createBudget({ action, callsPerSecond: limit, ...bounds, shared });
    const turnKeys = new Map<string, object>();
    return {
      budget,
      shared,
      connection,
      call(client) {
        const turnKey = turnKeys.get(client) ?? {};
        turnKeys.set(client, turnKey);
        return budget.run({ signal: stop.signal, client, turnKey }, () => {
          starts.push({ at: performance.now(), replica: name, client });
          return end(name, client);
        });
      },
    };
  });
  await untilJoined(...replicas.map(({ connection }) => connection));
  await expect
    .poll(() => replicas.map(({ connection }) => connection.replicas), { timeout: 10_000 })
    .toEqual(replicas.map(() => count));
  return { replicas, starts };
}

/** Has many calls of a client wait at a replica. What is left of them when the test ends is dropped. */
export function flood(replica: Replica | undefined, client: string, calls = 1000): void {
  for (let call = 0; call < calls; call += 1) replica?.call(client).catch(() => undefined);
}

/** The most starts in any second. */
export function peakOf(starts: readonly { readonly at: number }[]): number {
  const times = starts.map(({ at }) => at).toSorted((a, b) => a - b);
  return Math.max(
    0,
    ...times.map((from, first) => times.filter((at, index) => index >= first && at < from + 1000).length),
  );
}

/** Resolves when there are so many starts. */
export async function after(starts: readonly unknown[], count: number): Promise<void> {
  await expect.poll(() => starts.length, { timeout: 30_000, interval: 20 }).toBeGreaterThanOrEqual(count);
}
