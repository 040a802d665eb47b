import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { arePagesBuilt } from '../../src/server/http/pages.ts';
import { chromiumProgram, launchBrowser, openPage, type Observations } from '../support/browser.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startLine } from '../support/line.ts';

const screenshot = fileURLToPath(new URL('../artifacts/ide.png', import.meta.url));

/** How long the page may take to come round, on a machine that is busy with other suites. */
const patience = { timeout: 10_000 };

const link = (params: Readonly<Record<string, string>>) => `/?${String(new URLSearchParams(params))}`;

describe.skipIf(chromiumProgram.skip)(`the IDE in ${chromiumProgram.label}`, () => {
  let gateway: TestGateway | undefined;
  let browser: Browser | undefined;
  let origin: string;
  let page: Page;
  let observed: Observations;

  beforeAll(async () => {
    const isBuilt = arePagesBuilt(new URL('../../web/dist/', import.meta.url));
    assert(isBuilt, 'web/dist is not built: npm run build:web');
    browser = await launchBrowser();
    gateway = await startGateway();
    origin = gateway.url;
  });

  afterAll(async () => {
    await browser?.close();
    await gateway?.close();
  });

  beforeEach(async () => {
    assert(browser);
    ({ page, observed } = await openPage(browser, origin));
  });

  // After every test, so that each also says: nothing left the origin, nothing was refused, nothing went wrong.
  afterEach(async () => {
    await page.context().close();
    assert.deepEqual(observed, { foreignRequests: [], complaints: [] });
  });

  const editor = () => page.getByLabel('Operation Editor').locator('.view-lines');
  // Monaco's spaces do not break.
  const result = async () =>
    (await page.getByLabel('Result Window').locator('.view-lines').innerText()).replaceAll('\u00a0', ' ');
  const execute = () => page.getByRole('button', { name: 'Execute query' });
  const stop = () => page.getByRole('button', { name: 'Stop query' });
  const tabs = () => page.getByRole('tab').allInnerTexts();
  const selectedTab = () => page.getByRole('tab', { selected: true }).innerText();

  const open = async (path = '/') => {
    await page.goto(new URL(path, origin).href);
    // Until the editor is there, GraphiQL shows a spinner in its place and ignores the execute button.
    await editor().waitFor();
  };

  it('has a tab for each example operation, the one for a single job in front', async () => {
    await open();
    await expect(tabs()).resolves.toEqual([
      'PackageJob',
      'Node',
      'PackageJobUpdated',
      'PackageJobWait',
      'PackageJobsById',
      'PackageJobsUpdated',
      'PackageJobs',
      'SubmitPackageJob',
      'Viewer',
    ]);
    await expect(selectedTab()).resolves.toBe('PackageJob');
    await expect(page.title()).resolves.toBe('Package Job Gateway');
  });

  it('runs the prefilled query with one click', async () => {
    await open();
    await execute().click();

    await expect.poll(() => result(), patience).toContain('"name": "job-name"');
    await expect(result()).resolves.toContain('"status": "INIT"');
    await page.screenshot({ path: screenshot });
  });

  it('runs the other examples as they stand', async () => {
    assert(gateway);
    await open();
    for (const tab of await page.getByRole('tab').all()) {
      const name = await tab.innerText();
      // It waits for as long as the example asks it to.
      if (name === 'PackageJobWait') continue;
      await tab.click();
      await execute().click();
      // It tells of jobs that are new from now on, or were just added.
      if (name === 'PackageJobsUpdated') gateway.emulator.jobs.add();
      await expect.poll(() => result(), patience).toMatch(/^\{\s+"data": \{\s+"\w+": [[{]/);
      await expect(result()).resolves.not.toContain('"errors"');
      if (name.endsWith('Updated')) await stop().click();
    }
  });

  it('shows a job finishing, by a subscription that then ends', async () => {
    assert(gateway);
    const id = gateway.emulator.jobs.add({ finishTime: Infinity });
    await open(link({ operation: 'package-job-updated', variables: JSON.stringify({ ids: [id] }) }));
    await execute().click();
    await expect.poll(() => result(), patience).toContain('"status": "INIT"');
    gateway.emulator.jobs.finish(id);
    await expect.poll(() => result(), patience).toContain('"status": "SUCCESS"');
    await execute().waitFor();
  });

  it('says that it reconnects while connections are refused, and then shows how the job ended', async () => {
    assert(gateway && browser);
    const line = await startLine(gateway.url);
    onTestFinished(() => line.close());
    await page.context().close();
    ({ page } = await openPage(browser, line.url));
    const id = gateway.emulator.jobs.add({ finishTime: Infinity });
    const path = link({ operation: 'package-job-updated', variables: JSON.stringify({ ids: [id] }) });
    await page.goto(new URL(path, line.url).href);
    await editor().waitFor();
    await execute().click();
    await expect.poll(() => result(), patience).toContain('"status": "INIT"');
    await line.refuse();
    gateway.emulator.jobs.finish(id);
    await expect.poll(() => page.getByText('Reconnecting').count(), patience).toBe(1);
    await line.restore();
    await expect.poll(() => result(), patience).toContain('"status": "SUCCESS"');
    await expect.poll(() => page.getByText('Reconnecting').count(), patience).toBe(0);
  });

  it('waits for a job', async () => {
    assert(gateway);
    const id = gateway.emulator.jobs.add({ finishTime: Infinity });
    await open(link({ operation: 'package-job-wait', variables: JSON.stringify({ id }) }));
    await execute().click();
    await expect.poll(() => gateway?.emulator.countRequests('GetPackageJob'), patience).toBeGreaterThan(0);
    await expect(result()).resolves.toBe('');
    gateway.emulator.jobs.finish(id);
    await expect.poll(() => result(), patience).toContain('"status": "SUCCESS"');
  });

  it('keeps a click that comes before the editor has loaded', async () => {
    const clicked = Promise.withResolvers<void>();
    await page.route('**/monaco-editor-*.js', async (route) => {
      await clicked.promise;
      await route.continue();
    });
    await page.goto(origin, { waitUntil: 'commit' });
    await execute().click();
    clicked.resolve();
    await expect.poll(() => result(), patience).toContain('"name": "job-name"');
  });

  it('documents the schema', async () => {
    await open();
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    await page.getByRole('link', { name: 'Query', exact: true }).click();
    const field = page.getByRole('link', { name: 'packageJobsById', exact: true });
    await expect.poll(() => field.isVisible(), patience).toBe(true);
  });

  it('remembers what was run', async () => {
    await open();
    await execute().click();
    await page.getByRole('button', { name: 'Show History' }).click();
    const entries = page.getByRole('region', { name: 'History' }).getByRole('listitem');
    await expect.poll(() => entries.allInnerTexts(), patience).toEqual(['PackageJob']);
  });

  it('keeps what the visitor wrote', async () => {
    await open();
    await editor().click();
    await page.keyboard.press('Control+Home');
    await page.keyboard.type('# mine ');
    // GraphiQL stores half a second after the last key.
    const stored = () => page.evaluate('localStorage["graphiql:tabState"]');
    await expect.poll(stored, patience).toContain('# mine ');

    await page.reload();
    await expect.poll(() => editor().innerText(), patience).toContain('mine');
    await expect(tabs()).resolves.toHaveLength(9);
  });

  it('opens the example a link names, beside the others', async () => {
    await open('/?operation=package-jobs');
    await expect(selectedTab()).resolves.toBe('PackageJobs');
    await expect.poll(() => editor().innerText(), patience).toContain('pageInfo');
    await expect(tabs()).resolves.toHaveLength(9);

    await open('/?operation=node');
    await expect(selectedTab()).resolves.toBe('Node');
    await expect(tabs()).resolves.toHaveLength(9);
    expect(page.url()).toBe(`${origin}/`);
  });

  it('opens the query and the variables that a link brings, and runs nothing by itself', async () => {
    const query = 'query Mine($id: ID!) { packageJob(id: $id) { priority } }';
    const variables = '{"id":"ab4802364a2e49208c99efab82dfa8e8"}';
    await open(link({ query, variables }));
    await expect(selectedTab()).resolves.toBe('Mine');
    await expect(result()).resolves.toBe('');
    await execute().click();
    await expect.poll(() => result(), patience).toContain('"priority": 6');
  });

  it('shows what an answer cost upstream', async () => {
    await open(link({ query: '{ packageJob(id: "no-such-job") { id } }' }));
    await execute().click();
    await expect.poll(() => result(), patience).toMatch(/"upstream": \{\s+"calls": 1,/);
  });
});
