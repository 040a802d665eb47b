import axe from 'axe-core';
import type { Frame, Page } from 'playwright-core';

/**
 * The serious and critical issues that axe-core finds on a page, or in a frame of it, such as `color-contrast: .row > small`. It does
 * not look into the frames of what it is given: those of another origin answer it nothing, and it would wait for them.
 */
export async function findIssues(page: Page | Frame): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<axe.AxeResults>('axe.run({ iframes: false })');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}
