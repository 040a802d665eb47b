import { describe, expect, it } from 'vitest';
import { NO_PAGES, readOn, type Page, type Pages } from '../../../../web/board/overview/pages.ts';

interface Job {
  readonly id: string;
}

/** A list of jobs `0`, `1`, …, in pages of ten, and the cursors it was asked for. */
function listOf(length: number) {
  const asked: (string | undefined)[] = [];
  const fetchPage = (after: string | undefined): Promise<Page<Job>> => {
    asked.push(after);
    const start = Number(after ?? 0);
    const end = Math.min(start + 10, length);
    const jobs = Array.from({ length: end - start }, (_, index) => ({ id: String(start + index) }));
    return Promise.resolve({ jobs, endCursor: String(end), hasNextPage: end < length });
  };
  return { asked, fetchPage };
}

async function readAll(soFar: Pages<Job>, more: number, fetchPage: (after?: string) => Promise<Page<Job>>) {
  let pages = soFar;
  for await (pages of readOn(soFar, more, fetchPage));
  return pages;
}

describe('pages', () => {
  it('are read until the list ends', async () => {
    const { asked, fetchPage } = listOf(25);
    const { jobs, isWhole } = await readAll(NO_PAGES, 100, fetchPage);
    expect([jobs.length, isWhole, asked]).toEqual([25, true, [undefined, '10', '20']]);
  });

  it('are read until there are enough, and on from there', async () => {
    const { asked, fetchPage } = listOf(45);
    const first = await readAll(NO_PAGES, 20, fetchPage);
    expect([first.jobs.length, first.isWhole, asked.length]).toEqual([20, false, 2]);
    const second = await readAll(first, 20, fetchPage);
    expect([second.jobs.length, second.isWhole]).toEqual([40, false]);
    const third = await readAll(second, 20, fetchPage);
    expect([third.jobs.length, third.isWhole, asked.length]).toEqual([45, true, 5]);
    expect((await readAll(third, 20, fetchPage)).jobs).toHaveLength(45);
    expect(asked).toHaveLength(5);
  });

  it('count a job once that is on two of them', async () => {
    const pages = [
      { jobs: [{ id: 'a' }, { id: 'b' }], endCursor: '1', hasNextPage: true },
      { jobs: [{ id: 'b' }, { id: 'c' }], endCursor: '2', hasNextPage: false },
    ];
    const { jobs } = await readAll(NO_PAGES, 100, (after) =>
      Promise.resolve(pages[Number(after ?? 0)] ?? { jobs: [], endCursor: undefined, hasNextPage: false }),
    );
    expect(jobs.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  it('end where the list does not move on', async () => {
    const page = { jobs: [], endCursor: 'x', hasNextPage: true };
    const { isWhole } = await readAll(NO_PAGES, 100, () => Promise.resolve(page));
    expect(isWhole).toBe(true);
  });
});
