import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ONE, postFrom } from './support/client.ts';
import { heapMiB } from './support/memory.ts';

const DOCUMENT = 'subscription($ids: [ID!]!) { packageJobUpdated(ids: $ids) { id status userData } }';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway();
});

afterAll(() => gateway.close());

const addFinishedJob = () => gateway.emulator.jobs.add({ finishTime: Date.now() - 60_000 });

/** Subscribes to finished jobs, and resolves when the subscription has completed, to what it said. */
async function subscribe(ids: readonly string[], more: object = {}): Promise<string> {
  const body = { query: DOCUMENT, variables: { ids, ...more } };
  const { text } = await postFrom(ONE, gateway.url, body, { accept: 'text/event-stream' });
  expect(text).toContain('event: complete');
  return text;
}

/** What the heap holds more after the work than before. The work runs once before, so that all caches are warm. */
async function grownMiB(work: (round: number) => Promise<void>): Promise<number> {
  await work(0);
  const before = heapMiB();
  await work(1);
  return heapMiB() - before;
}

describe('subscriptions to finished jobs leave nothing behind', () => {
  it('when each has another variable that nobody needs', async () => {
    const id = addFinishedJob();
    const text = 'x'.repeat(100_000);
    const grown = await grownMiB(async (round) => {
      for (let index = 0; index < 300; index += 1) {
        await subscribe([id], { other: `${String(round)} ${String(index)} ${text}` });
      }
    });
    expect(grown).toBeLessThan(16);
  });

  it('when each names the jobs in another order', async () => {
    const ids = Array.from({ length: 100 }, addFinishedJob);
    const grown = await grownMiB(async (round) => {
      const ordered = round === 0 ? ids : ids.toReversed();
      for (let at = 0; at < ids.length; at += 1) {
        const said = await subscribe([...ordered.slice(at), ...ordered.slice(0, at)]);
        expect(said.match(/"status":"SUCCESS"/g)).toHaveLength(100);
      }
    });
    expect(grown).toBeLessThan(16);
  });
});
