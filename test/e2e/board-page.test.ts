import { readFileSync, statSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { findIssues } from '../support/accessibility.ts';
import { chromiumProgram } from '../support/browser.ts';
import { addFinished, FAILURE, it, patience, type Board } from './support/board.ts';
import { VIEWS } from './support/views.ts';

const DIST = new URL('../../web/dist/', import.meta.url);

/** The most JavaScript that the board may load, in bytes as gzip sends them. */
const SCRIPT_BUDGET = 200 * 1024;

const LONG_NAME = 'a-name-that-is-as-long-as-the-names-of-files-tend-to-become-in-the-end.m3u8';

/** Says that axe finds nothing serious, and that there is nothing to scroll sideways. */
async function expectGood({ page }: Board): Promise<void> {
  await expect(findIssues(page)).resolves.toEqual([]);
  await expect(page.evaluate('document.documentElement.scrollWidth')).resolves.toBe(
    page.viewportSize()?.width,
  );
}

describe.skipIf(chromiumProgram.skip)(`the page of the job board in ${chromiumProgram.label}`, () => {
  describe.for(VIEWS)('on $name', ({ view }) => {
    it.override({ view });

    it('has no serious accessibility issue, and nothing to scroll sideways', async ({ gateway, board }) => {
      const { page } = board;
      gateway.emulator.jobs.add({ name: 'running', finishTime: Infinity });
      gateway.emulator.jobs.add({ name: 'odd', finishTime: Infinity, statusText: 'Processing' });
      gateway.emulator.jobs.add({ name: 'broken', finishTime: Date.now(), outcome: FAILURE });
      const [id = ''] = addFinished(gateway, LONG_NAME);
      await board.open();
      await expect.poll(board.names, patience).toHaveLength(4);
      await expectGood(board);

      await board.open(`/board?job=${id}`);
      await board.panel.getByText('Show the query').click();
      await expectGood(board);

      await page.getByRole('button', { name: 'Submit a job' }).click();
      await page.getByRole('textbox', { name: 'Output' }).waitFor();
      await expectGood(board);
    });

    it('has no serious accessibility issue in any state of the list', async ({ gateway, board }) => {
      const { page } = board;
      const { jobs } = gateway.emulator;
      // Otherwise it is looked at while it fades.
      await page.emulateMedia({ reducedMotion: 'reduce' });
      await page.route('**/graphql', () => undefined);
      await board.open();
      await page.getByText('Loading jobs').waitFor();
      await expectGood(board);
      await page.unroute('**/graphql');

      await page.route('**/graphql', (route) => route.abort('connectionrefused'));
      await board.open('/board?status=INIT');
      await page.getByRole('alert').waitFor();
      await expectGood(board);
      await page.unroute('**/graphql');

      for (let count = 0; count < 20; count += 1) jobs.add({ name: LONG_NAME, finishTime: Infinity });
      await board.open('/board?status=INIT&range=24h');
      await board.loaded.getByText('20 jobs').waitFor();
      await page.getByLabel('Created').selectOption('From … to …');
      await page.getByLabel('From', { exact: true }).waitFor();
      await board.loaded.getByText('20 jobs').waitFor();
      await page.evaluate('scrollTo(0, document.body.scrollHeight / 2)');
      await expect.poll(() => page.getByText('Live').count(), patience).toBe(1);
      const id = jobs.add({ name: 'new', finishTime: Infinity });
      await page.getByRole('button', { name: '1 new' }).waitFor();
      await expectGood(board);

      await page.getByRole('button', { name: '1 new' }).click();
      jobs.finish(id, { status: 'Success' });
      await page.getByText('now succeeded').waitFor();
      await expectGood(board);

      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keys' }).waitFor();
      await expectGood(board);
      await page.keyboard.press('Escape');

      await page.getByRole('searchbox').fill('nothing like it');
      await page.getByText('None of the loaded jobs').waitFor();
      await expectGood(board);
    });

    it('has no serious accessibility issue in any state of the open job', async ({ gateway, board }) => {
      const { page, panel } = board;
      const [id = ''] = addFinished(gateway, LONG_NAME);
      await page.emulateMedia({ reducedMotion: 'reduce' });
      await page.route('**/graphql', () => undefined);
      await board.open(`/board?job=${id}`);
      await panel.getByText('Loading the job').waitFor();
      expect(await panel.locator('.bone').count()).toBeGreaterThan(0);
      await expectGood(board);
      await page.unroute('**/graphql');

      await page.route('**/graphql', (route) => route.abort('connectionrefused'));
      await board.open(`/board?job=${id}`);
      await page.getByRole('alert').waitFor();
      await expectGood(board);
      await page.unroute('**/graphql');

      for (const [unknown, words] of [
        ['nobody', 'ICE does not know the job'],
        ['no%20id', 'is no id of a job'],
      ] as const) {
        await board.open(`/board?job=${unknown}`);
        await panel.getByText(words).waitFor();
        await expectGood(board);
      }
    });
  });

  it(`loads at most ${String(SCRIPT_BUDGET / 1024)} KiB of JavaScript, and none of the IDE's`, async ({
    gateway,
    board,
  }) => {
    const scripts: string[] = [];
    board.page.on('response', (response) => {
      if (response.url().endsWith('.js')) scripts.push(new URL(response.url()).pathname.slice(1));
    });
    addFinished(gateway, 'fine');
    await board.open();
    await expect.poll(board.names, patience).toEqual(['fine']);
    const bytes = scripts.map((path) => statSync(new URL(`${path}.gz`, DIST)).size);
    expect(scripts).not.toEqual([]);
    expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(SCRIPT_BUDGET);
    const text = scripts.map((path) => readFileSync(new URL(path, DIST), 'utf8')).join('');
    expect(text).not.toMatch(/monaco|graphiql/i);
  });
});
