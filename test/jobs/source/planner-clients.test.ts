import { describe, expect } from 'vitest';
import { Askers } from '../../../src/ice/askers.ts';
import { IceError } from '../../../src/ice/errors.ts';
import { createPlanner } from '../../../src/jobs/source/planner.ts';
import { createEvents } from '../../support/events.ts';
import { it, memoryOf } from '../../support/jobs.ts';

describe('the planner, for several clients', () => {
  it('has a list take the turns of all clients whose reads it serves, for as long as they wait', async ({
    jobs,
  }) => {
    const { ice, context, clock } = jobs;
    const ids = await jobs.addKnownJobs(12);
    const clients = ['ann', 'bob', 'cleo'];
    const leaving = new AbortController();
    const asking = new Set<string>();
    const planner = createPlanner({
      ice: {
        getPackageJob: (id, context) => ice.getPackageJob(id, context),
        listPackageJobs(query, context) {
          const end = context.askers?.each(({ client }) => {
            asking.add(client);
            return () => asking.delete(client);
          });
          expect([...asking].toSorted()).toEqual(clients);
          // Both reads of a client have to leave.
          places[0]?.giveUp();
          expect(asking.has('ann')).toBe(true);
          places[3]?.giveUp();
          expect([...asking].toSorted()).toEqual(['bob', 'cleo']);
          end?.();
          expect(asking.size).toBe(0);
          return ice.listPackageJobs(query, context);
        },
      },
      memory: memoryOf(jobs.store),
      isListBatchingOn: true,
      now: () => clock.now,
      events: createEvents().jobs,
    });
    const places = ids.slice(0, 6).map((_id, index) => {
      const askers = new Askers();
      const client = clients[index % 3] ?? '';
      return { client, askers, giveUp: askers.add({ client, turnKey: {} }) };
    });
    const reads = places.map(({ client, askers }, index) =>
      planner.read(ids[index] ?? '', 'summary', { ...context, client, askers, signal: leaving.signal }),
    );
    await expect(Promise.all(reads)).resolves.toHaveLength(6);
  });

  it('goes on using lists after one that had no turn, as that says nothing of ICE', async ({ jobs }) => {
    const { ice, context, clock } = jobs;
    const ids = await jobs.addKnownJobs(10);
    let lists = 0;
    const planner = createPlanner({
      ice: {
        getPackageJob: (id, context) => ice.getPackageJob(id, context),
        listPackageJobs(query, context) {
          lists += 1;
          if (lists === 1) return Promise.reject(new IceError('RATE_LIMITED', { action: 'ListPackageJobs' }));
          return ice.listPackageJobs(query, context);
        },
      },
      memory: memoryOf(jobs.store),
      isListBatchingOn: true,
      now: () => clock.now,
      events: createEvents().jobs,
    });
    const readAll = () => Promise.all(ids.map((id) => planner.read(id, 'summary', context)));
    expect(new Set((await readAll()).map(({ source }) => source))).toEqual(new Set(['get']));
    expect(new Set((await readAll()).map(({ source }) => source))).toContain('checked list');
  });

  it.for([
    ['the gateway itself leaves them to its next sweep', '', 250, 'rejected'],
    ['a client gets each', 'ann', 120, 'fulfilled'],
  ] as const)('of many jobs whose page fails, %s', async ([, client, count, status], { jobs }) => {
    const { ice, context, emulator } = jobs;
    const ids = await jobs.addKnownJobs(count);
    jobs.clock.now += 2000;
    let pages = 0;
    const planner = createPlanner({
      ice: {
        getPackageJob: (id, context) => ice.getPackageJob(id, context),
        listPackageJobs(query, context) {
          pages += 1;
          if (pages > 1)
            return Promise.reject(new IceError('UPSTREAM_TIMEOUT', { action: 'ListPackageJobs' }));
          return ice.listPackageJobs(query, context);
        },
      },
      memory: memoryOf(jobs.store),
      isListBatchingOn: true,
      now: () => jobs.clock.now,
      events: createEvents().jobs,
    });
    const reads = await Promise.allSettled(
      ids.map((id) => planner.read(id, 'summary', { ...context, client, turnKey: {} })),
    );
    const [shown, missed] = [reads.slice(0, 100), reads.slice(100)];
    expect(new Set(shown.map((read) => read.status))).toEqual(new Set(['fulfilled']));
    expect(new Set(missed.map((read) => read.status))).toEqual(new Set([status]));
    // One of them is the check of the list.
    const gets = emulator.countRequests('GetPackageJob');
    expect(client === '' ? gets === 1 : gets > count - 100).toBe(true);
  });

  it('begins the gets of many reads in slices, with those of another client among the first', async ({
    jobs,
  }) => {
    const { context, clock } = jobs;
    const begun: string[] = [];
    const planner = createPlanner({
      ice: {
        getPackageJob(id) {
          begun.push(id);
          const until = performance.now() + 0.5;
          while (performance.now() < until);
          return Promise.resolve({ value: null, observedAt: clock.now });
        },
        listPackageJobs: () => Promise.reject(new Error('nobody lists')),
      },
      memory: memoryOf({ peek: () => undefined }),
      isListBatchingOn: false,
      now: () => clock.now,
      events: createEvents().jobs,
    });
    const leaving = new AbortController();
    const many = Array.from({ length: 200 }, (_, index) =>
      planner.read(`many ${String(index)}`, 'summary', {
        ...context,
        client: 'many',
        signal: leaving.signal,
      }),
    );
    const failed = Promise.allSettled(many);
    await planner.read('one', 'summary', { ...context, client: 'one' });
    expect(begun.indexOf('one')).toBeLessThanOrEqual(2);
    // A turn of the event loop has begun a few.
    expect(begun.length).toBeLessThan(50);
    leaving.abort();
    // Those that were given up are not begun.
    expect((await failed).filter(({ status }) => status === 'rejected').length).toBeGreaterThan(100);
    expect(begun.length).toBeLessThan(50);
  });
});
