import { describe, expect } from 'vitest';
import { JobStore } from '../../../src/jobs/store/store.ts';
import { createEvents } from '../../support/events.ts';
import { jobWith } from '../../support/job.ts';
import { FRESHNESS, it } from '../../support/jobs.ts';

const SUCCESS = { status: 'Success' } as const;

describe('a state', () => {
  it('of an unfinished job is served for its time, and read again after it', async ({ jobs }) => {
    const { clock, emulator, store, context } = jobs;
    const [id = ''] = await jobs.addKnownJobs(1);
    clock.now += 999;
    await store.get(id, context);
    expect(emulator.countRequests()).toBe(0);
    clock.now += 1;
    emulator.jobs.finish(id, SUCCESS);
    expect((await store.get(id, context)).job).toMatchObject({ status: 'SUCCESS' });
    expect(emulator.countRequests()).toBe(1);
  });

  it('of a finished job is served for a day', async ({ jobs }) => {
    const { clock, emulator, store, context } = jobs;
    const id = emulator.jobs.add({ finishTime: clock.now });
    await store.get(id, context);
    clock.now += FRESHNESS.finishedMs - 1;
    await store.get(id, context);
    expect(emulator.countRequests()).toBe(1);
    clock.now += 1;
    await store.get(id, context);
    expect(emulator.countRequests()).toBe(2);
  });

  it('that a job is missing is remembered briefly', async ({ jobs }) => {
    const { clock, emulator, store, context } = jobs;
    expect((await store.get('later', context)).job).toBeNull();
    clock.now += 999;
    expect((await store.get('later', context)).job).toBeNull();
    expect(emulator.countRequests()).toBe(1);
    emulator.jobs.add({ jobId: 'later', createTime: clock.now });
    clock.now += 1;
    expect((await store.get('later', context)).job).toMatchObject({ id: 'later' });
  });

  it('tells when the call that read it began', async ({ jobs }) => {
    const { clock, emulator, store, context } = jobs;
    const id = emulator.jobs.add({ finishTime: Infinity });
    expect((await store.get(id, context)).job?.observedAt).toBe(new Date(clock.now).toISOString());
  });

  it('stays, whatever comes later, when the job had finished', async ({ jobs }) => {
    const { emulator, store, context } = jobs;
    const id = emulator.jobs.add({ finishTime: Infinity });
    const { job: unfinished } = await store.get(id, context);
    emulator.jobs.finish(id, SUCCESS);
    jobs.clock.now += 1000;
    await store.get(id, context);
    const late = { job: unfinished, observedAt: jobs.clock.now + 1, source: 'get' as const };
    expect(store.ingest(id, late).job).toMatchObject({ status: 'SUCCESS' });
    expect((await store.get(id, context)).job).toMatchObject({ status: 'SUCCESS' });
  });
});

describe('reads at the same time', () => {
  it('share one call', async ({ jobs }) => {
    const { emulator, store, context, cached } = jobs;
    const id = emulator.jobs.add();
    const read = await Promise.all(Array.from({ length: 1000 }, () => store.get(id, context)));
    expect(new Set(read).size).toBe(1);
    expect(emulator.countRequests()).toBe(1);
    expect(cached).toEqual(Array(999).fill('collapsed'));
  });

  it('do not end when one reader leaves, and give the call up when all have', async ({ jobs }) => {
    const { emulator, store, context } = jobs;
    const id = emulator.jobs.add();
    const release = emulator.faults.hold();
    const [a, b] = [new AbortController(), new AbortController()];
    const leaving = store.get(id, { ...context, signal: a.signal });
    const staying = store.get(id, context);
    a.abort();
    await expect(leaving).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    release();
    await expect(staying).resolves.toMatchObject({ job: { id } });

    const other = emulator.jobs.add();
    emulator.faults.add({ kind: 'hang', when: 'before-headers' });
    const last = store.get(other, { ...context, signal: b.signal });
    await expect.poll(() => emulator.countRequests()).toBe(2);
    b.abort();
    await expect(last).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
  });

  it('do not join a call that began longer ago than a state may be old', async ({ jobs }) => {
    const { clock, emulator, store, context } = jobs;
    const id = emulator.jobs.add({ finishTime: Infinity });
    const release = emulator.faults.hold();
    const slow = store.get(id, context);
    await expect.poll(() => emulator.countRequests()).toBe(1);
    clock.now += 1000;
    emulator.jobs.finish(id, SUCCESS);
    expect((await store.get(id, context)).job).toMatchObject({ status: 'SUCCESS' });
    expect(emulator.countRequests()).toBe(2);
    // The late answer of the first does not undo it.
    release();
    await slow;
    expect((await store.get(id, context)).job).toMatchObject({ status: 'SUCCESS' });
  });
});

