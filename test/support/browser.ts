import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { findProgram } from './program.ts';

/** The browser on this machine; playwright-core brings none. */
export const chromiumProgram = findProgram({
  name: 'Chromium',
  candidates: [
    '/usr/bin/chromium',
    'chromium',
    'chromium-browser',
    'google-chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  ],
  install: 'apt-get install --yes chromium',
});

/** Starts Chromium without a window, unable to resolve any name or to call home. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumProgram.path,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ],
  });
}

/** What a page did that nobody should see. */
export interface Observations {
  /** URLs asked for outside the origin; each was refused. */
  readonly foreignRequests: readonly string[];
  /** Errors and warnings in the console, uncaught ones and Content-Security-Policy violations among them. */
  readonly complaints: readonly string[];
}

/**
 * A new page in a profile of its own that can reach `origin` only, and what it has done so far.
 *
 * @param others origins that it can reach besides. @default none
 */
export async function openPage(
  browser: Browser,
  origin: string,
  options: Pick<BrowserContextOptions, 'colorScheme' | 'viewport' | 'reducedMotion' | 'timezoneId'> = {},
  others: readonly string[] = [],
): Promise<{ page: Page; observed: Observations }> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  // Sooner than a test times out, so that the failure names the element waited for.
  context.setDefaultTimeout(10_000);
  const foreignRequests: string[] = [];
  const complaints: string[] = [];

  await context.route(
    (url) => url.origin !== new URL(origin).origin && !others.includes(url.origin),
    async (route) => {
      foreignRequests.push(route.request().url());
      await route.abort();
    },
  );
  const page = await context.newPage();
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { page, observed: { foreignRequests, complaints } };
}
