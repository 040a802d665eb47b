import { describe, expect } from 'vitest';
import { chromiumProgram } from '../support/browser.ts';
import type { TestGateway } from '../support/gateway.ts';
import { addFinished, it, patience } from './support/board.ts';
import { focused, tabTo } from './support/keyboard.ts';
import { viewsOf } from './support/views.ts';

/** Adds jobs that have ended, from `job 00` on, the last one the newest. */
function addMany(gateway: TestGateway, count: number): void {
  addFinished(
    gateway,
    ...Array.from({ length: count }, (_, index) => `job ${String(index).padStart(2, '0')}`),
  );
}

describe.skipIf(chromiumProgram.skip)(`the keys of the job board in ${chromiumProgram.label}`, () => {
  describe.for(viewsOf('a light screen'))('on $name', ({ view }) => {
    it.override({ view });

    it('go from job to job, open and close them, and find them', async ({ gateway, board }) => {
      const { page } = board;
      const { keyboard } = page;
      addMany(gateway, 60);
      await board.open();
      await board.loaded.getByText('60 jobs').waitFor();
      for (let index = 59; index >= 30; index -= 1) {
        await keyboard.press('j');
        expect(await focused(page)).toBe(`job ${String(index)}`);
      }
      await keyboard.press('k');
      expect(await focused(page)).toBe('job 31');
      const [top, bottom] = (await page.evaluate(
        '(({ top, bottom }) => [top, innerHeight - bottom])(document.activeElement.getBoundingClientRect())',
      )) as [number, number];
      expect(Math.min(top, bottom)).toBeGreaterThanOrEqual(0);

      await keyboard.press('Enter');
      await board.panel.getByRole('heading', { name: 'job 31' }).waitFor();
      await keyboard.press('Escape');
      await expect.poll(() => board.panel.count(), patience).toBe(0);
      await expect.poll(() => focused(page), patience).toBe('job 31');

      await keyboard.press('/');
      await keyboard.type('jk?');
      await expect(page.getByRole('searchbox').inputValue()).resolves.toBe('jk?');
      await expect(page.getByRole('dialog').count()).resolves.toBe(0);
    });

    it('find a job by a part of its name, and list another time and order', async ({ gateway, board }) => {
      const { page } = board;
      const { keyboard } = page;
      const createTime = Date.now() - 30 * 3_600_000;
      gateway.emulator.jobs.add({ name: 'yesterday', createTime, finishTime: Date.now() });
      addFinished(gateway, 'harbour lights', 'kitchen at dawn');
      await board.open();
      await expect.poll(board.names, patience).toHaveLength(3);
      await keyboard.press('/');
      await keyboard.type('LIGHTS');
      await expect.poll(board.names, patience).toEqual(['harbour lights']);
      await keyboard.press('Enter');
      expect(await focused(page)).toBe('harbour lights');
      await keyboard.press('Enter');
      await board.panel.getByRole('heading', { name: 'harbour lights' }).waitFor();
      await keyboard.press('Escape');
      await expect.poll(() => focused(page), patience).toBe('harbour lights');
      await keyboard.press('/');
      await keyboard.press('Delete');
      await expect.poll(board.names, patience).toHaveLength(3);

      await tabTo(page, 'Created', 'Shift+Tab');
      for (const range of ['1h', '24h']) {
        await keyboard.press('ArrowDown');
        await page.waitForURL((url) => url.searchParams.get('range') === range);
      }
      await expect.poll(board.names, patience).toEqual(['kitchen at dawn', 'harbour lights']);
      await tabTo(page, 'Order');
      await keyboard.press('ArrowDown');
      await expect.poll(board.names, patience).toEqual(['harbour lights', 'kitchen at dawn']);
    });

    it('let in the jobs that wait while somebody reads', async ({ gateway, board }) => {
      const { page } = board;
      addMany(gateway, 30);
      await board.open();
      await board.loaded.getByText('30 jobs').waitFor();
      await expect.poll(() => page.getByText('Live').count(), patience).toBe(1);
      for (let index = 0; index < 25; index += 1) await page.keyboard.press('j');
      expect(await focused(page)).toBe('job 05');
      gateway.emulator.jobs.add({ name: 'brand new', finishTime: Infinity });
      await page.getByRole('button', { name: '1 new' }).waitFor();
      expect(await focused(page)).toBe('job 05');
      await page.keyboard.press('Home');
      await board.row('brand new').waitFor();
      await expect.poll(() => page.getByRole('button', { name: '1 new' }).count(), patience).toBe(0);
      expect(await focused(page)).toBe('job 05');
    });

    it('take away an open job and its query, and lead back', async ({ gateway, board }) => {
      const { page, panel } = board;
      const { keyboard } = page;
      const [id = ''] = addFinished(gateway, 'mine');
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await board.open();
      await board.row('mine').waitFor();
      await keyboard.press('j');
      await keyboard.press('Enter');
      await expect.poll(() => focused(page), patience).toBe('mine');
      await tabTo(page, 'Copy id');
      await keyboard.press('Enter');
      await panel.getByText('✓ copied').waitFor();
      await expect(page.evaluate(() => navigator.clipboard.readText())).resolves.toBe(id);
      await tabTo(page, 'Show the query');
      await keyboard.press('Enter');
      await panel.getByText('query Job').waitFor();
      await tabTo(page, '← All jobs', 'Shift+Tab');
      await keyboard.press('Enter');
      await expect.poll(() => panel.count(), patience).toBe(0);
      await expect.poll(() => focused(page), patience).toBe('mine');
    });
  });

  it('go on from an open job to the row below it', async ({ gateway, board }) => {
    const { keyboard } = board.page;
    addMany(gateway, 3);
    await board.open();
    await expect.poll(board.names, patience).toHaveLength(3);
    await keyboard.press('j');
    await keyboard.press('Enter');
    await board.panel.getByRole('heading', { name: 'job 02' }).waitFor();
    await keyboard.press('j');
    expect(await focused(board.page)).toBe('job 01');
    await keyboard.press('Enter');
    await board.panel.getByRole('heading', { name: 'job 01' }).waitFor();
    await keyboard.press('Escape');
    await expect.poll(() => board.panel.count(), patience).toBe(0);
    await expect.poll(() => focused(board.page), patience).toBe('job 01');
  });

  it('are shown by one of them, and can be turned off', async ({ gateway, board }) => {
    const { page } = board;
    addFinished(gateway, 'mine');
    await board.open();
    await board.row('mine').waitFor();
    await page.keyboard.press('?');
    const dialog = page.getByRole('dialog', { name: 'Keys' });
    await dialog.getByText('Next job').waitFor();
    await dialog.getByRole('checkbox').uncheck();
    await page.keyboard.press('Escape');
    await expect.poll(() => dialog.count(), patience).toBe(0);
    await page.keyboard.press('j');
    expect(await page.evaluate('document.activeElement.textContent')).not.toBe('mine');
    await page.reload();
    await board.row('mine').waitFor();
    await page.keyboard.press('?');
    await expect(dialog.count()).resolves.toBe(0);
    await page.getByRole('button', { name: 'Keys' }).click();
    await dialog.getByRole('checkbox').check();
    await dialog.getByRole('button', { name: 'Close' }).click();
    await page.keyboard.press('j');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('mine');
  });
});
