import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished } from 'vitest';
import { believableDuration } from '../../src/emulator/lifecycle.ts';
import { chromiumProgram, openPage } from '../support/browser.ts';
import { run } from '../support/process.ts';
import { findProgram } from '../support/program.ts';
import { it } from './support/board.ts';

const curl = findProgram({ name: 'curl', candidates: ['curl'], install: 'apt-get install --yes curl' });

/** As long as the emulator lets a job take at the very most. */
const patience = { timeout: 20_000 };

/** What the form is filled with: a name that the emulator is done with soonest. */
const OUTPUT = { Type: 'OSS', Media: 'oss://bucket/path/to/video.m3u8' } as const;
const input = soonest('oss://bucket/path/to/video');

describe.skipIf(chromiumProgram.skip || curl.skip)(
  `a stranger, with ${chromiumProgram.label} and ${curl.label}`,
  { timeout: 60_000 },
  () => {
    it('starts it, submits a job, sees it finish, and asks for it by the copied command', async ({
      browser,
    }) => {
      const program = run('main.ts', { PORT: '0', METRICS_PORT: '0' });
      onTestFinished(() => program.signal('SIGTERM'));
      const [, address = ''] = await program.waitFor(/Job board +(http:\S+)/);
      const { page, observed } = await openPage(browser, new URL(address).origin);
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);

      await page.goto(address);
      await page.getByRole('button', { name: 'Submit a job' }).click();
      await page.getByLabel('Name').fill("the stranger's");
      await page.getByLabel('Input 1').fill(input);
      await page.getByLabel('Output').fill(OUTPUT.Media);
      await page.getByRole('button', { name: 'Submit', exact: true }).click();
      const panel = page.getByRole('complementary');
      await panel.getByRole('heading', { name: "the stranger's" }).waitFor();
      await expect.poll(() => panel.locator('.status').innerText(), patience).toBe('Succeeded');

      await panel.getByRole('button', { name: 'Copy as curl' }).click();
      await panel.getByText('✓ copied').waitFor();
      const command = await page.evaluate(() => navigator.clipboard.readText());
      const { stdout } = await promisify(execFile)('sh', ['-c', command]);
      expect(JSON.parse(stdout)).toMatchObject({
        data: { packageJob: { name: "the stranger's", status: 'SUCCESS' } },
      });

      await page.context().close();
      program.signal('SIGTERM');
      expect(await program.ended).toBe(0);
      expect(observed).toEqual({ foreignRequests: [], complaints: [] });
    });
  },
);

/** The emulator takes 5 to 15 s for a job, by its media: names whose job takes little more than 5. */
function soonest(stem: string): string {
  const names = Array.from({ length: 200 }, (_, index) => `${stem}-${String(index)}.mp4`);
  return names.reduce((best, name) => (durationOf(name) < durationOf(best) ? name : best));
}

function durationOf(input: string): number {
  return believableDuration([{ Type: 'OSS', Media: input }], OUTPUT);
}
