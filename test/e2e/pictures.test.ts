import { mkdir, writeFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import type { Emulator } from '../../src/emulator/server.ts';
import { chromiumProgram } from '../support/browser.ts';
import { FAILURE, it, patience } from './support/board.ts';

/** `PICTURES=docs/images npx vitest run test/e2e/pictures.test.ts` makes the README's pictures anew. */
const folder = new URL(`../../${process.env['PICTURES'] ?? 'test/artifacts'}/`, import.meta.url);

/** The largest a picture may be, in bytes: they are kept with the source. */
const MAX_BYTES = 100_000;

const MINUTE = 60_000;

describe.skipIf(chromiumProgram.skip)(`pictures by ${chromiumProgram.label}`, () => {
  describe.for(['light', 'dark'] as const)('in %s', (colorScheme) => {
    it.override({ view: { colorScheme, viewport: { width: 1200, height: 700 } } });

    it('show the job board', async ({ gateway, board }) => {
      await board.open(`/board?job=${addJobs(gateway.emulator)}`);
      await expect.poll(() => board.page.getByText('Live').count(), patience).toBe(1);
      await board.panel.getByText('Copy as curl').waitFor();
      const picture = await take(board.page, `board-${colorScheme}.webp`);
      expect(picture.length).toBeLessThan(MAX_BYTES);
    });

    it('show the IDE', async ({ gateway, board }) => {
      const variables = JSON.stringify({ id: addJobs(gateway.emulator) }, null, 2);
      await board.open(`/?${String(new URLSearchParams({ operation: 'package-job', variables }))}`);
      await board.page.getByRole('button', { name: 'Execute query' }).click();
      const result = board.page.getByLabel('Result Window').locator('.view-lines');
      await expect.poll(() => result.innerText(), patience).toContain('SUCCESS');
      const picture = await take(board.page, `ide-${colorScheme}.webp`);
      expect(picture.length).toBeLessThan(MAX_BYTES);
    });
  });
});

/** Playwright takes no WebP, which is a third of a PNG's size; Chromium itself does. */
async function take(page: Page, name: string): Promise<Buffer> {
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 80 });
  const picture = Buffer.from(data, 'base64');
  await mkdir(folder, { recursive: true });
  await writeFile(new URL(name, folder), picture);
  return picture;
}

/** A believable morning: two jobs in flight, one that failed, the others done. Returns the id of the one to open. */
function addJobs({ jobs }: Emulator): string {
  const add = (name: string, age: number, took: number, failed = false) => {
    const createTime = Date.now() - age * MINUTE;
    const folder = `oss://studio-packages/${name}`;
    return jobs.add({
      name,
      inputs: ['1080p', '720p', '480p'].map((height) => ({ Type: 'OSS', Media: `${folder}/${height}.mp4` })),
      output: { Type: 'OSS', Media: `${folder}/master.m3u8` },
      userData: `{"owner": "ana"}`,
      createTime,
      finishTime: createTime + took * MINUTE,
      ...(failed && { outcome: FAILURE }),
    });
  };
  add('harbour-lights-trailer', 0.2, Infinity);
  add('paper-cranes-episode-4', 2.6, Infinity);
  const id = add('north-by-rail-episode-12', 5, 3.4);
  add('paper-cranes-episode-3', 9, 4.1);
  add('kitchen-at-dawn-recap', 14, 0.7, true);
  add('the-long-tide-interview-15', 31, 6.2);
  add('café-noir-behind-the-scenes', 48, 2.9);
  add('north-by-rail-episode-11', 95, 3.3);
  add('harbour-lights-episode-1', 190, 8.8);
  return id;
}