describe('while ICE fails', () => {
  it('an unfinished state stands in up to its limit, with its true age, then the typed error comes', async ({
    jobs,
  }) => {
    const { clock, emulator, store, context, cached } = jobs;
    const [id = ''] = await jobs.addKnownJobs(1);
    const observedAt = new Date(clock.now).toISOString();
    emulator.faults.add({ kind: 'status', status: 403, code: 'Forbidden.RAM', times: 'always' });
    clock.now += FRESHNESS.staleIfErrorMs;
    expect((await store.get(id, context)).job).toMatchObject({ status: 'INIT', observedAt });
    expect(cached).toEqual(['stale']);
    clock.now += 1;
    await expect(store.get(id, context)).rejects.toMatchObject({ code: 'UPSTREAM_REJECTED' });
  });

  it('a finished state stands in without a limit, and an absence never', async ({ jobs }) => {
    const { clock, emulator, store, context } = jobs;
    const id = emulator.jobs.add({ finishTime: clock.now });
    await Promise.all([store.get(id, context), store.get('missing', context)]);
    emulator.faults.add({ kind: 'status', status: 403, code: 'Forbidden.RAM', times: 'always' });
    clock.now += 2 * FRESHNESS.finishedMs;
    expect((await store.get(id, context)).job).toMatchObject({ status: 'SUCCESS' });
    await expect(store.get('missing', context)).rejects.toMatchObject({ code: 'UPSTREAM_REJECTED' });
  });

  it('a reader whose time runs out gets the old state', async ({ jobs }) => {
    const { clock, emulator, store, context } = jobs;
    const [id = ''] = await jobs.addKnownJobs(1);
    clock.now += 1000;
    emulator.faults.add({ kind: 'hang', when: 'before-headers' });
    const controller = new AbortController();
    const read = store.get(id, { ...context, signal: controller.signal });
    await expect.poll(() => emulator.countRequests()).toBe(1);
    controller.abort();
    expect(await read).toMatchObject({ job: { status: 'INIT' } });
  });
});

describe('a list that nobody checked', () => {
  it('makes no unfinished state fresh, as it may lag', async ({ jobs }) => {
    const { clock, emulator, store, context } = jobs;
    const id = emulator.jobs.add({ finishTime: Infinity });
    const { job: unfinished } = await store.get(id, context);
    emulator.jobs.finish(id, SUCCESS);
    clock.now += 1000;
    store.ingest(id, { job: unfinished, observedAt: clock.now, source: 'list' });
    expect((await store.get(id, context)).job).toMatchObject({ status: 'SUCCESS' });
  });

  it('is believed that a job has finished', async ({ jobs }) => {
    const { clock, emulator, ice, store, context } = jobs;
    const id = emulator.jobs.add({ finishTime: clock.now });
    const { value } = await ice.listPackageJobs({ orderBy: 'CreateTimeDesc', pageSize: 1 }, context);
    store.ingest(id, { job: value.jobs[0] ?? null, observedAt: clock.now, source: 'list' });
    expect((await store.get(id, context)).job).toMatchObject({ status: 'SUCCESS' });
    expect(emulator.countRequests('GetPackageJob')).toBe(0);
  });
});

