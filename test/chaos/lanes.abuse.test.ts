import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startGateway } from '../support/gateway.ts';
import { clientAt, type AddressedClient } from './support/clients.ts';
import { expectNoLeaks } from './support/leaks.ts';
import { quantile } from './support/load.ts';

const BY_ID = 'query ($ids: [ID!]!) { packageJobsById(ids: $ids) { id } }';
const ONE = 'query ($id: ID!) { packageJob(id: $id) { id } }';

/** How long one call takes, in milliseconds. */
const CALL_MS = 20;
const READS = 300;

/** Asks for ever new ids that do not exist, as fast as they are answered. */
async function flood(client: AddressedClient, name: string): Promise<void> {
  for (let first = 0; ; first += 100) {
    const ids = Array.from({ length: 100 }, (_, index) => `${name}-${String(first + index)}`);
    try {
      await client.query(BY_ID, { ids });
    } catch {
      // It has left.
      return;
    }
  }
}

/** Reads these jobs one after the other. Resolves to how long each took, in milliseconds. */
async function readEach(client: AddressedClient, ids: readonly string[]): Promise<number[]> {
  const times: number[] = [];
  for (const id of ids) {
    const startedAt = performance.now();
    // None of them may fail.
    expect(await client.query(ONE, { id })).toEqual({ data: { packageJob: { id } } });
    times.push(performance.now() - startedAt);
    await setTimeout(60);
  }
  return times;
}

expectNoLeaks();

describe('a client that reads single jobs while another floods with unknown ids', () => {
  it('has a p99 within one and a half times its quiet p99 and one call', { timeout: 180_000 }, async () => {
    const gateway = await startGateway({
      env: { ICE_CALLS_PER_SECOND: '50' },
      emulator: { seed: 'none', latencyMs: CALL_MS },
    });
    const reader = clientAt('127.0.0.2', gateway.url);
    const flooder = clientAt('127.0.0.1', gateway.url);
    const ids = Array.from({ length: 2 * READS }, () => gateway.emulator.jobs.add({ finishTime: 0 }));

    const quiet = await readEach(reader, ids.slice(0, READS));
    const floods = Array.from({ length: 100 }, (_, index) => flood(flooder, String(index)));
    const flooded = await readEach(reader, ids.slice(READS));
    flooder.leave();
    await Promise.all(floods);
    await gateway.close();

    expect(quantile(flooded, 0.99)).toBeLessThan(1.5 * quantile(quiet, 0.99) + CALL_MS);
  });
});
