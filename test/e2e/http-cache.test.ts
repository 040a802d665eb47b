import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chromiumProgram, launchBrowser } from '../support/browser.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

const JOB = 'query Job($id: ID!) { packageJob(id: $id) { id status } }';

/** Longer than any max-age here, on a machine that is busy with other suites. */
const patience = { timeout: 10_000 };

describe.skipIf(chromiumProgram.skip)(`the cache of ${chromiumProgram.label}`, () => {
  let gateway: TestGateway;
  let browser: Browser | undefined;
  let page: Page;
  /** The status of each answer of `/graphql`. */
  let statuses: unknown[];

  beforeAll(async () => {
    gateway = await startGateway({
      onLogLine: (line) => {
        const { path, status } = JSON.parse(line) as Record<string, unknown>;
        if (path === '/graphql') statuses.push(status);
      },
    });
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await gateway.close();
  });
  beforeEach(async () => {
    assert(browser);
    // Not openPage, which routes requests and thereby switches the cache off.
    page = await (await browser.newContext()).newPage();
    await page.goto(`${gateway.url}/livez`);
    statuses = [];
  });

  /** As a page reads a job by GET. */
  const read = (id: string) => {
    const search = new URLSearchParams({ query: JOB, variables: JSON.stringify({ id }) });
    return page.evaluate(async (url) => {
      const response = await fetch(url, { headers: { 'apollo-require-preflight': 'true' } });
      return response.text();
    }, `/graphql?${search.toString()}`);
  };

  it('answers for a finished job, without a request', async () => {
    const id = gateway.emulator.jobs.add({ finishTime: Date.now() });
    const first = await read(id);
    expect(await read(id)).toBe(first);
    expect(first).toContain('SUCCESS');
    expect(statuses).toEqual([200]);
  });

  it('answers for an unfinished job, asks again after its max-age, and takes a 304', async () => {
    const id = gateway.emulator.jobs.add({ createTime: Date.now() - 20_000, finishTime: Infinity });
    const first = await read(id);
    await read(id);
    expect(statuses).toEqual([200]);
    await expect.poll(async () => [await read(id), ...statuses], patience).toEqual([first, 200, 304]);
    gateway.emulator.jobs.finish(id, { status: 'Success' });
    await expect.poll(() => read(id), patience).toContain('SUCCESS');
    expect(statuses.at(-1)).toBe(200);
  });
});
