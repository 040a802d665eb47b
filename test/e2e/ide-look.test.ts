import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import { findIssues } from '../support/accessibility.ts';
import { chromiumProgram } from '../support/browser.ts';
import { it, patience, type Board } from './support/board.ts';
import { VIEWPORTS } from './support/views.ts';

/** Variables of GraphiQL, and the colours of all pages that they repeat as hue, saturation and lightness. */
const REPEATED = {
  '--color-primary': '--accent',
  '--color-neutral': '--text',
  '--color-base': '--surface',
  '--color-info': '--INIT',
  '--color-success': '--SUCCESS',
  '--color-error': '--FAIL',
  '--color-warning': '--UNKNOWN',
};

/** Red, green and blue of a colour of CSS, as the IDE shows it. */
async function shownColor(page: Page, color: string): Promise<number[]> {
  const shown = await page.evaluate<string>(`(() => {
    const probe = document.querySelector('.graphiql-container').appendChild(document.createElement('i'));
    probe.style.color = ${JSON.stringify(color)};
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  })()`);
  return [...shown.matchAll(/\d+/g)].map(Number);
}

/** The colour of a word in the editor. */
function colorOf(page: Page, word: string): Promise<string | undefined> {
  return page.evaluate<string | undefined>(`(() => {
    const words = [...document.querySelectorAll('.graphiql-query-editor .view-line span')];
    const word = words.find(({ textContent }) => textContent === ${JSON.stringify(word)});
    return word && getComputedStyle(word).color;
  })()`);
}

/** The left and top edge, the width and the height of what the page shows, in pixels. */
async function boxOf(page: Page, selector: string) {
  const box = await page.locator(selector).boundingBox();
  return box ?? { x: 0, y: 0, width: 0, height: 0 };
}

async function open(board: Board): Promise<void> {
  await board.open('/');
  await board.page.getByLabel('Operation Editor').locator('.view-lines').waitFor();
}

/** Tabs that can be moved and closed are buttons in buttons in GraphiQL itself. */
const issuesOf = async (page: Page) =>
  (await findIssues(page)).filter((issue) => !issue.startsWith('nested-interactive: .graphiql-tab'));

describe.skipIf(chromiumProgram.skip)(`how the IDE looks in ${chromiumProgram.label}`, () => {
  describe.for(['light', 'dark'] as const)('in %s', (colorScheme) => {
    it.override({ view: { colorScheme } });

    it('has the colours of the board, and no serious accessibility issue', async ({ board }) => {
      const { page } = board;
      await open(board);
      for (const [variable, name] of Object.entries(REPEATED)) {
        const repeated = await shownColor(page, `hsl(var(${variable}))`);
        const original = await shownColor(page, `var(${name})`);
        // Numbers of `hsl` are rounded.
        const distance = Math.max(
          ...original.map((part, index) => Math.abs(part - (repeated[index] ?? NaN))),
        );
        expect([variable, original.length, distance <= 3]).toEqual([variable, 3, true]);
      }
      const accent = `rgb(${(await shownColor(page, 'var(--accent)')).join(', ')})`;
      await expect.poll(() => colorOf(page, '$id'), patience).toBe(accent);

      await page.getByRole('button', { name: 'Execute query' }).click();
      await expect.poll(() => page.getByLabel('Result Window').innerText(), patience).toContain('null');
      await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
      await page.getByRole('link', { name: 'Query', exact: true }).waitFor();
      expect(await issuesOf(page)).toEqual([]);
    });
  });

  describe.for(['light', 'dark'] as const)('on a phone in %s', (colorScheme) => {
    const viewport = VIEWPORTS.phone;
    it.override({ view: { viewport, colorScheme } });

    it('has the editor above the response, both over the whole width, and a pane covers them', async ({
      board,
    }) => {
      const { page } = board;
      await open(board);
      const editor = await boxOf(page, '.graphiql-editors');
      const response = await boxOf(page, '.graphiql-response');
      expect(editor.width).toBeGreaterThan(0.9 * viewport.width);
      expect(response.width).toBeGreaterThan(0.9 * viewport.width);
      expect(response.y).toBeGreaterThanOrEqual(editor.y + editor.height);
      expect(Math.min(editor.height, response.height)).toBeGreaterThan(0.3 * viewport.height);
      await expect(page.evaluate('document.documentElement.scrollWidth')).resolves.toBe(viewport.width);

      await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
      await page.getByRole('link', { name: 'Query', exact: true }).waitFor();
      expect(await boxOf(page, '.graphiql-plugin')).toEqual(await boxOf(page, '.graphiql-main'));
      expect(await issuesOf(page)).toEqual([]);
      await expect(page.evaluate('document.documentElement.scrollWidth')).resolves.toBe(viewport.width);

      await page.getByRole('button', { name: 'Hide Documentation Explorer' }).click();
      await page.getByRole('button', { name: 'Execute query' }).click();
      await expect.poll(() => page.getByLabel('Result Window').innerText(), patience).toContain('null');
      await page.getByRole('link', { name: 'Job board' }).click();
      await page.getByRole('heading', { name: 'Job board' }).waitFor();
    });
  });
});
