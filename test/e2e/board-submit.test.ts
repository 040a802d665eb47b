import { describe, expect } from 'vitest';
import { chromiumProgram } from '../support/browser.ts';
import { it, patience } from './support/board.ts';

describe.skipIf(chromiumProgram.skip)(`submitting on the job board in ${chromiumProgram.label}`, () => {
  it('makes one job and opens it', async ({ gateway, board }) => {
    await board.open();
    await board.page.getByRole('button', { name: 'Submit a job' }).click();
    await board.page.getByLabel('Name').fill('brand new');
    await board.page.getByRole('button', { name: 'Submit', exact: true }).click();
    await board.panel.getByRole('heading', { name: 'brand new' }).waitFor();
    await expect.poll(board.names, patience).toEqual(['brand new']);
    expect(gateway.emulator.countRequests('SubmitPackageJob')).toBe(1);
  });

  it('shows what is wrong with the input, and keeps it', async ({ gateway, board }) => {
    const { page } = board;
    await board.open();
    await page.getByRole('button', { name: 'Submit a job' }).click();
    await page.getByLabel('Output').fill('oss://');
    await page.getByRole('button', { name: 'Submit', exact: true }).click();
    const alert = page.getByRole('alert');
    await expect
      .poll(() => alert.allInnerTexts(), patience)
      .toEqual([expect.stringMatching(/output.*BAD_USER_INPUT/s)]);
    await expect(page.getByLabel('Output').inputValue()).resolves.toBe('oss://');
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByRole('dialog').count(), patience).toBe(0);
    expect(gateway.emulator.countRequests('SubmitPackageJob')).toBe(0);
  });

  describe('where the gateway submits no jobs', () => {
    it.override({ env: { ALLOW_SUBMIT: 'false' } });

    it('is refused before anything is filled in', async ({ board }) => {
      await board.open();
      await board.page.getByRole('button', { name: 'Submit a job' }).click();
      const dialog = board.page.getByRole('dialog');
      await expect.poll(() => dialog.getByText('FORBIDDEN').count(), patience).toBe(1);
      await expect(dialog.getByRole('textbox').count()).resolves.toBe(0);
    });
  });
});
