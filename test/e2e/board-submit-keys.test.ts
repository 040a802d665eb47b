import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import { findIssues } from '../support/accessibility.ts';
import { chromiumProgram } from '../support/browser.ts';
import { it, patience } from './support/board.ts';
import { focused, tabTo, write } from './support/keyboard.ts';
import { viewsOf } from './support/views.ts';

/** Waits for the form to go. Browsers hide a dialog before they tell the page that it was closed. */
async function expectGone(page: Page): Promise<void> {
  await expect.poll(() => page.locator('dialog').count(), patience).toBe(0);
}

describe.skipIf(chromiumProgram.skip)(
  `the form of the job board, by keyboard alone, in ${chromiumProgram.label}`,
  () => {
    describe.for(viewsOf('a dark phone'))('on $name', ({ view }) => {
      it.override({ view, env: { UPSTREAM: 'ice', ALLOW_SUBMIT: 'true' } });

      it('is filled in, is as it was after Esc, says what is wrong, and is sent once that was confirmed', async ({
        gateway,
        board,
      }) => {
        const { page } = board;
        const { keyboard } = page;
        const dialog = page.getByRole('dialog');
        await board.open();
        await page.getByRole('button', { name: 'Submit a job' }).waitFor();
        await tabTo(page, 'Submit a job');
        await keyboard.press('Enter');
        await tabTo(page, 'Type 1');
        await keyboard.type('M');
        await write(page, 'Input 1', '5b25e8d0f1f44a2b');
        await tabTo(page, 'Add an input');
        await keyboard.press('Enter');
        await write(page, 'Input 2', 'oss://bucket/path with space/b.mp4');
        await write(page, 'Output', 'oss://');
        await write(page, 'Name', 'by keyboard');
        await write(page, 'Priority, 1 to 10', '7');
        await write(page, 'User data', 'mine');

        await keyboard.press('Escape');
        await expectGone(page);
        expect(await focused(page)).toBe('Submit a job');
        await keyboard.press('Enter');
        expect(await page.getByLabel('User data').inputValue()).toBe('mine');

        await tabTo(page, 'Submit');
        await keyboard.press('Enter');
        await dialog.getByText('Nobody can cancel it').waitFor();
        expect(await findIssues(page)).toEqual([]);
        await tabTo(page, 'Submit to ICE');
        await keyboard.press('Enter');
        // What is wrong has the focus.
        await expect.poll(() => focused(page), patience).toBe('Output');
        expect(await findIssues(page)).toEqual([]);
        await write(page, 'Output', 'oss://bucket/out/master.m3u8');
        await keyboard.press('Enter');
        await tabTo(page, 'Submit to ICE');
        await keyboard.press('Enter');
        await expect.poll(() => focused(page), patience).toBe('by keyboard');
        expect(gateway.emulator.countRequests('SubmitPackageJob')).toBe(1);
        const { data } = await gateway.query(
          '{ packageJobs { nodes { name priority userData inputs { type media } output { media } } } }',
        );
        expect(data).toEqual({
          packageJobs: {
            nodes: [
              {
                name: 'by keyboard',
                priority: 7,
                userData: 'mine',
                inputs: [
                  { type: 'MEDIA', media: '5b25e8d0f1f44a2b' },
                  { type: 'OSS', media: 'oss://bucket/path with space/b.mp4' },
                ],
                output: { media: 'oss://bucket/out/master.m3u8' },
              },
            ],
          },
        });
      });

      it('is empty again after Cancel', async ({ board }) => {
        const { page } = board;
        await board.open();
        await page.getByRole('button', { name: 'Submit a job' }).waitFor();
        await tabTo(page, 'Submit a job');
        await page.keyboard.press('Enter');
        await write(page, 'Name', 'by keyboard');
        await tabTo(page, 'Cancel');
        await page.keyboard.press('Enter');
        await expectGone(page);
        expect(await focused(page)).toBe('Submit a job');
        await page.keyboard.press('Enter');
        expect(await page.getByLabel('Name').inputValue()).toBe('');
      });
    });
  },
);
