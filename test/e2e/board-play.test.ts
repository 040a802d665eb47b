import { mkdir, writeFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import { findIssues } from '../support/accessibility.ts';
import { chromiumProgram } from '../support/browser.ts';
import type { TestGateway } from '../support/gateway.ts';
import { addFinished, it as boardIt, patience, type Beyond } from './support/board.ts';
import { ffmpeg, startMedia, type Media } from './support/media.ts';
import { VIEWS } from './support/views.ts';

const ARTIFACTS = new URL('../artifacts/', import.meta.url);

/** What Chromium itself says of what is refused. */
const REFUSALS =
  /blocked by CORS policy|Failed to load resource|violates the following Content Security Policy/;

/** Nobody listens there. */
const UNREACHABLE = 'http://127.0.0.1:9';

const it = boardIt.extend<{ media: Media; beyond: Beyond }>({
  // eslint-disable-next-line no-empty-pattern -- vitest reads the pattern to know what a fixture needs
  media: async ({}, use) => {
    const media = await startMedia();
    await use(media);
    await media.close();
  },
  beyond: ({ media }, use) => use({ origins: [media.origin, UNREACHABLE], complaints: REFUSALS }),
});

// Decoders and the controls of browsers shade the green of the video.
const isDark = (part: number) => part < 40;
const isBright = (part: number) => part > 80;

/** A job that has ended with its package at this address. */
function addPackaged(gateway: TestGateway, OutputUrl: string): string {
  const [id = ''] = addFinished(gateway, 'mine');
  gateway.emulator.faults.add({ kind: 'patch', patch: { OutputUrl }, jobId: id, times: 'always' });
  return id;
}

/** The colour at the top of a picture, where no controls are: red, green, blue. */
async function colourOf(page: Page, png: Buffer): Promise<readonly number[]> {
  const blank = await page.context().newPage();
  const colour = await blank.evaluate<number[]>(`(async () => {
    const image = await (await fetch('data:image/png;base64,${png.toString('base64')}')).blob();
    const bitmap = await createImageBitmap(image);
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
    canvas.drawImage(bitmap, 0, 0);
    return [...canvas.getImageData(bitmap.width / 2, 8, 1, 1).data].slice(0, 3);
  })()`);
  await blank.close();
  return colour;
}

describe.skipIf(chromiumProgram.skip || ffmpeg.skip)(
  `a package on the job board in ${chromiumProgram.label} and by ${ffmpeg.label}`,
  () => {
    describe.for(VIEWS)('on $name', ({ name, view, width }) => {
      it.override({ view });

      it('plays in the page once it is asked for, and nothing else is asked', async ({
        gateway,
        media,
        board,
      }) => {
        const { page } = board;
        const scripts: string[] = [];
        page.on('response', (response) => void scripts.push(new URL(response.url()).pathname));
        const id = addPackaged(gateway, `${media.origin}/open/master.m3u8?Signature=example`);
        await board.open(`/board?job=${id}`);
        await board.panel.getByText('Copy as curl').waitFor();
        expect([scripts.filter((path) => /hls|player/.test(path)), media.requests]).toEqual([[], []]);

        await board.panel.getByRole('button', { name: 'Play' }).focus();
        await page.keyboard.press('Enter');
        const video = page.frameLocator('iframe').locator('video');
        await expect
          .poll(() => video.evaluate((element: HTMLVideoElement) => element.readyState), patience)
          .toBeGreaterThanOrEqual(2);
        const picture = () => page.locator('iframe').screenshot();
        await expect
          .poll(async () => colourOf(page, await picture()), patience)
          .toEqual([expect.toSatisfy(isDark), expect.toSatisfy(isBright), expect.toSatisfy(isDark)]);
        await mkdir(ARTIFACTS, { recursive: true });
        await writeFile(
          new URL(`player-${name.replaceAll(' ', '-')}.png`, ARTIFACTS),
          await page.screenshot(),
        );
        expect(await findIssues(page)).toEqual([]);
        await expect(page.evaluate('document.documentElement.scrollWidth')).resolves.toBe(width);
        expect(new Set(media.requests)).toEqual(
          new Set(['/open/master.m3u8', '/open/master0.ts', '/open/master1.ts']),
        );
        // The gateway is told the origin alone, as the rest can be signed.
        expect(scripts.join()).not.toContain('Signature');
        await page.keyboard.press('Enter');
        expect(await page.locator('iframe').count()).toBe(0);
      });
    });

    it(
      'says in plain words why it does not play',
      { timeout: 180_000 },
      async ({ gateway, media, board }) => {
        const cases = {
          [`${media.origin}/closed/master.m3u8`]: /no CORS rule for http:\/\/127.*or the file is private/,
          [`${media.origin}/403/master.m3u8`]: /The bucket refuses the file \(403\): it is private/,
          [`${media.origin}/open/gone.m3u8`]: /The bucket has lost the file \(404\)/,
          [`${media.origin}/text/master.m3u8`]: /no HLS playlist/,
          [`${media.origin}/elsewhere/master.m3u8`]: /refers to elsewhere\.test/,
          [`${media.origin}/text/film.mp4`]: /It may be no video/,
          [`${UNREACHABLE}/master.m3u8`]: /cannot be reached/,
        };
        for (const [url, words] of Object.entries(cases)) {
          await board.open(`/board?job=${addPackaged(gateway, url)}`);
          await board.panel.getByRole('button', { name: 'Play' }).click();
          const alert = board.page.frameLocator('iframe').getByRole('alert');
          await expect.poll(() => alert.innerText(), patience).toMatch(words);
        }
        const player = board.page.frames().at(-1);
        expect(await Promise.all([findIssues(board.page), player && findIssues(player)])).toEqual([[], []]);
      },
    );

    it('is not offered where browsers cannot play it, and the page says why', async ({ gateway, board }) => {
      const cases = {
        'https://bucket.oss-cn-shanghai.aliyuncs.com/master.mpd': 'This page plays HLS, not DASH.',
        'oss://bucket/master.m3u8': 'Browsers open no oss:// address',
      };
      for (const [url, words] of Object.entries(cases)) {
        await board.open(`/board?job=${addPackaged(gateway, url)}`);
        await board.panel.getByText(words).waitFor();
        expect(await board.panel.getByRole('button', { name: 'Play' }).count()).toBe(0);
      }
    });
  },
);
