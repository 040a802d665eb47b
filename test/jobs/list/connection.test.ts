import { describe, expect } from 'vitest';
import type { Emulator } from '../../../src/emulator/server.ts';
import type { PackageJobsArguments } from '../../../src/jobs/list/connection.ts';
import type { PackageJob } from '../../../src/jobs/model.ts';
import { addJobs, idsOf, it, START, walk, type List } from '../../support/lists.ts';

describe('readConnection', () => {
  const filters = [
    ['no filter', {}, () => true],
    ['a status', { status: 'FAIL' }, (index: number) => index % 3 === 2],
    ['a time of creation', { createdFrom: new Date(START + 50_000) }, (index: number) => index >= 150],
  ] as const;
  const orders = ['CREATE_TIME_DESC', 'CREATE_TIME_ASC'] as const;

  it.for(orders)(
    'fills pages with the jobs that may be seen, in order %s, and names no other in a cursor',
    async (orderBy, { emulator, list }) => {
      const ids = addJobs(emulator, 200, 3);
      const shown = ids.filter((_, index) => index % 4 > 0);
      const isVisible = ({ id }: PackageJob) => shown.includes(id);
      const sizes: number[] = [];
      const cursors: string[] = [];
      const listVisible: List = async (args) => {
        const page = await list(args, isVisible);
        sizes.push(page.nodes.length);
        cursors.push(...page.edges.map(({ cursor }) => cursor), page.pageInfo.endCursor ?? '');
        return page;
      };
      const seen = await walk(listVisible, { first: 10, orderBy });
      expect(seen).toEqual(orderBy === 'CREATE_TIME_ASC' ? shown : shown.toReversed());
      expect(sizes.slice(0, -1).every((size) => size === 10)).toBe(true);
      const named = cursors.map((cursor) => Buffer.from(cursor, 'base64url').toString()).join();
      expect(ids.filter((id) => named.includes(id) && !shown.includes(id))).toEqual([]);
    },
  );

  it.for(
    orders.flatMap((orderBy) =>
      filters.map(([what, filter, isShown]) => [orderBy, what, filter, isShown] as const),
    ),
  )(
    'shows each of 1,000 jobs once, in order %s, with %s, in pages of 37, while new jobs appear',
    async ([orderBy, , filter, isShown], { emulator, list }) => {
      const ids = addJobs(emulator, 1000, 3).filter((_, index) => isShown(index));
      let added = 0;
      const seen = await walk(list, { first: 37, orderBy, filter }, () => {
        if (added < 5) emulator.jobs.add({ finishTime: Date.now(), outcome: { status: 'Fail' } });
        added += 1;
      });
      const old = new Set(ids);
      expect(seen.filter((id) => old.has(id))).toEqual(
        orderBy === 'CREATE_TIME_ASC' ? ids : ids.toReversed(),
      );
      expect(new Set(seen).size).toBe(seen.length);
      // Newer than any place in a descending walk, and still ahead of an ascending one.
      expect(seen.length - ids.length).toBe(orderBy === 'CREATE_TIME_ASC' ? 5 : 0);
    },
  );

  it('filters by status and by time of creation, bounds included', async ({ emulator, list }) => {
    const ids = addJobs(emulator, 100);
    const filter = { createdFrom: new Date(START + 10_000), createdTo: new Date(START + 60_000) };
    await expect(walk(list, { first: 7, filter, orderBy: 'CREATE_TIME_ASC' })).resolves.toEqual(
      ids.slice(10, 61),
    );
    const success = { ...filter, status: 'SUCCESS' } as const;
    const expected = ids.slice(10, 61).filter((_, index) => (index + 10) % 3 === 1);
    await expect(walk(list, { first: 7, filter: success, orderBy: 'CREATE_TIME_ASC' })).resolves.toEqual(
      expected,
    );
  });

  it('rounds bounds with a fraction inwards', async ({ emulator, list }) => {
    const ids = addJobs(emulator, 5);
    const filter = { createdFrom: new Date(START + 500), createdTo: new Date(START + 3999) };
    expect(idsOf(await list({ filter, orderBy: 'CREATE_TIME_ASC' }))).toEqual(ids.slice(1, 4));
  });

  it('costs one call a page along endCursor', async ({ emulator, list }) => {
    addJobs(emulator, 100);
    await walk(list, { first: 20 });
    expect(emulator.countRequests('ListPackageJobs')).toBe(5);
  });

  it('goes on from the cursor of any edge, with a full page', async ({ emulator, list }) => {
    const ids = addJobs(emulator, 30).toReversed();
    const { edges } = await list({ first: 10 });
    for (const [index, { cursor }] of edges.entries()) {
      expect(idsOf(await list({ first: 10, after: cursor }))).toEqual(ids.slice(index + 1, index + 11));
    }
  });

  it('goes on from the cursor of an edge that newer jobs have pushed off its page', async ({
    emulator,
    list,
  }) => {
    const ids = addJobs(emulator, 30).toReversed();
    const { edges } = await list({ first: 10 });
    for (let added = 0; added < 25; added += 1) emulator.jobs.add();
    expect(idsOf(await list({ first: 5, after: edges[3]?.cursor ?? null }))).toEqual(ids.slice(4, 9));
  });

  it('goes on with another page size', async ({ emulator, list }) => {
    const ids = addJobs(emulator, 30).toReversed();
    const { pageInfo } = await list({ first: 10 });
    expect(idsOf(await list({ first: 3, after: pageInfo.endCursor }))).toEqual(ids.slice(10, 13));
  });

  it('goes on after pages that are empty although others follow', async ({ emulator, list }) => {
    const token = '019daf5780f74831b0e1a767c9f1c178';
    // A token that names its own page would be the end.
    for (const next of ['1', '2', '3', '4', token]) {
      const body = JSON.stringify({ PackageJobList: { PackageJobs: [], NextPageToken: next } });
      emulator.faults.add({ kind: 'body', body });
    }
    const { nodes, pageInfo } = await list({});
    expect([nodes, pageInfo.hasNextPage]).toEqual([[], true]);
    emulator.faults.add({ kind: 'body', body: '{"PackageJobList":{"PackageJobs":[{"JobId":"j1"}]}}' });
    expect(idsOf(await list({ after: pageInfo.endCursor }))).toEqual(['j1']);
    expect(emulator.requests.at(-1)?.params['NextPageToken']).toBe(token);
  });

  it('shows jobs that appear after the last page was read', async ({ emulator, list }) => {
    addJobs(emulator, 3);
    const { pageInfo } = await list({ first: 10, orderBy: 'CREATE_TIME_ASC' });
    expect(pageInfo.hasNextPage).toBe(false);
    const id = emulator.jobs.add();
    expect(idsOf(await list({ first: 10, orderBy: 'CREATE_TIME_ASC', after: pageInfo.endCursor }))).toEqual([
      id,
    ]);
  });

  it('describes an empty page', async ({ list }) => {
    await expect(list({})).resolves.toEqual({
      edges: [],
      nodes: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
    });
  });

  it('takes null as absent for every argument', async ({ emulator, list }) => {
    addJobs(emulator, 30);
    const filter = { status: null, createdFrom: null, createdTo: null };
    expect((await list({ first: null, after: null, filter, orderBy: null })).nodes).toHaveLength(20);
    expect((await list({ filter: null })).nodes).toHaveLength(20);
  });

  it.for<[PackageJobsArguments, string]>([
    [{ first: 0 }, '`first` must be 1 to 100, got 0'],
    [{ first: 101 }, '`first` must be 1 to 100, got 101'],
    [{ first: -1 }, '`first` must be 1 to 100, got -1'],
    [{ after: 'forged' }, '`after` is not a cursor of this list'],
    [{ after: '' }, '`after` is not a cursor of this list'],
    [{ filter: { status: 'UNKNOWN' } }, '`filter.status` cannot be UNKNOWN'],
    [
      { filter: { createdFrom: new Date(START + 1), createdTo: new Date(START) } },
      '`filter.createdFrom` must not be after `filter.createdTo`',
    ],
    [{ filter: { createdFrom: new Date(8.64e15) } }, '`filter.createdFrom` must be in the years 0 to 9999'],
  ])('refuses %j without a call', async ([args, message], { emulator, list }) => {
    await expect(list(args)).rejects.toThrow(message);
    expect(emulator.countRequests()).toBe(0);
  });

  it('refuses a cursor of another filter or order', async ({ emulator, list }) => {
    addJobs(emulator, 30);
    const after = (await list({ first: 10 })).pageInfo.endCursor;
    await expect(list({ after, orderBy: 'CREATE_TIME_ASC' })).rejects.toThrow('`after` is not a cursor');
    await expect(list({ after, filter: { status: 'FAIL' } })).rejects.toThrow('`after` is not a cursor');
  });

  it('refuses a cursor whose token ICE does not know', async ({ emulator, list }) => {
    addJobs(emulator, 30);
    const after = (await list({ first: 10 })).pageInfo.endCursor;
    emulator.faults.add({ kind: 'status', status: 400, code: 'InvalidNextPageToken' });
    await expect(list({ after })).rejects.toThrow('`after` is not a cursor');
  });

  describe.for(orders)('in order %s, a cursor', (orderBy) => {
    const args = { first: 10, orderBy, filter: { status: 'INIT' } } as const;
    const inOrder = (ids: readonly string[]) => (orderBy === 'CREATE_TIME_ASC' ? ids : ids.toReversed());
    const unfinished = (emulator: Emulator, count: number, perSecond = 1) =>
      inOrder(
        Array.from({ length: count }, (_, index) =>
          emulator.jobs.add({
            createTime: START + Math.floor(index / perSecond) * 1000,
            finishTime: Infinity,
          }),
        ),
      );

    it.for([1, 7, 100])(
      'finds its place whichever jobs of the page have left the list, %i created in a second',
      async (perSecond, { emulator, list }) => {
        const ids = unfinished(emulator, 40, perSecond);
        const { edges } = await list(args);
        // The job before each place leaves, then the one before that, and so on.
        for (let gone = 1; gone <= 9; gone += 1) {
          emulator.jobs.finish(ids[10 - gone] ?? '');
          for (let place = 11 - gone; place <= 10; place += 1) {
            const page = await list({ ...args, after: edges[place - 1]?.cursor ?? null });
            expect(idsOf(page)).toEqual(ids.slice(10, 20));
          }
        }
      },
    );

    it('finds its place by time when all that it knows have left the list', async ({ emulator, list }) => {
      const ids = unfinished(emulator, 40, 2);
      const { edges } = await list({ ...args, first: 20 });
      for (const id of ids.slice(0, 20)) emulator.jobs.finish(id);
      const page = await list({ ...args, after: edges[12]?.cursor ?? null });
      expect(idsOf(page)).toEqual(ids.slice(20, 30));
    });

    it('at the end of the list brings what comes after it, once its job has left', async ({
      emulator,
      list,
    }) => {
      const ids = unfinished(emulator, 5);
      const { pageInfo } = await list(args);
      const after = pageInfo.endCursor;
      emulator.jobs.finish(ids.at(-1) ?? '');
      expect(idsOf(await list({ ...args, after }))).toEqual([]);
      const late = emulator.jobs.add({ finishTime: Infinity });
      const isAhead = orderBy === 'CREATE_TIME_ASC';
      expect(idsOf(await list({ ...args, after }))).toEqual(isAhead ? [late] : []);
    });

    it('finds its place behind any number of newer jobs', async ({ emulator, list }) => {
      const ids = unfinished(emulator, 40);
      const { edges } = await list(args);
      emulator.jobs.finish(ids[4] ?? '');
      for (let newer = 0; newer < 700; newer += 1) {
        emulator.jobs.add({ createTime: START + 100_000 + newer, finishTime: Infinity });
      }
      const page = await list({ ...args, after: edges[4]?.cursor ?? null });
      expect(idsOf(page)).toEqual(ids.slice(5, 15));
      const next = await list({ ...args, after: page.pageInfo.endCursor });
      expect(idsOf(next)).toEqual(ids.slice(15, 25));
    });
  });

  it('leaves out jobs that the filter does not hold for any more, and fills the page', async ({
    emulator,
    list,
  }) => {
    const ids = Array.from({ length: 30 }, (_, index) =>
      emulator.jobs.add({ createTime: START + 1000 * index, finishTime: START + 60_000 }),
    );
    // All have finished. It is known of the first eleven when lists begin to lag.
    await list({ first: 100, filter: { createdTo: new Date(START + 10_000) } });
    emulator.faults.add({ kind: 'listLag', lagMs: Date.now() - START - 50_000, times: 'always' });
    const page = await list({ first: 10, orderBy: 'CREATE_TIME_ASC', filter: { status: 'INIT' } });
    expect(idsOf(page)).toEqual(ids.slice(11, 21));
    expect(page.nodes.every(({ status }) => status === 'INIT')).toBe(true);
    const rest = await list({
      first: 10,
      orderBy: 'CREATE_TIME_ASC',
      filter: { status: 'INIT' },
      after: page.pageInfo.endCursor,
    });
    expect(idsOf(rest)).toEqual(ids.slice(21));
  });

  it('gives an empty page after a cursor when all jobs have gone', async ({ emulator, list }) => {
    addJobs(emulator, 30);
    const { edges } = await list({ first: 10 });
    emulator.faults.add({ kind: 'body', body: '{"PackageJobList":{"PackageJobs":[]}}' });
    const page = await list({ after: edges[3]?.cursor ?? null });
    expect(page).toMatchObject({ nodes: [], pageInfo: { hasNextPage: false, endCursor: null } });
  });
});
