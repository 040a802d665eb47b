import { describe, expect, vi } from 'vitest';
import { IceError } from '../../../src/ice/errors.ts';
import type { JobEntry } from '../../../src/jobs/store/entry.ts';
import { OverloadedError } from '../../../src/jobs/errors.ts';
import { callsOf, it, type JobsSetting } from '../../support/jobs.ts';
import { jobWith } from '../../support/job.ts';
import { POLL_INTERVAL, recorder, startWatching, type WatchedStore } from '../../support/watching.ts';

/** Jobs that are all as old, so that they are due together. */
function addJobs({ emulator, clock }: JobsSetting, count: number, ageMs = 0): string[] {
  return Array.from({ length: count }, () =>
    emulator.jobs.add({ createTime: clock.now - ageMs, finishTime: Infinity }),
  );
}

/** The same numbers from 0 to 1 for the same seed, by Lehmer. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

describe('the watcher', () => {
  it('makes one call a sweep for 5,000 subscribers of a job', async ({ jobs }) => {
    const { watcher, advance, settled } = startWatching(jobs.clock, jobs.store);
    const [id = ''] = addJobs(jobs, 1);
    const recorders = Array.from({ length: 5000 }, recorder);
    const watches = recorders.map(({ listener }) => watcher.listen(id, listener, jobs.context));
    // They are told in several turns of the event loop.
    const allToldOf = (status: string, times: number) =>
      vi.waitFor(() =>
        expect(recorders.every(({ told }) => told.at(-1)?.status === status && told.length === times)).toBe(
          true,
        ),
      );
    await settled();
    expect(callsOf(jobs)).toEqual([0, 1]);
    for (let sweep = 0; sweep < 3; sweep += 1) {
      await advance(1000);
      expect(callsOf(jobs)).toEqual([0, 1]);
    }
    await allToldOf('INIT', 1);
    jobs.emulator.jobs.finish(id);
    await advance(1000);
    await allToldOf('SUCCESS', 2);
    for (const { stop } of watches) stop();
    expect(watcher.size).toBe(0);
  });

  it('makes at most 11 calls a sweep for 1,000 unfinished jobs, and one more for each that finishes', async ({
    jobs,
  }) => {
    const { watcher, advance, settled, counters } = startWatching(jobs.clock, jobs.store);
    const ids = addJobs(jobs, 1000);
    const recorders = new Map(ids.map((id) => [id, recorder()]));
    for (const [id, { listener }] of recorders) watcher.listen(id, listener, jobs.context);
    await settled();
    callsOf(jobs);
    for (let sweep = 1; sweep <= 3; sweep += 1) {
      await advance(1000);
      expect([callsOf(jobs), counters.sweeps]).toEqual([[10, 1], sweep]);
    }
    const finished = ids.slice(500, 503);
    for (const id of finished) jobs.emulator.jobs.finish(id);
    await advance(1000);
    const [lists, gets] = callsOf(jobs);
    expect([lists, gets]).toEqual([10, 1 + finished.length]);
    for (const [id, { told }] of recorders) {
      expect(told.map((job) => job?.status)).toEqual(finished.includes(id) ? ['INIT', 'SUCCESS'] : ['INIT']);
    }
    // What has finished is not asked for again.
    await advance(1000);
    expect(callsOf(jobs)).toEqual([10, 1]);
  });

  it.for([37, 82])(
    'makes at most 11 calls a sweep for 1,000 jobs of all ages (%i)',
    async (seed, { jobs }) => {
      const random = randomFrom(seed);
      const { watcher, advance, settled, counters } = startWatching(jobs.clock, jobs.store, { random });
      const ids = await jobs.addKnownJobs(1000);
      for (const id of ids) watcher.listen(id, recorder().listener, jobs.context);
      await settled();
      callsOf(jobs);
      for (let second = 0; second < 4; second += 1) {
        const before = counters.sweeps;
        await advance(1000);
        const [lists, gets] = callsOf(jobs);
        expect(lists + gets).toBeLessThanOrEqual(11 * (counters.sweeps - before));
      }
      expect(counters.sweeps).toBeGreaterThan(2);
    },
  );

  it('makes no call once nobody listens', async ({ jobs }) => {
    const { watcher, advance, timers } = startWatching(jobs.clock, jobs.store);
    const watches = addJobs(jobs, 10).map((id) => watcher.listen(id, recorder().listener, jobs.context));
    await advance(2000);
    for (const { stop } of watches) stop();
    callsOf(jobs);
    expect([watcher.size, timers.size]).toEqual([0, 0]);
    await advance(60_000);
    expect(callsOf(jobs)).toEqual([0, 0]);
  });

  it('ends the reads of jobs that are let go', async ({ jobs }) => {
    const { watcher, advance, timers } = startWatching(jobs.clock, jobs.store);
    jobs.emulator.faults.add({ kind: 'hang', when: 'before-headers', times: 'always' });
    const { listener, told, failures } = recorder();
    const { stop } = watcher.listen('a', listener, jobs.context);
    stop();
    await advance(0);
    expect([watcher.size, timers.size, told, failures]).toEqual([0, 0, [], []]);
  });

  it('asks at the shortest interval, whatever the age of the job', async ({ jobs }) => {
    for (const ageMs of [0, 50_000, 3_600_000]) {
      const { watcher, advance } = startWatching(jobs.clock, jobs.store);
      const [id = ''] = addJobs(jobs, 1, ageMs);
      const { stop } = watcher.listen(id, recorder().listener, jobs.context);
      await advance(999);
      expect(callsOf(jobs)).toEqual([0, 1]);
      await advance(2);
      expect(callsOf(jobs)).toEqual([0, 1]);
      stop();
    }
  });

  it('shortens all intervals of a sweep by the same tenth at most', async ({ jobs }) => {
    const { watcher, advance, counters } = startWatching(jobs.clock, jobs.store, { random: () => 1 });
    const ids = addJobs(jobs, 20);
    for (const id of ids) watcher.listen(id, recorder().listener, jobs.context);
    await advance(1000);
    expect(counters.sweeps).toBe(1);
    await advance(899);
    expect(counters.sweeps).toBe(1);
    await advance(2);
    expect(counters.sweeps).toBe(2);
  });

  it('tells of a state that anybody read, at once, and puts its own read off', async ({ jobs }) => {
    const { watcher, advance, settled } = startWatching(jobs.clock, jobs.store);
    const [id = ''] = addJobs(jobs, 1);
    const { listener, told } = recorder();
    watcher.listen(id, listener, jobs.context);
    await settled();
    callsOf(jobs);
    jobs.clock.now += 900;
    await jobs.store.refresh(id, jobs.context);
    await advance(900);
    expect(callsOf(jobs)).toEqual([0, 1]);
    jobs.emulator.jobs.finish(id);
    await jobs.store.refresh(id, jobs.context);
    expect(told.map((job) => job?.status)).toEqual(['INIT', 'SUCCESS']);
  });

  it('tells that ICE does not know an id, once', async ({ jobs }) => {
    const { watcher, advance } = startWatching(jobs.clock, jobs.store);
    const { listener, told } = recorder();
    watcher.listen('unknown', listener, jobs.context);
    await advance(10_000);
    expect(told).toEqual([null]);
    expect(callsOf(jobs)).toEqual([0, 1]);
  });

  it('keeps its listeners while ICE fails, tells them nothing, and goes on afterwards', async ({ jobs }) => {
    const outage = { isOn: false, reads: 0 };
    const orFail = async (read: () => Promise<JobEntry>): Promise<JobEntry> => {
      outage.reads += 1;
      if (outage.isOn) throw new IceError('UPSTREAM_UNAVAILABLE', { action: 'GetPackageJob' });
      return read();
    };
    const store: WatchedStore = {
      getFresh: (...args) => jobs.store.getFresh(...args),
      peek: (id) => jobs.store.peek(id),
      freshForMs: (entry) => jobs.store.freshForMs(entry),
      onChange: (listener) => jobs.store.onChange(listener),
      get: (...args) => orFail(() => jobs.store.get(...args)),
      refresh: (...args) => orFail(() => jobs.store.refresh(...args)),
    };
    const { watcher, advance } = startWatching(jobs.clock, store);
    const [known = '', unread = ''] = addJobs(jobs, 2);
    const [first, second] = [recorder(), recorder()];
    watcher.listen(known, first.listener, jobs.context);
    await advance(1000);
    outage.isOn = true;
    watcher.listen(unread, second.listener, jobs.context);
    jobs.emulator.jobs.finish(known);
    jobs.emulator.jobs.finish(unread);
    outage.reads = 0;
    await advance(60_000);
    expect([first.told.length, second.told.length, second.failures]).toEqual([1, 0, []]);
    // Pauses grow to 2 s.
    expect(outage.reads).toBeLessThan(2 * 40);
    outage.isOn = false;
    await advance(5000);
    expect([first, second].map(({ told }) => told.at(-1)?.status)).toEqual(['SUCCESS', 'SUCCESS']);
  });

  it('tells who waits for a first state that ICE refuses to give one, and nobody else', async ({ jobs }) => {
    const { watcher, advance } = startWatching(jobs.clock, jobs.store);
    const [known = '', refused = ''] = addJobs(jobs, 2);
    const [first, second] = [recorder(), recorder()];
    watcher.listen(known, first.listener, jobs.context);
    await advance(0);
    jobs.emulator.faults.add({ kind: 'status', status: 403, code: 'Forbidden.RAM', times: 'always' });
    watcher.listen(refused, second.listener, jobs.context);
    await advance(2000);
    expect(first.failures).toEqual([]);
    expect(second.failures).toMatchObject([{ code: 'UPSTREAM_REJECTED' }]);
    expect(watcher.size).toBe(1);
  });

  it('reports an unexpected error, tells it to who waits for a first state, and goes on', async ({
    jobs,
  }) => {
    const bug = new TypeError('bug');
    const store: WatchedStore = {
      getFresh: (...args) => jobs.store.getFresh(...args),
      peek: (id) => jobs.store.peek(id),
      freshForMs: (entry) => jobs.store.freshForMs(entry),
      onChange: (listener) => jobs.store.onChange(listener),
      get: () => Promise.reject(bug),
      refresh: () => Promise.reject(bug),
    };
    const { watcher, advance, errors } = startWatching(jobs.clock, store);
    const [known = ''] = await jobs.addKnownJobs(1);
    const [first, second] = [recorder(), recorder()];
    watcher.listen(known, first.listener, jobs.context);
    watcher.listen('unread', second.listener, jobs.context);
    await advance(1000);
    expect([first.failures, second.failures, watcher.size]).toEqual([[], [bug], 1]);
    expect(errors).toEqual([bug, bug]);
  });

  it('never goes back to a state that the store had forgotten', async ({ jobs }) => {
    const { watcher, advance } = startWatching(jobs.clock, jobs.store);
    const [id = ''] = addJobs(jobs, 1);
    const { listener, told } = recorder();
    watcher.listen(id, listener, jobs.context);
    await advance(0);
    jobs.emulator.jobs.finish(id);
    await advance(1000);
    for (let other = 0; other < 10_000; other += 1) {
      jobs.store.ingest(`other-${String(other)}`, { job: null, observedAt: jobs.clock.now, source: 'get' });
    }
    const job = jobWith({
      id,
      createTime: told[0]?.createTime ?? null,
      modifiedTime: told[0]?.modifiedTime ?? null,
    });
    jobs.store.ingest(id, { job, observedAt: jobs.clock.now + 1, source: 'list' });
    expect(told.map((state) => state?.status)).toEqual(['INIT', 'SUCCESS']);
  });

  it('does not take the address that lists leave out for a change', async ({ jobs }) => {
    const { watcher } = startWatching(jobs.clock, jobs.store);
    const [id = ''] = await jobs.addKnownJobs(1);
    const { listener, told } = recorder();
    watcher.listen(id, listener, jobs.context);
    const observedAt = jobs.clock.now + 1;
    const listed = jobWith({ id, outputUrl: undefined, modifiedTime: '2026-01-01T00:00:09Z' });
    jobs.store.ingest(id, { job: listed, observedAt, source: 'list' });
    jobs.store.ingest(id, { job: { ...listed, outputUrl: null }, observedAt, source: 'get' });
    expect(told).toHaveLength(1);
  });

  it('says when the next read of a job is worth its cost: when it makes one itself', async ({ jobs }) => {
    // Then a get in 4 s is all that the share allows.
    const { watcher, advance } = startWatching(jobs.clock, jobs.store, {
      callsPerSecond: () => ({ lists: 1, gets: 1 }),
    });
    const [id = ''] = addJobs(jobs, 1, 100_000);
    const { listener, told } = recorder();
    watcher.listen(id, listener, jobs.context);
    await advance(0);
    const job = told[0] ?? jobWith({});
    expect(watcher.pollAfterMs(job)).toBe(1000);
    await advance(1000);
    expect(watcher.pollAfterMs(job)).toBe(4000);
    await advance(1500);
    expect(watcher.pollAfterMs(job)).toBe(2500);
    await advance(2000);
    expect(watcher.pollAfterMs(job)).toBe(POLL_INTERVAL.minMs);
    expect(watcher.pollAfterMs({ ...job, id: 'unwatched' })).toBe(10_000);
    expect(watcher.pollAfterMs({ ...job, status: 'FAIL' })).toBeNull();
  });

  it('watches no more jobs than it may', async ({ jobs }) => {
    const { watcher } = startWatching(jobs.clock, jobs.store, { maxJobs: 2 });
    const watch = (id: string) => watcher.listen(id, recorder().listener, jobs.context);
    const [first] = ['a', 'b'].map(watch);
    expect(() => watch('c')).toThrow(OverloadedError);
    watch('a');
    first?.stop();
    expect(() => watch('c')).toThrow('The gateway already watches 2 jobs');
  });
});
