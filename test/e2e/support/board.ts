import assert from 'node:assert/strict';
import type { Browser, Locator, Page } from 'playwright-core';
import { test } from 'vitest';
import { launchBrowser, openPage } from '../../support/browser.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { startLine, type Line } from '../../support/line.ts';
import type { View } from './views.ts';

/** How long the page may take to come round, on a machine that is busy with other suites. */
export const patience = { timeout: 10_000 };

/** How the jobs of tests fail. */
export const FAILURE = {
  status: 'Fail',
  code: 'InvalidParameter',
  message: 'Resource content bad.',
} as const;

const MINUTE = 60_000;

/** The job board in a browser. */
export interface Board {
  readonly page: Page;
  /** Opens `/board`, or another path of the gateway. */
  open(path?: string): Promise<void>;
  readonly rows: Locator;
  readonly panel: Locator;
  row(name: string): Locator;
  /** The names of the rows on the screen, in their order. */
  readonly names: () => Promise<string[]>;
  /** What a row calls its job's status. */
  statusOf(name: string): Promise<string>;
  /** What the list says of how many jobs are loaded. */
  readonly loaded: Locator;
  /** What the page says to screen readers. */
  readonly news: Locator;
}

/** What the browser may reach besides the gateway, and what it may say of that. */
export interface Beyond {
  readonly origins: readonly string[];
  readonly complaints?: RegExp;
}

interface BoardFixtures {
  /** Variables of the gateway. */
  env: Readonly<Record<string, string>>;
  view: View;
  browser: Browser;
  gateway: TestGateway;
  /** A line to the gateway that can fail. */
  line: Line;
  /** Where the browser reaches the gateway. */
  origin: string;
  beyond: Beyond;
  board: Board;
}

/**
 * `it` with a gateway in front of an emulator without jobs, and the board in a browser that reaches nothing else. Each
 * test also says that nothing tried to leave the origin, and that the console has no complaint.
 */
export const it = test.extend<BoardFixtures>({
  env: {},
  view: {},
  browser: [
    // eslint-disable-next-line no-empty-pattern -- vitest reads the pattern to know what a fixture needs
    async ({}, use) => {
      const browser = await launchBrowser();
      await use(browser);
      await browser.close();
    },
    { scope: 'file' },
  ],
  gateway: async ({ env }, use) => {
    // ICE is asked often, so that what changes there shows soon.
    const often = { POLL_MIN_MS: '100', JOB_MAX_AGE_MS: '100', MISSING_JOB_MAX_AGE_MS: '100' };
    const gateway = await startGateway({ env: { ...often, ...env }, emulator: { seed: 'none' } });
    await use(gateway);
    await gateway.close();
  },
  line: async ({ gateway }, use) => {
    const line = await startLine(gateway.url);
    await use(line);
    await line.close();
  },
  origin: ({ gateway }, use) => use(gateway.url),
  beyond: { origins: [] },
  board: async ({ browser, origin, view, beyond }, use) => {
    const { page, observed } = await openPage(browser, origin, view, beyond.origins);
    await use(boardOn(page, origin));
    await page.context().close();
    const complaints = observed.complaints.filter(
      (text) => !UNREACHABLE.test(text) && beyond.complaints?.test(text) !== true,
    );
    assert.deepEqual({ ...observed, complaints }, { foreignRequests: [], complaints: [] });
  },
});

/** `it` whose browser reaches the gateway by the line. */
export const itOnLine = it.extend<{ origin: string }>({ origin: ({ line }, use) => use(line.url) });

/** What Chromium itself says while a gateway is away, or asks for a token; a page cannot keep it from that. */
const UNREACHABLE =
  /status of 40[13] |ERR_(CONNECTION_(REFUSED|RESET)|EMPTY_RESPONSE|TIMED_OUT)|closed before the connection is established|Connection closed before/;

function boardOn(page: Page, origin: string): Board {
  const rows = page.getByRole('region', { name: 'Jobs' }).getByRole('listitem');
  const row = (name: string) => rows.filter({ hasText: name });
  return {
    page,
    open: async (path = '/board') => void (await page.goto(new URL(path, origin).href)),
    rows,
    row,
    panel: page.getByRole('complementary'),
    names: () => rows.getByRole('link').allInnerTexts(),
    loaded: page.locator('.head > p').first(),
    news: page.getByRole('status'),
    statusOf: (name) => row(name).locator('.status').innerText(),
  };
}

/** Adds jobs that took a minute and began a minute apart, the last one the newest; resolves to their ids. */
export function addFinished({ emulator }: TestGateway, ...names: readonly string[]): string[] {
  return names.map((name, index) => {
    const createTime = Date.now() - (names.length - index + 1) * MINUTE;
    return emulator.jobs.add({ name, createTime, finishTime: createTime + MINUTE });
  });
}
