import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { EVERY_JOB } from '../../../src/jobs/jobs.ts';
import { readConnection, type ReadPage } from '../../../src/jobs/list/connection.ts';
import { jobWith } from '../../support/job.ts';
import { addJobs, idsOf, it, START, walk, type List } from '../../support/lists.ts';

/** Answers ListPackageJobs with these pages: what is on the page of each token, and the token of the next. */
function asPages(pages: Readonly<Record<string, readonly [ids: readonly string[], next: string]>>): {
  readonly list: List;
  readonly calls: (string | undefined)[];
} {
  const calls: (string | undefined)[] = [];
  const readPage: ReadPage = ({ nextPageToken }) => {
    calls.push(nextPageToken);
    const [ids, next] = pages[nextPageToken ?? ''] ?? [[], ''];
    const jobs = ids.map((id) => jobWith({ id }));
    return Promise.resolve({ jobs, nextPageToken: next === '' ? null : next });
  };
  return { list: (args, isVisible = EVERY_JOB) => readConnection(args, readPage, isVisible), calls };
}

describe.for(['CREATE_TIME_DESC', 'CREATE_TIME_ASC'] as const)(
  'a list whose pages overlap, in order %s,',
  (orderBy) => {
    const inOrder = (ids: readonly string[]) => (orderBy === 'CREATE_TIME_ASC' ? ids : ids.toReversed());

    it.for([1, 2, 3, 7, 20, 100])(
      'shows every job once where each page begins with the last job before it, %i a page',
      async (first, { emulator, list }) => {
        const ids = addJobs(emulator, 60, 4);
        emulator.faults.add({ kind: 'oddPage', page: 'overlap', times: 'always' });
        expect(await walk(list, { first, orderBy })).toEqual(inOrder(ids));
        const shown = ids.filter((_, index) => index % 3 === 2);
        expect(await walk(list, { first, orderBy, filter: { status: 'FAIL' } })).toEqual(inOrder(shown));
      },
    );

    it('shows no job again that has overlapped when the last one before has left', async ({
      emulator,
      list,
    }) => {
      const ids = inOrder(
        Array.from({ length: 30 }, (_, index) =>
          emulator.jobs.add({ createTime: START + 1000 * index, finishTime: Infinity }),
        ),
      );
      emulator.faults.add({ kind: 'oddPage', page: 'overlap', times: 'always' });
      const args = { first: 10, orderBy, filter: { status: 'INIT' } } as const;
      const { pageInfo } = await list(args);
      emulator.jobs.finish(ids[9] ?? '');
      expect(idsOf(await list({ ...args, after: pageInfo.endCursor }))).toEqual(ids.slice(10, 20));
    });
  },
);

describe('a list whose pages overlap by several jobs', () => {
  it('shows every job once, in pages of any size', async () => {
    const ids = Array.from({ length: 120 }, (_, index) => `j${String(index)}`);
    const cases = fc.tuple(fc.integer({ min: 2, max: 100 }), fc.integer({ min: 1, max: 99 }));
    await fc.assert(
      fc.asyncProperty(cases, async ([first, overlap]) => {
        fc.pre(overlap < first);
        const readPage: ReadPage = ({ nextPageToken = '0', pageSize }) => {
          const end = Number(nextPageToken) + pageSize;
          return Promise.resolve({
            jobs: ids.slice(Number(nextPageToken), end).map((id) => jobWith({ id })),
            nextPageToken: end < ids.length ? String(end - overlap) : null,
          });
        };
        const list: List = (args) => readConnection(args, readPage, EVERY_JOB);
        expect(await walk(list, { first })).toEqual(ids);
      }),
    );
  });
});

describe('a list whose tokens lead back', () => {
  it.for([1, 2, 3, 5, 10])(
    'shows every job once and ends where tokens lead in a circle, %i a page',
    async (first) => {
      const { list, calls } = asPages({
        '': [['a', 'b'].slice(0, first), 'A'],
        A: [['c', 'd'].slice(0, first), 'B'],
        B: [['e', 'f'].slice(0, first), 'C'],
        C: [[], 'A'],
      });
      const expected = first === 1 ? ['a', 'c', 'e'] : ['a', 'b', 'c', 'd', 'e', 'f'];
      expect(await walk(list, { first })).toEqual(expected);
      expect(calls.length).toBeLessThanOrEqual(8);
    },
  );

  it.for([1, 10, 50, 100])(
    'shows every job once and ends where the last page leads to the first, %i a page',
    async (first) => {
      const ids = Array.from({ length: 150 }, (_, index) => `j${String(index)}`);
      const readPage: ReadPage = ({ nextPageToken = '0', pageSize }) => {
        const start = Number(nextPageToken);
        const end = start + pageSize < ids.length ? start + pageSize : 0;
        const jobs = ids.slice(start, start + pageSize).map((id) => jobWith({ id }));
        return Promise.resolve({ jobs, nextPageToken: String(end) });
      };
      const violations = new Set<string>();
      const list: List = (args) =>
        readConnection(args, readPage, EVERY_JOB, (violation) => void violations.add(violation));
      expect(await walk(list, { first })).toEqual(ids);
      expect(violations).toContain('circle');
    },
  );

  it('ends where pages repeat under tokens that are ever new', async () => {
    const pages: Record<string, [string[], string]> = { '': [['a', 'b'], '1'], '1': [['c', 'd'], '2'] };
    for (let page = 2; page < 100; page += 1) pages[page] = [['c', 'd'], String(page + 1)];
    const { list, calls } = asPages(pages);
    expect(await walk(list, { first: 2 })).toEqual(['a', 'b', 'c', 'd']);
    expect(calls.length).toBeLessThanOrEqual(25);
  });

  it('ends where empty pages lead in a long circle', async () => {
    const pages: Record<string, [string[], string]> = { '': [['a'], '0'] };
    for (let page = 0; page < 50; page += 1) pages[page] = [[], String((page + 1) % 50)];
    const { list, calls } = asPages(pages);
    expect(await walk(list, { first: 2 })).toEqual(['a']);
    expect(calls.length).toBeLessThan(200);
  });

  it('shows a new job among those that a page repeats', async () => {
    const { list } = asPages({ '': [['a', 'b', 'c'], '1'], '1': [['d', 'b', 'e', 'a', 'f'], ''] });
    expect(await walk(list, { first: 3 })).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(await walk(list, { first: 4 })).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });
});

