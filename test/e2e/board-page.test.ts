import { readFileSync, statSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { findIssues } from '../support/accessibility.ts';
import { chromiumProgram } from '../support/browser.ts';
import { addFinished, FAILURE, it, patience } from './support/board.ts';

const DIST = new URL('../../web/dist/', import.meta.url);

/** The most JavaScript that the board may load, in bytes as gzip sends them. */
const SCRIPT_BUDGET = 200 * 1024;

const LONG_NAME = 'a-name-that-is-as-long-as-the-names-of-files-tend-to-become-in-the-end.m3u8';

const VIEWPORTS = {
  'a desktop': { width: 1440, height: 900 },
  'a phone': { width: 360, height: 740 },
} as const;

const VIEWS = (['light', 'dark'] as const).flatMap((colorScheme) =>
  Object.entries(VIEWPORTS).map(([device, viewport]) => ({ colorScheme, device, viewport })),
);

describe.skipIf(chromiumProgram.skip)(`the page of the job board in ${chromiumProgram.label}`, () => {
  describe.for(VIEWS)('in $colorScheme on $device', ({ colorScheme, viewport }) => {
    it.override({ view: { colorScheme, viewport } });

    it('has no serious accessibility issue, and nothing to scroll sideways', async ({ gateway, board }) => {
      const { page } = board;
      const expectGood = async () => {
        await expect(findIssues(page)).resolves.toEqual([]);
        await expect(page.evaluate('document.documentElement.scrollWidth')).resolves.toBe(viewport.width);
      };
      gateway.emulator.jobs.add({ name: 'running', finishTime: Infinity });
      gateway.emulator.jobs.add({ name: 'odd', finishTime: Infinity, statusText: 'Processing' });
      gateway.emulator.jobs.add({ name: 'broken', finishTime: Date.now(), outcome: FAILURE });
      const [id = ''] = addFinished(gateway, LONG_NAME);
      await board.open();
      await expect.poll(board.names, patience).toHaveLength(4);
      await expectGood();

      await board.open(`/board?job=${id}`);
      await board.panel.getByText('Show the query').click();
      await expectGood();

      await page.getByRole('button', { name: 'Submit a job' }).click();
      await page.getByLabel('Output').waitFor();
      await expectGood();
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
