import { describe, expect, vi } from 'vitest';
import { callsOf, FRESHNESS, it, type JobsSetting } from '../../support/jobs.ts';

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

/** Reads these while a page is on its way. Resolves once the call for that page has come to ICE. */
async function readHeld(jobs: JobsSetting, ids: readonly string[], context = jobs.context) {
  const release = jobs.emulator.faults.hold({ action: 'ListPackageJobs', times: 1 });
  const reads = Promise.allSettled(ids.map((id) => jobs.store.get(id, context)));
  await vi.waitFor(() => expect(jobs.emulator.countRequests('ListPackageJobs')).toBe(1));
  return { reads, release };
}

/** Begins to read these. Gives the ids that ICE knows. */
async function begin(jobs: JobsSetting, ids: readonly string[]) {
  const entries = await Promise.all(ids.map((id) => jobs.store.get(id, jobs.context)));
  return entries.map(({ job }) => job?.id);
}

/** Reads that have begun before it are planned by then. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Adds finished jobs. The newest is last. */
function addFinished({ emulator, clock }: JobsSetting, count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const createTime = clock.now - (count - index) * 1000;
    return emulator.jobs.add({ createTime, finishTime: createTime + 500 });
  });
}

describe('many jobs of which nothing is known, asked for while the newest are listed for others', () => {
  it('take the pages of one listing', async ({ jobs }) => {
    const ids = addFinished(jobs, 1000);
    const parts = Array.from({ length: 10 }, (_, part) => ids.filter((_id, index) => index % 10 === part));
    const [first = [], ...others] = parts;
    const held = await readHeld(jobs, first);
    const joined = [];
    for (const part of others) {
      joined.push(begin(jobs, part));
      await turn();
    }
    held.release();
    expect(new Set((await Promise.all(joined)).flat())).toEqual(new Set(others.flat()));
    await held.reads;
    expect(callsOf(jobs)).toEqual([10, 0]);
  });

  it('are served at once from pages that were read before', async ({ jobs }) => {
    const ids = addFinished(jobs, 300);
    const held = await readHeld(
      jobs,
      ids.filter((_id, index) => index % 2 === 0),
    );
    const releaseSecond = jobs.emulator.faults.hold({ action: 'ListPackageJobs', times: 1 });
    held.release();
    await vi.waitFor(() => expect(jobs.emulator.countRequests('ListPackageJobs')).toBe(2));
    const newest = ids.slice(200).filter((_id, index) => index % 2 === 1);
    expect(await begin(jobs, newest)).toEqual(newest);
    releaseSecond();
    await held.reads;
    expect(callsOf(jobs)).toEqual([3, 0]);
  });

  it('are not told states of unfinished jobs that are older than promised', async ({ jobs }) => {
    const { emulator, clock } = jobs;
    const ids = Array.from({ length: 40 }, () => emulator.jobs.add({ finishTime: Infinity }));
    const held = await readHeld(jobs, ids.slice(0, 20));
    clock.now += FRESHNESS.unfinishedMs + 1;
    const askedAt = clock.now;
    const late = Promise.all(ids.slice(20).map((id) => jobs.store.get(id, jobs.context)));
    await turn();
    held.release();
    for (const { observedAt } of await late)
      expect(observedAt).toBeGreaterThanOrEqual(askedAt - FRESHNESS.unfinishedMs);
    await held.reads;
  });

  it('are listed on when those who began it have left', async ({ jobs }) => {
    const ids = addFinished(jobs, 100);
    const leaving = new AbortController();
    const held = await readHeld(jobs, ids.slice(0, 50), { ...jobs.context, signal: leaving.signal });
    const staying = begin(jobs, ids.slice(50));
    await turn();
    leaving.abort();
    expect((await held.reads).map(({ status }) => status)).toEqual(Array(50).fill('rejected'));
    held.release();
    expect(await staying).toEqual(ids.slice(50));
    expect(callsOf(jobs)).toEqual([1, 0]);
  });

  it('are not waited for when all have left', async ({ jobs }) => {
    const ids = addFinished(jobs, 100);
    const leaving = new AbortController();
    const held = await readHeld(jobs, ids.slice(0, 50), { ...jobs.context, signal: leaving.signal });
    leaving.abort();
    await held.reads;
    jobs.emulator.resetRequests();
    expect(await begin(jobs, ids.slice(50))).toEqual(ids.slice(50));
    expect(callsOf(jobs)).toEqual([1, 0]);
    held.release();
  });

  it('count as one miss, however many asked for them', async ({ jobs }) => {
    const old = addFinished(jobs, 100);
    jobs.clock.now += 10_000_000;
    addFinished(jobs, 100);
    const held = await readHeld(jobs, old.slice(0, 20));
    const joined = [];
    for (const part of [1, 2, 3]) {
      joined.push(begin(jobs, old.slice(20 * part, 20 * (part + 1))));
      await turn();
    }
    held.release();
    await Promise.all([held.reads, ...joined]);
    expect(callsOf(jobs)[0]).toBe(1);
    // The first pause is 5 s.
    jobs.clock.now += 5000;
    expect((await readAll(jobs, old.slice(80)))[0][0]).toBe(1);
  });
});
