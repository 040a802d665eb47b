import { describe, expect } from 'vitest';
import { countEvents } from '../../../src/telemetry/counters.ts';
import { DISTRUST_MS } from '../../../src/jobs/source/list-trust.ts';
import { createPlanner, type PlannerOptions } from '../../../src/jobs/source/planner.ts';
import { JobStore } from '../../../src/jobs/store/store.ts';
import { createEvents } from '../../support/events.ts';
import { callsOf, FRESHNESS, it, memoryOf, sweep } from '../../support/jobs.ts';

const SUCCESS = { status: 'Success' } as const;

describe('the planner', () => {
  it('reads 100 unfinished jobs by one list and one spot check', async ({ jobs }) => {
    const ids = await jobs.addKnownJobs(100);
    expect(new Set(await sweep(jobs, ids))).toEqual(new Set(['INIT']));
    expect(callsOf(jobs)).toEqual([1, 1]);
  });

  it('reads 1,000 unfinished jobs by ten lists and one spot check', async ({ jobs }) => {
    const ids = await jobs.addKnownJobs(1000);
    expect(new Set(await sweep(jobs, ids))).toEqual(new Set(['INIT']));
    expect(callsOf(jobs)).toEqual([10, 1]);
  });

  it('refreshes every job a list shows, so that jobs read at different times come to be read together', async ({
    jobs,
  }) => {
    const ids = await jobs.addKnownJobs(20);
    await sweep(
      jobs,
      ids.filter((_id, index) => index % 2 === 1 || index === 0),
    );
    callsOf(jobs);
    await Promise.all(ids.map((id) => jobs.store.get(id, jobs.context)));
    expect(callsOf(jobs)).toEqual([0, 0]);
  });

  it('reads on through jobs of the same second, which no time window leaves out', async ({ jobs }) => {
    const createTime = jobs.clock.now;
    const ids = Array.from({ length: 500 }, () =>
      jobs.emulator.jobs.add({ createTime, finishTime: Infinity }),
    );
    await Promise.all(ids.map((id) => jobs.store.get(id, jobs.context)));
    callsOf(jobs);
    await sweep(jobs, ids.slice(-100));
    expect(callsOf(jobs)).toEqual([5, 1]);
  });

  it('ends reads that were given up before they were planned', async ({ jobs }) => {
    const ids = await jobs.addKnownJobs(10);
    const reads = ids.map((id) =>
      jobs.planner.read(id, 'summary', { ...jobs.context, signal: AbortSignal.abort() }),
    );
    const ends = await Promise.allSettled(reads);
    expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['rejected']));
    expect(callsOf(jobs)).toEqual([0, 0]);
  });

  it('gets each of a few jobs, which costs no more than a list', async ({ jobs }) => {
    const ids = await jobs.addKnownJobs(4);
    await sweep(jobs, ids.slice(0, 3));
    expect(callsOf(jobs)).toEqual([0, 3]);
    await sweep(jobs, ids);
    expect(callsOf(jobs)).toEqual([1, 1]);
  });

  it('gets each job that is missing from the list, as it has changed', async ({ jobs }) => {
    const ids = await jobs.addKnownJobs(50);
    for (const id of ids.slice(10, 13)) jobs.emulator.jobs.finish(id, SUCCESS);
    const statuses = await sweep(jobs, ids);
    expect(statuses.slice(9, 14)).toEqual(['INIT', 'SUCCESS', 'SUCCESS', 'SUCCESS', 'INIT']);
    expect(callsOf(jobs)).toEqual([1, 4]);
  });

  it('gets a few jobs that it knows nothing of, and those that finished or were missing', async ({
    jobs,
  }) => {
    const ids = Array.from({ length: 9 }, () => jobs.emulator.jobs.add({ finishTime: Infinity }));
    await sweep(jobs, ids);
    expect(callsOf(jobs)).toEqual([0, 9]);
    const missing = Array.from({ length: 20 }, (_, index) => `missing-${String(index)}`);
    await sweep(jobs, missing.slice(0, 9));
    await sweep(jobs, missing.slice(9, 18));
    callsOf(jobs);
    await sweep(jobs, missing.slice(0, 18));
    expect(callsOf(jobs)).toEqual([0, 18]);
  });

  it('reads wanted jobs that lie between many others in no more calls than gets would cost', async ({
    jobs,
  }) => {
    const ids = await jobs.addKnownJobs(10);
    for (let other = 0; other < 1000; other += 1) {
      jobs.emulator.jobs.add({ createTime: jobs.clock.now - other * 9, finishTime: Infinity });
    }
    expect(new Set(await sweep(jobs, ids))).toEqual(new Set(['INIT']));
    const [lists, gets] = callsOf(jobs);
    expect(lists + gets).toBeLessThanOrEqual(10 + 3);
  });

  it('leaps over others that lie between an old job and the rest', async ({ jobs }) => {
    const { clock, emulator } = jobs;
    const old = emulator.jobs.add({ createTime: clock.now - 1e9, finishTime: Infinity });
    for (let other = 0; other < 500; other += 1) {
      emulator.jobs.add({ createTime: clock.now - 1e8 - other, finishTime: Infinity });
    }
    const ids = [old, ...(await jobs.addKnownJobs(50))];
    await jobs.store.get(old, jobs.context);
    callsOf(jobs);
    expect(new Set(await sweep(jobs, ids))).toEqual(new Set(['INIT']));
    const [lists, gets] = callsOf(jobs);
    expect(lists).toBe(2);
    expect(gets).toBeLessThanOrEqual(2);
  });

  it('reads hundreds of jobs created in the same second', async ({ jobs }) => {
    const ids = Array.from({ length: 250 }, () => jobs.emulator.jobs.add({ finishTime: Infinity }));
    await sweep(jobs, ids);
    callsOf(jobs);
    expect(new Set(await sweep(jobs, ids))).toEqual(new Set(['INIT']));
    expect(callsOf(jobs)).toEqual([3, 1]);
  });

  it('checks another job each time, so that each is got in turn', async ({ jobs }) => {
    const ids = await jobs.addKnownJobs(5);
    const checked: (string | undefined)[] = [];
    for (let time = 0; time < 5; time += 1) {
      await sweep(jobs, ids);
      checked.push(jobs.emulator.requests.find(({ action }) => action === 'GetPackageJob')?.params['JobId']);
      callsOf(jobs);
    }
    expect(new Set(checked)).toEqual(new Set(ids));
  });

  it('stops trusting lists that show a finished job as unfinished, for a while, and says so', async ({
    jobs,
  }) => {
    const { clock, emulator, contradictions } = jobs;
    const ids = await jobs.addKnownJobs(20);
    emulator.faults.add({ kind: 'listLag', lagMs: 600_000, times: 'always' });
    clock.now += 700_000;
    await sweep(jobs, ids);
    for (const id of ids) emulator.jobs.finish(id, SUCCESS);
    callsOf(jobs);
    expect(new Set(await sweep(jobs, ids))).toEqual(new Set(['SUCCESS']));
    expect(contradictions()).toBe(1);

    const others = await jobs.addKnownJobs(20);
    await sweep(jobs, others);
    expect(callsOf(jobs)).toEqual([0, 20]);
    emulator.faults.clear();
    clock.now += DISTRUST_MS;
    await sweep(jobs, others);
    expect(callsOf(jobs)).toEqual([1, 1]);
  });

  it('finds a list that is wrong about one job alone within as many sweeps as there are jobs', async ({
    jobs,
  }) => {
    const { clock, emulator, ice, context } = jobs;
    const ids = await jobs.addKnownJobs(10);
    const wrong = ids[7] ?? '';
    const unfinished = jobs.store.peek(wrong)?.job;
    const events = createEvents().jobs;
    const counters = countEvents({ jobs: events });
    const wrongIce: PlannerOptions['ice'] = {
      getPackageJob: (id, context) => ice.getPackageJob(id, context),
      // Goes on showing the job as it was.
      async listPackageJobs(query, context) {
        const { value, observedAt } = await ice.listPackageJobs(query, context);
        const others = value.jobs.filter(({ id }) => id !== wrong);
        return { value: { ...value, jobs: unfinished ? [...others, unfinished] : others }, observedAt };
      },
    };
    const now = () => clock.now;
    const store = new JobStore({
      source: (memory) =>
        createPlanner({
          ice: wrongIce,
          memory: memoryOf(memory),
          isListBatchingOn: true,
          now,
          events,
        }),
      freshness: FRESHNESS,
      maxJobs: 100,
      now,
      events,
    });
    await sweep({ ...jobs, store }, ids);
    emulator.jobs.finish(wrong, SUCCESS);
    const shown: (string | undefined)[] = [];
    while (counters.listContradictions === 0 && shown.length < 20)
      shown.push((await sweep({ ...jobs, store }, ids))[7]);
    expect(shown.length).toBeGreaterThan(1);
    expect(shown.length).toBeLessThanOrEqual(10);
    expect(new Set(shown.slice(0, -1))).toEqual(new Set(['INIT']));
    expect((await store.get(wrong, context)).job).toMatchObject({ status: 'SUCCESS' });
  });

  it('takes no list for wrong that was asked for before the job finished', async ({ jobs }) => {
    const { clock, emulator, ice, context } = jobs;
    const events = createEvents().jobs;
    const counters = countEvents({ jobs: events });
    const ids = await jobs.addKnownJobs(10);
    const [first = ''] = ids;
    const listed = Promise.withResolvers<void>();
    const planner = createPlanner({
      ice: {
        // The spot check is late: when it is made, the list has been read and the job has finished.
        async getPackageJob(id, context) {
          await listed.promise;
          emulator.jobs.finish(first, SUCCESS);
          return ice.getPackageJob(id, context);
        },
        listPackageJobs: (query, context) => ice.listPackageJobs(query, context).finally(listed.resolve),
      },
      memory: memoryOf(jobs.store),
      isListBatchingOn: true,
      now: () => clock.now,
      events,
    });
    const readings = await Promise.all(ids.map((id) => planner.read(id, 'summary', context)));
    expect(readings.slice(0, 2).map(({ job }) => job?.status)).toEqual(['SUCCESS', 'INIT']);
    expect(counters.listContradictions).toBe(0);
  });

  it('finds a wrong list even where more jobs than a page holds were created in one second', async ({
    jobs,
  }) => {
    const { clock, emulator, contradictions } = jobs;
    const ids = Array.from({ length: 150 }, () => emulator.jobs.add({ finishTime: Infinity }));
    await sweep(jobs, ids);
    clock.now += 700_000;
    await sweep(jobs, ids);
    emulator.faults.add({ kind: 'listLag', lagMs: 600_000, times: 'always' });
    for (const id of ids) emulator.jobs.finish(id, SUCCESS);
    expect(new Set(await sweep(jobs, ids))).toEqual(new Set(['SUCCESS']));
    expect(contradictions()).toBe(1);
  });

  it('lets a reader go at its deadline although others of its batch wait on', async ({ jobs }) => {
    const ids = await jobs.addKnownJobs(10);
    jobs.clock.now += 1000;
    jobs.emulator.faults.add({ kind: 'hang', when: 'before-headers', times: 2 });
    const controller = new AbortController();
    const leaving = jobs.planner.read(ids[0] ?? '', 'summary', {
      ...jobs.context,
      signal: controller.signal,
    });
    const staying = ids.slice(1).map((id) => jobs.store.get(id, jobs.context));
    await expect.poll(() => jobs.emulator.countRequests()).toBe(2);
    controller.abort();
    await expect(leaving).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    expect((await Promise.all(staying)).map(({ job }) => job?.status)).toEqual(
      ids.slice(1).map(() => 'INIT'),
    );
  });

  it('refreshes jobs in demand together, so that they are due together from then on', async ({ jobs }) => {
    const { clock, emulator, store, context } = jobs;
    const ids = Array.from({ length: 100 }, () => emulator.jobs.add({ finishTime: Infinity }));
    // First read at different moments, as the call budget spaces the calls.
    for (const id of ids) {
      clock.now += 9;
      await store.get(id, context);
    }
    callsOf(jobs);
    const perSecond: number[] = [];
    for (let second = 0; second < 5; second += 1) {
      for (let tick = 0; tick < 20; tick += 1) {
        clock.now += 50;
        await Promise.all(ids.map((id) => store.get(id, context)));
      }
      const [lists, gets] = callsOf(jobs);
      perSecond.push(lists + gets);
    }
    expect(Math.max(...perSecond.slice(1))).toBeLessThanOrEqual(2);
  });

  it('refreshes no job that is read less often than it expires', async ({ jobs }) => {
    const ids = await jobs.addKnownJobs(20);
    for (const id of ids) {
      jobs.clock.now += 5000;
      await jobs.store.get(id, jobs.context);
    }
    expect(callsOf(jobs)).toEqual([0, 20]);
  });
});
