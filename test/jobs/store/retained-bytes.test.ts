import { describe, expect, it } from 'vitest';
import { JobStore } from '../../../src/jobs/store/store.ts';
import { createEvents } from '../../support/events.ts';
import { decodedJob } from '../../support/decoded-job.ts';
import { FRESHNESS } from '../../support/jobs.ts';
import { retainedBytes } from '../../support/memory.ts';

const COUNT = 5000;

function createStore(maxJobs: number): JobStore {
  return new JobStore({
    source: () => ({ read: () => Promise.reject(new Error('nothing is read')) }),
    freshness: FRESHNESS,
    maxJobs,
    now: Date.now,
    events: createEvents().jobs,
  });
}

function ingest(store: JobStore, index: number, userData: string): void {
  const job = decodedJob(index, userData);
  store.ingest(job.id, { job, observedAt: Date.now(), source: 'get' });
}

describe('the size of the states in memory', () => {
  it.for([
    ['little', ''],
    ['much', 'x'.repeat(2000)],
    ['Chinese', '封装任务'.repeat(200)],
  ] as const)('is what they retain, with %s user data', async ([, userData]) => {
    const store = createStore(1_000_000);
    let index = 0;
    const ingestMany = async () => {
      for (const end = index + COUNT; index < end; index += 1) ingest(store, index, userData);
      return { counted: store.bytes, retained: await retainedBytes() };
    };
    const before = await ingestMany();
    const after = await ingestMany();
    const share = (after.counted - before.counted) / (after.retained - before.retained);
    expect(share).toBeGreaterThan(0.85);
    expect(share).toBeLessThan(1.15);
  });

  it('is bounded, whatever the jobs have as user data', () => {
    const store = createStore(10_000);
    for (let index = 0; index < 2000; index += 1) ingest(store, index, 'x'.repeat(50_000));
    expect(store.size).toBeGreaterThan(250);
    expect(store.bytes).toBeLessThanOrEqual(10_000 * 1536);
  });

  it('has nothing of the documents that spell out ids', async () => {
    const store = createStore(10_000);
    const context = {
      signal: new AbortController().signal,
      client: '',
      turnKey: {},
      onCall: () => undefined,
      onCacheStatus: () => undefined,
    };
    const before = await retainedBytes();
    for (let index = 0; index < 300; index += 1) {
      const job = { ...decodedJob(index, ''), status: 'INIT' } as const;
      const document = `{ packageJob(id: "${job.id}") { id } } # ${String(index).padEnd(200_000)}`;
      const id = document.slice(document.indexOf('"') + 1, document.lastIndexOf('"'));
      expect(id).toBe(job.id);
      store.ingest(id, { job, observedAt: Date.now(), source: 'get' });
      store.getFresh(document.slice(document.indexOf('"') + 1, document.lastIndexOf('"')), context);
      store.absence(document.slice(document.indexOf('"') + 1, document.lastIndexOf('"')), 0);
    }
    expect((await retainedBytes()) - before).toBeLessThan(5_000_000);
    expect(store.size).toBe(300);
  });
});
