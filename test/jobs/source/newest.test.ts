import { describe, expect } from 'vitest';
import { callsOf, it, type JobsSetting } from '../../support/jobs.ts';

/** Adds jobs, created a second apart, of which every third is unfinished. The newest is last. */
function addJobs({ emulator, clock }: JobsSetting, count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const createTime = clock.now - (count - index) * 1000;
    const finishTime = index % 3 === 0 ? Infinity : createTime + 500;
    return emulator.jobs.add({ createTime, finishTime, outcome: { status: 'Success' } });
  });
}

/** Reads all of them at once. Gives the calls that it took, as [lists, gets]. */
async function readAll(
  jobs: JobsSetting,
  ids: readonly string[],
): Promise<readonly [calls: readonly [number, number], statuses: readonly (string | undefined)[]]> {
  callsOf(jobs);
  const read = await Promise.all(ids.map((id) => jobs.store.get(id, jobs.context)));
  return [callsOf(jobs), read.map(({ job }) => job?.status)];
}

function statusesOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => (index % 3 === 0 ? 'INIT' : 'SUCCESS'));
}

describe('many jobs of which nothing is known', () => {
  it('are read by pages of the newest jobs and one check', async ({ jobs }) => {
    const ids = addJobs(jobs, 500);
    const [calls, statuses] = await readAll(jobs, ids);
    expect(statuses).toEqual(statusesOf(500));
    expect(calls).toEqual([5, 1]);
  });

  it('are got where the pages do not show them', async ({ jobs }) => {
    const old = addJobs(jobs, 90);
    jobs.clock.now += 1_000_000;
    const ids = addJobs(jobs, 220);
    const [calls, statuses] = await readAll(jobs, [...ids.slice(160), ...old.slice(0, 30)]);
    expect(statuses.slice(-30)).toEqual(statusesOf(30));
    // The second page shows none.
    expect(calls[0]).toBe(2);
    expect([30, 30 + 1]).toContain(calls[1]);
  });

  it('are fresh as long as any other state, and finished ones for good', async ({ jobs }) => {
    const ids = addJobs(jobs, 30);
    await readAll(jobs, ids);
    expect((await readAll(jobs, ids))[0]).toEqual([0, 0]);
    jobs.clock.now += 1000;
    // Those that are unfinished.
    expect((await readAll(jobs, ids))[0]).toEqual([1, 1]);
  });

  it('are got by whoever wants the address of the output', async ({ jobs }) => {
    const ids = addJobs(jobs, 30);
    await Promise.all(ids.map((id) => jobs.store.get(id, jobs.context, 'detail')));
    expect(callsOf(jobs)).toEqual([0, 30]);
  });

  it('have their address read by whoever joins and wants it', async ({ jobs }) => {
    const ids = addJobs(jobs, 30);
    const [id = ''] = ids.slice(-1);
    const reading = readAll(jobs, ids);
    const { job } = await jobs.store.get(id, jobs.context, 'detail');
    expect(job?.outputUrl).toContain('http');
    await reading;
  });

  it('are got when the list fails', async ({ jobs }) => {
    const ids = addJobs(jobs, 20);
    jobs.emulator.faults.add({ kind: 'status', status: 403, action: 'ListPackageJobs', times: 'always' });
    const [[, gets], statuses] = await readAll(jobs, ids);
    expect([gets, statuses]).toEqual([20, statusesOf(20)]);
  });

  it('are got when a list shows one as unfinished that has finished', async ({ jobs }) => {
    const { clock, emulator } = jobs;
    const ids = Array.from({ length: 20 }, () => emulator.jobs.add({ finishTime: Infinity }));
    clock.now += 700_000;
    for (const id of ids) emulator.jobs.finish(id, { status: 'Success' });
    emulator.faults.add({ kind: 'listLag', lagMs: 600_000, times: 'always' });
    const [, statuses] = await readAll(jobs, ids);
    expect(new Set(statuses)).toEqual(new Set(['SUCCESS']));
    expect(jobs.contradictions()).toBe(1);
  });

  it('are listed less and less often in an account where that never helps', async ({ jobs }) => {
    const old = addJobs(jobs, 600);
    jobs.clock.now += 10_000_000;
    addJobs(jobs, 100);
    let lists = 0;
    for (let batch = 0; batch < 60; batch += 1) {
      const [calls] = await readAll(jobs, old.slice(10 * batch, 10 * (batch + 1)));
      lists += calls[0];
      jobs.clock.now += 10_000;
    }
    // Ten minutes. The pauses are 5 s, 10 s, 20 s and so on.
    expect(lists).toBeGreaterThan(3);
    expect(lists).toBeLessThanOrEqual(7);
  });

  it('are listed again at once where it has helped since', async ({ jobs }) => {
    const old = addJobs(jobs, 30);
    jobs.clock.now += 10_000_000;
    addJobs(jobs, 100);
    expect((await readAll(jobs, old.slice(0, 10)))[0]).toEqual([1, 10]);
    jobs.clock.now += 5000;
    expect((await readAll(jobs, addJobs(jobs, 20)))[0]).toEqual([1, 1]);
    expect((await readAll(jobs, addJobs(jobs, 20)))[0]).toEqual([1, 1]);
  });
});
