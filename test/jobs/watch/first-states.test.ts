import { describe, expect, vi } from 'vitest';
import { createListJobs } from '../../../src/jobs/list/list-jobs.ts';
import { EVERY_JOB } from '../../../src/jobs/model.ts';
import { callsOf, FRESHNESS, it, type JobsSetting } from '../../support/jobs.ts';
import { recorder, startWatching } from '../../support/watching.ts';

function addJobs({ emulator, clock }: JobsSetting, count: number, ageMs = 0): string[] {
  return Array.from({ length: count }, () =>
    emulator.jobs.add({ createTime: clock.now - ageMs, finishTime: Infinity }),
  );
}

describe('a listener', () => {
  it('begins with what is known while that is fresh, without a call, and reads it for whoever comes later', async ({
    jobs,
  }) => {
    const { watcher, settled } = startWatching(jobs.clock, jobs.store);
    const [id = ''] = await jobs.addKnownJobs(1);
    const first = recorder();
    expect(watcher.listen(id, first.listener, jobs.context).entry?.job).toMatchObject({ status: 'INIT' });
    jobs.clock.now += FRESHNESS.unfinishedMs - 1;
    expect(watcher.listen(id, recorder().listener, jobs.context).entry?.job).toMatchObject({
      status: 'INIT',
    });
    await settled();
    expect(callsOf(jobs)).toEqual([0, 0]);
    jobs.clock.now += 1;
    const late = [recorder(), recorder()];
    for (const { listener } of late) {
      expect(watcher.listen(id, listener, jobs.context).entry).toBeUndefined();
    }
    await settled();
    expect(callsOf(jobs)).toEqual([0, 1]);
    const observedAt = new Date(jobs.clock.now).toISOString();
    expect(late.map(({ told }) => told)).toMatchObject([[{ observedAt }], [{ observedAt }]]);
    expect(first.told).toEqual([]);
  });

  it('tells a late listener that a job has finished, long before it is due, and all others with it', async ({
    jobs,
  }) => {
    // Then the job is read every 15 s.
    const { watcher, advance, settled } = startWatching(jobs.clock, jobs.store, {
      callsPerSecond: () => ({ lists: 1, gets: 0.1 }),
    });
    const [id = ''] = addJobs(jobs, 1, 600_000);
    const [early, late] = [recorder(), recorder()];
    watcher.listen(id, early.listener, jobs.context);
    await advance(2000);
    jobs.emulator.jobs.finish(id);
    await advance(3000);
    watcher.listen(id, late.listener, jobs.context);
    await settled();
    expect(early.told.map((job) => job?.status)).toEqual(['INIT', 'SUCCESS']);
    expect(late.told.map((job) => job?.status)).toEqual(['SUCCESS']);
  });

  it('begins with an expired state while ICE fails for as long as a read is served it, and with none after that', async ({
    jobs,
  }) => {
    const { watcher, advance } = startWatching(jobs.clock, jobs.store);
    const [id = ''] = addJobs(jobs, 1);
    const [early, late, later] = [recorder(), recorder(), recorder()];
    watcher.listen(id, early.listener, jobs.context);
    await advance(0);
    jobs.emulator.faults.add({ kind: 'status', status: 403, code: 'Forbidden.RAM', times: 'always' });
    await advance(FRESHNESS.staleIfErrorMs);
    watcher.listen(id, late.listener, jobs.context);
    await advance(1);
    watcher.listen(id, later.listener, jobs.context);
    await advance(1000);
    expect([early, late, later].map(({ told }) => told.length)).toEqual([1, 1, 0]);
    expect(later.failures).toMatchObject([{ code: 'UPSTREAM_REJECTED' }]);
  });

  it('tells a state that a list has shown at once, but once it is whole to whoever shows its address', async ({
    jobs,
  }) => {
    const { watcher, advance, settled } = startWatching(jobs.clock, jobs.store);
    const [id = '', other = ''] = addJobs(jobs, 2, 60_000);
    const [summary, detail, sibling] = [recorder(), recorder(), recorder()];
    watcher.listen(id, summary.listener, jobs.context);
    watcher.listen(id, detail.listener, jobs.context, 'detail');
    watcher.listen(other, sibling.listener, jobs.context, 'detail');
    await advance(500);
    const release = jobs.emulator.faults.hold({ action: 'GetPackageJob', jobId: id, times: 1000 });
    for (const finished of [id, other]) jobs.emulator.jobs.finish(finished);
    await createListJobs(jobs.ice, jobs.store)({}, jobs.context, EVERY_JOB);
    await vi.waitFor(() => expect(sibling.told.map((job) => job?.status)).toEqual(['INIT', 'SUCCESS']));
    expect(summary.told.map((job) => job?.status)).toEqual(['INIT', 'SUCCESS']);
    expect(detail.told.map((job) => job?.status)).toEqual(['INIT']);
    release();
    await settled();
    expect(detail.told.map((job) => [job?.status, typeof job?.outputUrl])).toEqual([
      ['INIT', 'object'],
      ['SUCCESS', 'string'],
    ]);
    expect(summary.told).toHaveLength(2);
    // It is read once for all, and no more after that.
    expect(callsOf(jobs)).toEqual([1, 4]);
    await advance(60_000);
    expect(callsOf(jobs)).toEqual([0, 0]);
  });

  it('tells no end without its address when a list overtakes the first read', async ({ jobs }) => {
    const { watcher, settled, advance } = startWatching(jobs.clock, jobs.store);
    const [id = ''] = addJobs(jobs, 1);
    const { listener, told } = recorder();
    const release = jobs.emulator.faults.hold({ action: 'GetPackageJob', times: 1 });
    watcher.listen(id, listener, jobs.context, 'detail');
    await vi.waitFor(() => expect(jobs.emulator.countRequests()).toBe(1));
    jobs.emulator.jobs.finish(id);
    await createListJobs(jobs.ice, jobs.store)({}, jobs.context, EVERY_JOB);
    jobs.emulator.faults.add({ kind: 'patch', patch: { Status: 'Init', Output: null }, jobId: id, times: 2 });
    release();
    await settled();
    for (let second = 0; second < 5 && told.length === 0; second += 1) await advance(1000);
    expect(told.map((job) => [job?.status, typeof job?.outputUrl])).toEqual([['SUCCESS', 'string']]);
  });

  it.for([
    ['once another read brings it, while ICE fails', 503, 'ServiceUnavailable', 'string'],
    ['as it is when ICE refuses to bring it', 403, 'Forbidden.RAM', 'undefined'],
  ] as const)('tells the last state %s', async ([, status, code, type], { jobs }) => {
    const { watcher, advance } = startWatching(jobs.clock, jobs.store);
    const [id = ''] = addJobs(jobs, 1);
    const { listener, told } = recorder();
    watcher.listen(id, listener, jobs.context, 'detail');
    await advance(0);
    jobs.emulator.jobs.finish(id);
    jobs.emulator.faults.add({ kind: 'status', status, code, action: 'GetPackageJob', times: 3 });
    await createListJobs(jobs.ice, jobs.store)({}, jobs.context, EVERY_JOB);
    for (let second = 0; second < 10 && told.length < 2; second += 1) await advance(1000);
    expect(told.map((job) => [job?.status, typeof job?.outputUrl])).toEqual([
      ['INIT', 'object'],
      ['SUCCESS', type],
    ]);
  });

  it('never lets a first state wait for the queue of another client, nor for a read that began long ago', async ({
    jobs,
  }) => {
    const { watcher, settled } = startWatching(jobs.clock, jobs.store);
    const [id = ''] = addJobs(jobs, 1);
    const release = jobs.emulator.faults.hold({ action: 'GetPackageJob', times: 1 });
    const [first, second] = [recorder(), recorder()];
    watcher.listen(id, first.listener, jobs.context);
    await vi.waitFor(() => expect(jobs.emulator.countRequests()).toBe(1));
    jobs.clock.now += FRESHNESS.unfinishedMs;
    watcher.listen(id, second.listener, jobs.context);
    await vi.waitFor(() => expect(second.told).toHaveLength(1));
    expect(first.told).toHaveLength(1);
    release();
    await settled();
    expect([first, second].map(({ told }) => told.length)).toEqual([1, 1]);
  });
});
