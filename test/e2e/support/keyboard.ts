import type { Page } from 'playwright-core';

/** More than the page has stops. */
const MAX_STOPS = 60;

/** What a screen reader calls the element that has the focus. */
export const focused = (page: Page) =>
  page.evaluate<string>(`(({ activeElement: element }) =>
    element.getAttribute('aria-label') ?? element.labels?.[0]?.firstChild.textContent ?? element.textContent
  )(document)`);

/** Goes on with Tab, or another key, until the focus is there. */
export async function tabTo(page: Page, name: string, key = 'Tab'): Promise<void> {
  for (let stops = 0; stops < MAX_STOPS; stops += 1) {
    if ((await focused(page)) === name) return;
    await page.keyboard.press(key);
  }
  throw new Error(`${key} never comes to ${name}`);
}

/** Writes into the field of this name, in place of what is in it. */
export async function write(page: Page, name: string, text: string): Promise<void> {
  await tabTo(page, name);
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type(text);
}
