import { statSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { findIssues } from '../support/accessibility.ts';
import { chromiumProgram } from '../support/browser.ts';
import type { TestGateway } from '../support/gateway.ts';
import { addFinished, FAILURE, it, patience, type Board } from './support/board.ts';
import { VIEWS } from './support/views.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The most JavaScript that the charts may load beside the board's, in bytes as gzip sends them. */
const CHART_BUDGET = 40 * 1024;

/** Two jobs that succeeded and one that failed in the same hour, and one in flight two hours later. */
function addHours({ emulator }: TestGateway): void {
  const hour = new Date().setMinutes(0, 0, 0) - 3 * HOUR;
  const add = (name: string, createTime: number, members: object = {}) =>
    emulator.jobs.add({ name, createTime, finishTime: createTime + 3 * MINUTE, ...members });
  add('early', hour + MINUTE);
  add('broken', hour + 2 * MINUTE, { outcome: FAILURE });
  add('late', hour + 59 * MINUTE);
  add('running', hour + 2 * HOUR, { finishTime: Infinity });
}

const open = async (board: Board, search = '') => {
  await board.open(`/board?view=overview${search}`);
  await board.page.getByRole('heading', { name: 'Overview' }).waitFor();
};

/** Opens the overview, and has all of a range read. */
const read = async (board: Board, range: string) => {
  await open(board);
  await board.page.getByRole('button', { name: range }).click();
  await board.page.getByText(/^All 4 jobs, read at /).waitFor();
};

const totals = ({ page }: Board) => page.locator('.totals a').allInnerTexts();
const search = ({ page }: Board) => Object.fromEntries(new URL(page.url()).searchParams);

describe.skipIf(chromiumProgram.skip)(`the overview in ${chromiumProgram.label}`, () => {
  it('shows what the list has loaded, and goes on with the jobs that come', async ({ gateway, board }) => {
    addHours(gateway);
    await open(board);
    await expect.poll(() => totals(board), patience).toEqual(['4', '2', '1', '1']);
    await board.page.getByText('Of the 4 jobs that the list has loaded').waitFor();
    await board.page.getByText(FAILURE.code).waitFor();
    await board.page.getByText('half took at most 3 min 00 s').waitFor();
    gateway.emulator.jobs.add({ name: 'new', finishTime: Infinity });
    await expect.poll(() => totals(board), patience).toEqual(['5', '2', '1', '2']);
  });

  it('leads from a part of a column to the list of its jobs', async ({ gateway, board }) => {
    addHours(gateway);
    await read(board, '24 hours');
    await board.page.getByRole('link', { name: /: 1 failed$/ }).click();
    await expect.poll(board.names, patience).toEqual(['broken']);
    const { from, to, ...rest } = search(board);
    expect(Date.parse(to ?? '') - Date.parse(from ?? '')).toBe(HOUR - 1);
    expect(rest).toEqual({ status: 'FAIL' });
    await board.page.goBack();
    // What was read is still there.
    await board.page.getByText(/^All 4 jobs, read at /).waitFor();
  });

  it('is one stop for the tab key, and arrows go from column to column', async ({ gateway, board }) => {
    addHours(gateway);
    await read(board, '24 hours');
    const readout = board.page.locator('.readout').first();
    await board.page.locator('.totals a').last().focus();
    await board.page.keyboard.press('Tab');
    await expect.poll(() => readout.innerText(), patience).toMatch(/: 2 succeeded, 1 failed$/);
    await board.page.keyboard.press('ArrowRight');
    await expect.poll(() => readout.innerText(), patience).toMatch(/: 1 not finished$/);
    await board.page.keyboard.press('Home');
    await board.page.keyboard.press('Enter');
    await expect.poll(board.names, patience).toEqual(['late', 'broken', 'early']);
  });

  it('reads a range on purpose, shows how far it is, and can be stopped and go on', async ({
    gateway,
    board,
  }) => {
    const { page } = board;
    addFinished(gateway, ...Array.from({ length: 250 }, (_, index) => `job-${String(index)}`));
    const asked: string[] = [];
    let held = Promise.withResolvers<void>();
    await page.route('**/graphql', async (route) => {
      const body = route.request().postData() ?? '';
      if (!body.includes('query JobTimes')) return route.continue();
      asked.push(body);
      if (body.includes('"after"')) await held.promise;
      return route.continue().catch(() => undefined);
    });
    await open(board, '&range=24h');
    await page.getByText(/^Of the \d+ jobs that the list has loaded/).waitFor();
    expect(asked).toEqual([]);

    await page.getByRole('button', { name: '24 hours' }).click();
    await page.getByText(/^100 jobs read, back to /).waitFor();
    await expect(page.getByRole('progressbar').getAttribute('value')).resolves.toMatch(/^0\.0/);
    expect(await findIssues(page)).toEqual([]);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText(/^The newest 100 jobs, back to .*, read at /).waitFor();
    expect(asked).toHaveLength(2);

    held.resolve();
    held = Promise.withResolvers();
    held.resolve();
    await page.getByRole('button', { name: 'Read up to 5,000 jobs more' }).click();
    await page.getByText(/^All 250 jobs, read at /).waitFor();
    await expect(totals(board)).resolves.toEqual(['250', '250', '0', '0']);
    expect(asked).toHaveLength(4);
  });

  it('says why it cannot read on, and reads on where it stopped', async ({ gateway, board }) => {
    const { page } = board;
    addFinished(gateway, ...Array.from({ length: 120 }, (_, index) => `job-${String(index)}`));
    const asked: boolean[] = [];
    let isAway = true;
    await page.route('**/graphql', (route) => {
      const body = route.request().postData() ?? '';
      const isSecondPage = body.includes('"after"');
      if (!body.includes('query JobTimes')) return route.continue();
      asked.push(isSecondPage);
      return isAway && isSecondPage ? route.abort('connectionrefused') : route.continue();
    });
    await open(board, '&range=24h');
    await page.getByRole('button', { name: '24 hours' }).click();
    await page.getByRole('alert').getByText('The gateway cannot be reached').waitFor();
    await page.getByText(/^The newest 100 jobs, back to /).waitFor();
    expect(await findIssues(page)).toEqual([]);
    isAway = false;
    await page.getByRole('alert').getByRole('button', { name: 'Try again' }).click();
    await page.getByText(/^All 120 jobs, read at /).waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(asked.filter((isSecondPage) => !isSecondPage)).toHaveLength(1);
  });

  it('is loaded when somebody looks at it', async ({ gateway, board }) => {
    addHours(gateway);
    const chunks: string[] = [];
    board.page.on('response', (response) => {
      const [, chunk] = /\/(assets\/overview-.*\.js)$/.exec(response.url()) ?? [];
      if (chunk !== undefined) chunks.push(chunk);
    });
    await board.open();
    await expect.poll(board.names, patience).toHaveLength(4);
    expect(chunks).toEqual([]);
    await board.page.getByRole('link', { name: 'Overview' }).click();
    await expect.poll(() => totals(board), patience).toEqual(['4', '2', '1', '1']);
    expect(chunks).toHaveLength(1);
    const { size } = statSync(new URL(`../../web/dist/${chunks[0] ?? ''}.gz`, import.meta.url));
    expect(size).toBeLessThan(CHART_BUDGET);
  });

  describe.for(VIEWS)('on $name', ({ view, width }) => {
    it.override({ view });

    it('has no serious accessibility issue, and nothing to scroll sideways', async ({ gateway, board }) => {
      const { page } = board;
      addHours(gateway);
      await read(board, '7 days');
      for (const summary of await page.getByText('As a table').all()) await summary.click();
      await page
        .getByRole('row', { name: /2 1 0$/ })
        .first()
        .waitFor();
      await expect(findIssues(page)).resolves.toEqual([]);
      await expect(page.evaluate('document.documentElement.scrollWidth')).resolves.toBe(width);
    });
  });
});
