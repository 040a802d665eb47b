import { describe, expect } from 'vitest';
import type { JobEntry } from '../../../src/jobs/store/entry.ts';
import type { JobChange } from '../../../src/jobs/store/store.ts';
import type { PackageJob } from '../../../src/jobs/model.ts';
import { it, type JobsSetting } from '../../support/jobs.ts';
import { jobWith } from '../../support/job.ts';
import { recorder, startWatching } from '../../support/watching.ts';

const ID = 'job';

/** A watcher whose store says what the test says. */
function watching({ clock, store, context }: JobsSetting) {
  const listeners = new Set<(change: JobChange) => void>();
  const entryOf = (job: Partial<PackageJob>): JobEntry => ({
    job: jobWith({ id: ID, ...job }),
    observedAt: clock.now,
    validatedAt: clock.now,
    lastGetAt: clock.now,
  });
  const first = entryOf({ modifiedTime: '2026-01-01T00:00:00Z' });
  const { watcher } = startWatching(clock, {
    getFresh: () => first,
    peek: () => first,
    freshForMs: () => 1000,
    get: (...args) => store.get(...args),
    refresh: (...args) => store.refresh(...args),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  });
  return {
    listen: () => {
      const told = recorder();
      return { ...told, ...watcher.listen(ID, told.listener, context) };
    },
    /** Brings a state that was modified at this second. */
    bring: (second: number) => {
      const entry = entryOf({ modifiedTime: `2026-01-01T00:00:0${String(second)}Z` });
      for (const listener of listeners) listener({ id: ID, entry, before: undefined });
    },
  };
}

const turn = () => new Promise(setImmediate);

/** Waits until nothing is told any more. */
async function settle(listeners: readonly { readonly told: readonly unknown[] }[]): Promise<void> {
  const count = () => listeners.reduce((sum, { told }) => sum + told.length, 0);
  for (let before = -1; before !== count();) {
    before = count();
    await turn();
    await turn();
  }
}

const secondsOf = (told: readonly (PackageJob | null)[]) =>
  told.map((job) => Number(job?.modifiedTime?.at(-2)));

describe('many listeners of one job', () => {
  it('are told in turns of the event loop, a hundred in each', async ({ jobs }) => {
    const { listen, bring } = watching(jobs);
    const listeners = Array.from({ length: 1000 }, listen);
    const told = () => listeners.filter(({ told }) => told.length > 0).length;
    bring(1);
    expect(told()).toBe(100);
    await turn();
    expect(told()).toBeLessThanOrEqual(300);
    await settle(listeners);
    expect(listeners.every(({ told }) => told.length === 1)).toBe(true);
  });

  it('are told the latest state at last, in order, and none twice', async ({ jobs }) => {
    const { listen, bring } = watching(jobs);
    const listeners = Array.from({ length: 1000 }, listen);
    for (const second of [1, 2, 3]) {
      bring(second);
      await turn();
    }
    await settle(listeners);
    for (const { told } of listeners) {
      const seconds = secondsOf(told);
      expect(seconds.at(-1)).toBe(3);
      expect(seconds).toEqual([...new Set(seconds)].toSorted((a, b) => a - b));
    }
    expect(secondsOf(listeners[0]?.told ?? [])).toEqual([1, 2, 3]);
    expect(secondsOf(listeners[999]?.told ?? [])).toEqual([3]);
  });

  it('that leave meanwhile are not told, and those that come know the state already', async ({ jobs }) => {
    const { listen, bring } = watching(jobs);
    const listeners = Array.from({ length: 1000 }, listen);
    bring(1);
    listeners[999]?.stop();
    const late = listen();
    expect(secondsOf([late.entry?.job ?? null])).toEqual([1]);
    await settle([...listeners, late]);
    expect(listeners[998]?.told).toHaveLength(1);
    expect(listeners[999]?.told).toEqual([]);
    expect(late.told).toEqual([]);
  });

  it('are told again of each later change, once all have been told', async ({ jobs }) => {
    const { listen, bring } = watching(jobs);
    const listeners = Array.from({ length: 250 }, listen);
    for (const second of [1, 2, 3]) {
      bring(second);
      await settle(listeners);
    }
    expect(listeners.every(({ told }) => secondsOf(told).join() === '1,2,3')).toBe(true);
  });
});
