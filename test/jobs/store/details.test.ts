import { describe, expect } from 'vitest';
import { FRESHNESS, it } from '../../support/jobs.ts';

const SUCCESS = { status: 'Success' } as const;

describe('outputUrl', () => {
  it('is read by a get of its own when a list told of the job', async ({ jobs }) => {
    const { clock, emulator, store, context } = jobs;
    const id = emulator.jobs.add({ finishTime: clock.now });
    const { value } = await jobs.ice.listPackageJobs({ orderBy: 'CreateTimeDesc', pageSize: 1 }, context);
    const [job] = value.jobs;
    store.ingest(id, { job: job ?? null, observedAt: clock.now, source: 'list' });
    expect((await store.get(id, context)).job).toMatchObject({ outputUrl: undefined });
    expect((await store.get(id, context, 'detail')).job).toMatchObject({
      outputUrl: expect.stringMatching(/^http/),
    });
    expect((await store.get(id, context, 'detail')).job).toMatchObject({
      outputUrl: expect.stringMatching(/^http/),
    });
    expect(emulator.countRequests('GetPackageJob')).toBe(1);
  });

  it('is read again when a list with a later state overtakes the read', async ({ jobs }) => {
    const { clock, emulator, ice, store, context } = jobs;
    const id = emulator.jobs.add({ finishTime: Infinity });
    const release = emulator.faults.hold({ action: 'GetPackageJob' });
    const whole = store.get(id, context, 'detail');
    await expect.poll(() => emulator.countRequests()).toBe(1);
    emulator.jobs.finish(id, SUCCESS);
    const { value } = await ice.listPackageJobs({ orderBy: 'CreateTimeDesc', pageSize: 1 }, context);
    store.ingest(id, { job: value.jobs[0] ?? null, observedAt: clock.now, source: 'list' });
    release();
    expect((await whole).job).toMatchObject({
      status: 'SUCCESS',
      outputUrl: expect.stringMatching(/^http/),
    });
  });

  it('is never waited for from a read that began before the job was known to have finished', async ({
    jobs,
  }) => {
    const { clock, emulator, ice, store, context } = jobs;
    const id = emulator.jobs.add({ finishTime: Infinity });
    const release = emulator.faults.hold({ action: 'GetPackageJob', times: 2 });
    const first = store.get(id, context, 'detail');
    clock.now += FRESHNESS.unfinishedMs;
    const second = store.get(id, context, 'detail');
    await expect.poll(() => emulator.countRequests()).toBe(2);
    emulator.jobs.finish(id, SUCCESS);
    const { value } = await ice.listPackageJobs({ orderBy: 'CreateTimeDesc', pageSize: 1 }, context);
    store.ingest(id, { job: value.jobs[0] ?? null, observedAt: clock.now, source: 'list' });
    const third = store.get(id, context, 'detail');
    const whole = { job: { status: 'SUCCESS', outputUrl: expect.stringMatching(/^http/) as string } };
    expect(await third).toMatchObject(whole);
    release();
    expect(await Promise.all([first, second])).toMatchObject([whole, whole]);
    expect(emulator.countRequests('GetPackageJob')).toBe(3);
  });

  it('is an error that can be retried while GetPackageJob lags behind a list', async ({ jobs }) => {
    const { clock, emulator, ice, store, context } = jobs;
    const id = emulator.jobs.add({ finishTime: clock.now });
    const { value } = await ice.listPackageJobs({ orderBy: 'CreateTimeDesc', pageSize: 1 }, context);
    store.ingest(id, { job: value.jobs[0] ?? null, observedAt: clock.now, source: 'list' });
    const patch = { Status: 'Init', Output: null };
    emulator.faults.add({ kind: 'patch', patch, action: 'GetPackageJob', times: 2 });
    await expect(store.get(id, context, 'detail')).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      retryable: true,
    });
    expect((await store.get(id, context)).job).toMatchObject({ status: 'SUCCESS' });
    expect((await store.get(id, context, 'detail')).job).toMatchObject({
      outputUrl: expect.stringMatching(/^http/),
    });
  });

  it('comes with one call for those who need it and those who do not', async ({ jobs }) => {
    const { emulator, store, context } = jobs;
    const id = emulator.jobs.add();
    await Promise.all([store.get(id, context), store.get(id, context, 'detail'), store.get(id, context)]);
    expect(emulator.countRequests()).toBe(1);
  });

  it('is kept when a list tells of the same state again', async ({ jobs }) => {
    const { clock, emulator, store, context } = jobs;
    const id = emulator.jobs.add({ finishTime: clock.now });
    const { job: whole } = await store.get(id, context);
    const { value } = await jobs.ice.listPackageJobs({ orderBy: 'CreateTimeDesc', pageSize: 1 }, context);
    const [job] = value.jobs;
    store.ingest(id, { job: job ?? null, observedAt: clock.now + 1, source: 'list' });
    expect((await store.get(id, context)).job).toMatchObject({ outputUrl: whole?.outputUrl });
  });
});