/** A job of a list: its place in it, and its second. */
type Row = { readonly id: string; readonly createTime: string };

/** Answers with pages that go back, are empty, and lead in circles, by the choices of `pick`. */
function oddPages(
  rows: readonly Row[],
  seed: { readonly jumps: readonly number[]; readonly isEndless: boolean },
) {
  const calls: string[] = [];
  const { jumps, isEndless } = seed;
  // A token names where its page begins, and how many pages went before where every token is new.
  const readPage: ReadPage = ({ nextPageToken = '0.0', pageSize }) => {
    calls.push(nextPageToken);
    const [at = 0, page = 0] = nextPageToken.split('.').map(Number);
    const jump = jumps[page] ?? 0;
    const next = (start: number) => `${String(start)}.${String(page + 1)}`;
    if (jump === -1) return Promise.resolve({ jobs: [], nextPageToken: next(at) });
    const end = Math.min(at + pageSize, rows.length);
    const jobs = rows.slice(at, end).map((row) => jobWith(row));
    // Without its end the list leads back to its middle, by tokens that are ever new or by the same ones.
    const circle = isEndless ? next(Math.floor(rows.length / 3)) : null;
    const onwards = end < rows.length ? next(Math.max(0, end - Math.min(jump, end))) : circle;
    return Promise.resolve({ jobs, nextPageToken: onwards });
  };
  const list: List = (args) => readConnection(args, readPage, EVERY_JOB);
  return { list, calls };
}

describe('a list that repeats tokens, overlaps pages and returns empty pages with tokens', () => {
  const lists = fc.record({
    isAscending: fc.boolean(),
    gaps: fc.array(fc.nat(3), { minLength: 1, maxLength: 260 }),
    // Back by so many jobs, even by all of them, or an empty page.
    jumps: fc.array(fc.oneof(fc.constant(0), fc.constant(-1), fc.nat(40), fc.nat(300)), { maxLength: 60 }),
    isEndless: fc.boolean(),
    sizes: fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 6 }),
    // How much of a page is used: a client may go on after any of its edges.
    used: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 6 }),
  });

  it('shows every job once and ends, from whichever edge a client goes on', async () => {
    await fc.assert(
      fc.asyncProperty(lists, async ({ isAscending, gaps, jumps, isEndless, sizes, used }) => {
        let second = 0;
        const rows = gaps.map((gap, index): Row => {
          second += (isAscending ? 1 : -1) * gap;
          return { id: `j${String(index)}`, createTime: new Date(START + 1000 * second).toISOString() };
        });
        const { list } = oddPages(rows, { jumps, isEndless });
        const orderBy = isAscending ? 'CREATE_TIME_ASC' : 'CREATE_TIME_DESC';
        const seen: string[] = [];
        let after: string | null = null;
        for (let request = 0; ; request += 1) {
          expect(request).toBeLessThan(2000);
          const first = sizes[request % sizes.length] ?? 20;
          const { edges, pageInfo }: Awaited<ReturnType<List>> = await list({ first, after, orderBy });
          const count = Math.ceil(edges.length * (used[request % used.length] ?? 1));
          const taken = edges.slice(0, Math.max(1, count));
          seen.push(...taken.map(({ node }) => node.id));
          if (!pageInfo.hasNextPage && taken.length === edges.length) break;
          after = taken.at(-1)?.cursor ?? pageInfo.endCursor;
          expect(after?.length).toBeLessThan(4000);
        }
        expect(seen).toEqual(rows.map(({ id }) => id));
      }),
      { numRuns: 100 },
    );
  });

  it.for([7, 100, 127, 128, 129, 200])('takes its own cursors, %i jobs a second', async (perSecond) => {
    const rows = Array.from({ length: 500 }, (_, index): Row => {
      const createTime = new Date(START - 1000 * Math.floor(index / perSecond)).toISOString();
      return { id: `j${String(index)}`, createTime };
    });
    for (const first of [1, 9, 100]) {
      const { list } = oddPages(rows, { jumps: [], isEndless: false });
      expect(await walk(list, { first })).toEqual(rows.map(({ id }) => id));
    }
  });

  it.for([20, 40, 100])(
    'shows every job once in a circle of more pages than a cursor knows, %i a page',
    async (first) => {
      const rows = Array.from({ length: 900 }, (_, index): Row => {
        return {
          id: `j${String(index)}`,
          createTime: new Date(START - 1000 * Math.floor(index / 7)).toISOString(),
        };
      });
      const readPage: ReadPage = ({ nextPageToken = '0', pageSize }) => {
        const end = Number(nextPageToken) + pageSize;
        return Promise.resolve({
          jobs: rows.slice(Number(nextPageToken), end).map((row) => jobWith(row)),
          nextPageToken: String(end < rows.length ? end : 0),
        });
      };
      const list: List = (args) => readConnection(args, readPage, EVERY_JOB);
      expect(await walk(list, { first })).toEqual(rows.map(({ id }) => id));
    },
  );
});
