import { describe, expect } from 'vitest';
import { chromiumProgram } from '../support/browser.ts';
import { addFinished, it, patience } from './support/board.ts';

describe.skipIf(chromiumProgram.skip)(`the keys of the job board in ${chromiumProgram.label}`, () => {
  it('go from job to job, open and close them, and find them', async ({ gateway, board }) => {
    const { page } = board;
    const { keyboard } = page;
    const focused = () => page.evaluate<string>('document.activeElement.textContent');
    const all = Array.from({ length: 60 }, (_, index) => `job ${String(index).padStart(2, '0')}`);
    addFinished(gateway, ...all);
    await board.open();
    await board.loaded.getByText('60 jobs').waitFor();
    for (let index = 59; index >= 30; index -= 1) {
      await keyboard.press('j');
      expect(await focused()).toBe(`job ${String(index)}`);
    }
    await keyboard.press('k');
    expect(await focused()).toBe('job 31');
    const [top, bottom] = (await page.evaluate(
      '(({ top, bottom }) => [top, innerHeight - bottom])(document.activeElement.getBoundingClientRect())',
    )) as [number, number];
    expect(Math.min(top, bottom)).toBeGreaterThanOrEqual(0);

    await keyboard.press('Enter');
    await board.panel.getByRole('heading', { name: 'job 31' }).waitFor();
    await keyboard.press('j');
    expect(await focused()).toBe('job 30');
    await keyboard.press('Enter');
    await board.panel.getByRole('heading', { name: 'job 30' }).waitFor();
    await keyboard.press('Escape');
    await expect.poll(() => board.panel.count(), patience).toBe(0);
    await expect.poll(focused, patience).toBe('job 30');

    await keyboard.press('/');
    await keyboard.type('jk?');
    await expect(page.getByRole('searchbox').inputValue()).resolves.toBe('jk?');
    await expect(page.getByRole('dialog').count()).resolves.toBe(0);
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
