import { mkdir, writeFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import { chromiumProgram } from '../support/browser.ts';
import { it, patience, type Board } from './support/board.ts';
import { addStudio } from './support/studio.ts';

/** CONTRIBUTING.md has the command that makes the pictures of the README and of docs/pages.md anew. */
const folder = new URL(`../../${process.env['PICTURES'] ?? 'test/artifacts'}/`, import.meta.url);

/** The largest a picture may be, in bytes: they are kept with the source. */
const MAX_BYTES = 100_000;

/** How wide pages of GitHub show a picture at most, and the smallest text that is legible there, in pixels. */
const README_WIDTH = 830;
const LEGIBLE = 10;

/** Each has as many pixels as the screens that it stands for: 1440 and 780, of a phone that has two for each of its 390. */
const DEVICES = [
  { suffix: '', viewport: { width: 960, height: 640 }, scale: 1.5 },
  { suffix: '-phone', viewport: { width: 390, height: 760 }, scale: 2 },
] as const;

type Device = (typeof DEVICES)[number];

const VIEWS = (['light', 'dark'] as const).flatMap((colorScheme) =>
  DEVICES.map((device) => ({ colorScheme, device, width: device.viewport.width })),
);

describe.skipIf(chromiumProgram.skip)(`pictures by ${chromiumProgram.label}`, () => {
  describe.for(VIEWS)('in $colorScheme, $width px wide', ({ colorScheme, device }) => {
    const { viewport, suffix } = device;
    it.override({ view: { colorScheme, viewport } });
    const take = (page: Page, name: string) =>
      takePicture(page, device, `${name}-${colorScheme}${suffix}.webp`);

    it('show the list of the job board', async ({ gateway, board }) => {
      addStudio(gateway.emulator);
      await board.open();
      await board.row('north-by-rail-episode-12').first().waitFor();
      await expect.poll(() => board.page.getByText('Live').count(), patience).toBe(1);
      await expectLegible(board);
      await take(board.page, 'board');
    });

    it('show an open job', async ({ gateway, board }) => {
      await board.open(`/board?job=${addStudio(gateway.emulator)}`);
      await board.panel.getByText('Open in the IDE').waitFor();
      await expectLegible(board);
      await take(board.page, 'job');
    });

    it('show the overview', async ({ gateway, board }) => {
      addStudio(gateway.emulator);
      await board.open('/board?view=overview');
      await board.page.getByRole('button', { name: '24 hours' }).click();
      await board.page.getByText(/^All \d+ jobs, read at /).waitFor();
      await expectLegible(board);
      await take(board.page, 'overview');
    });

    it('show the IDE', async ({ gateway, board }) => {
      const variables = JSON.stringify({ id: addStudio(gateway.emulator) }, null, 2);
      await board.open(`/?${String(new URLSearchParams({ operation: 'package-job', variables }))}`);
      await board.page.getByRole('button', { name: 'Execute query' }).click();
      const result = board.page.getByLabel('Result Window').locator('.view-lines');
      await expect.poll(() => result.innerText(), patience).toContain('SUCCESS');
      await expect.poll(() => countColors(board.page), patience).toBeGreaterThan(2);
      await expectLegible(board);
      await take(board.page, 'ide');
    });
  });
});

/** The smallest text in the picture, as pages of GitHub show it. */
async function expectLegible({ page }: Board): Promise<void> {
  const { size, text } = await page.evaluate<{ size: number; text: string }>(`(() => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    let smallest = { size: Infinity, text: '' };
    while (texts.nextNode()) {
      const { parentElement, data } = texts.currentNode;
      const range = document.createRange();
      range.selectNodeContents(texts.currentNode);
      const { top, bottom, width } = range.getBoundingClientRect();
      const isShown = width > 1 && bottom > 0 && top < innerHeight && parentElement.checkVisibility();
      if (!isShown || data.trim() === '' || parentElement.closest('.hidden')) continue;
      const size = parseFloat(getComputedStyle(parentElement).fontSize);
      if (size < smallest.size) smallest = { size, text: data };
    }
    return smallest;
  })()`);
  const { width } = page.viewportSize() ?? { width: 0 };
  const shown = size * Math.min(1, README_WIDTH / width);
  expect([text, shown >= LEGIBLE]).toEqual([text, true]);
}

/** How many colours the words in the editor have. At first they have one. */
function countColors(page: Page): Promise<number> {
  return page.evaluate<number>(`(() => {
    const words = [...document.querySelectorAll('.graphiql-query-editor .view-line span span')];
    return new Set(words.map((word) => getComputedStyle(word).color)).size;
  })()`);
}

/** Playwright takes no WebP, which is a third of a PNG's size; Chromium itself does. */
async function takePicture(page: Page, { viewport, scale }: Device, name: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const clip = { x: 0, y: 0, ...viewport, scale };
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 70, clip });
  const picture = Buffer.from(data, 'base64');
  await mkdir(folder, { recursive: true });
  await writeFile(new URL(name, folder), picture);
  expect(picture.length).toBeLessThan(MAX_BYTES);
}