describe('changes', () => {
  it('are told once each, in order', async ({ jobs }) => {
    const { clock, emulator, store, context, changes } = jobs;
    const id = emulator.jobs.add({ finishTime: Infinity });
    await store.get(id, context);
    clock.now += 1000;
    await store.get(id, context);
    emulator.jobs.finish(id, SUCCESS);
    clock.now += 1000;
    await store.get(id, context);
    await store.get('missing', context);
    expect(changes.map(({ id, entry }) => [id, entry.job?.status])).toEqual([
      [id, 'INIT'],
      [id, 'SUCCESS'],
      ['missing', undefined],
    ]);
  });

  it('are told until the listener is taken away', async ({ jobs }) => {
    const { emulator, store, context } = jobs;
    let told = 0;
    const stop = store.onChange(() => (told += 1));
    await store.get(emulator.jobs.add(), context);
    stop();
    await store.get(emulator.jobs.add(), context);
    expect(told).toBe(1);
  });
});

describe('the store', () => {
  it('remembers no more jobs than allowed, and forgets the least recently used', async ({ jobs }) => {
    const { clock, emulator, planner, context } = jobs;
    const store = new JobStore({
      source: () => planner,
      freshness: FRESHNESS,
      maxJobs: 3,
      now: () => clock.now,
      events: createEvents().jobs,
    });
    const ids = Array.from({ length: 4 }, () => emulator.jobs.add({ finishTime: clock.now }));
    for (const id of ids) await store.get(id, context);
    expect(store.size).toBe(3);
    for (const id of ids.slice(1)) await store.get(id, context);
    expect(emulator.countRequests()).toBe(4);
    await store.get(ids[0] ?? '', context);
    expect(emulator.countRequests()).toBe(5);
  });

  it.for(['forgotten', 'missing'])(
    'does not let a list that lags undo that a job has finished, once it was %s',
    async (how, { jobs }) => {
      const { clock, emulator, planner, context } = jobs;
      const store = new JobStore({
        source: () => planner,
        freshness: FRESHNESS,
        maxJobs: 3,
        now: () => clock.now,
        events: createEvents().jobs,
      });
      const id = emulator.jobs.add({ finishTime: Infinity });
      emulator.jobs.finish(id, SUCCESS);
      const { job } = await store.get(id, context);
      clock.now += FRESHNESS.finishedMs;
      if (how === 'missing') store.ingest(id, { job: null, observedAt: clock.now, source: 'get' });
      else for (const other of ['a', 'b', 'c']) await store.get(other, context);
      expect(store.peek(id)?.job ?? null).toBeNull();
      const listed = jobWith({
        id,
        status: 'INIT',
        modifiedTime: '2026-01-01T00:00:00Z',
        outputUrl: undefined,
      });
      const entry = store.ingest(id, { job: listed, observedAt: clock.now + 1, source: 'list' });
      expect(entry.job).toEqual(job);
      expect((await store.get(id, context)).job).toMatchObject({ status: 'SUCCESS' });
    },
  );

  it('knows that ICE accepted a job, however often that was forgotten since', async ({ jobs }) => {
    const { clock, planner, context } = jobs;
    const store = new JobStore({
      source: () => planner,
      freshness: FRESHNESS,
      maxJobs: 3,
      now: () => clock.now,
      events: createEvents().jobs,
    });
    const forget = async () => {
      for (const other of ['a', 'b', 'c']) await store.get(other, context);
      clock.now += FRESHNESS.missingMs;
    };
    const id = 'accepted';
    store.ingest(id, { job: jobWith({ id }), observedAt: clock.now, source: 'submission' });
    for (const status of ['INIT', 'SUCCESS'] as const) {
      await forget();
      store.ingest(id, { job: jobWith({ id, status }), observedAt: clock.now, source: 'list' });
    }
    await forget();
    expect((await store.get(id, context)).job).toMatchObject({ id, status: 'SUCCESS' });
  });

  it('does not take a list that may lag for a later reading of what it knows', async ({ jobs }) => {
    const { clock, store, context } = jobs;
    const [id = ''] = await jobs.addKnownJobs(1);
    const known = store.peek(id);
    clock.now += 500;
    const listed = { ...(known?.job ?? jobWith({})), outputUrl: undefined };
    expect(store.ingest(id, { job: listed, observedAt: clock.now, source: 'list' })).toBe(known);
    clock.now += 500;
    await store.get(id, context);
    expect(store.peek(id)?.observedAt).toBe(clock.now);
  });
});
