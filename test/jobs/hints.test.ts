import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { openEventStream } from '../support/socket.ts';

interface Reading {
  readonly observedAt: string;
  readonly pollAfterMs: number;
}

const QUERIES = [
  ['packageJob', 'query ($id: ID!) { packageJob(id: $id) { observedAt pollAfterMs } }'],
  ['nodes', 'query ($id: ID!) { nodes(ids: [$id]) { ... on PackageJob { observedAt pollAfterMs } } }'],
] as const;

async function read(
  gateway: TestGateway,
  text: string,
  id: string,
): Promise<Reading & { readonly retryAfter: number }> {
  const { data, headers } = await gateway.query(text, { id });
  const [value] = Object.values(data ?? {});
  const job = (Array.isArray(value) ? value[0] : value) as Reading;
  return { ...job, retryAfter: Number(headers.get('retry-after')) };
}

describe.for(QUERIES)('pollAfterMs of %s', ([, text]) => {
  it.for([
    ['nobody watches', false],
    ['somebody watches', true],
  ] as const)(
    'is how long the same state would be served, where JOB_MAX_AGE_MS says so and %s',
    async ([, isWatched]) => {
      const gateway = await startGateway({
        env: { JOB_MAX_AGE_MS: '2000', POLL_MIN_MS: '300', POLL_MAX_MS: '400' },
      });
      const id = gateway.emulator.jobs.add({ finishTime: Infinity });
      const stream = isWatched ? await openEventStream(gateway.url, [id]) : undefined;
      await stream?.until(/INIT/);
      let before = await read(gateway, text, id);
      // The third request is answered from what is prepared.
      for (let poll = 0; poll < 3; poll += 1) {
        expect(before.pollAfterMs).toBeGreaterThanOrEqual(300);
        expect(before.pollAfterMs).toBeLessThanOrEqual(2000);
        expect(before.retryAfter).toBe(Math.ceil(before.pollAfterMs / 1000));
        const again = await read(gateway, text, id);
        // It goes by the clock, so no stored response repeats it.
        expect(again.pollAfterMs).toBeLessThanOrEqual(before.pollAfterMs);
        await pause(before.pollAfterMs);
        const after = await read(gateway, text, id);
        expect(after.observedAt > before.observedAt).toBe(true);
        before = after;
      }
      stream?.leave();
      await gateway.close();
    },
  );
});
