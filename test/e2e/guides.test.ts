import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { chromiumProgram, launchBrowser } from '../support/browser.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { writeSources } from '../support/guide.ts';
import { startLine, type Line } from '../support/line.ts';

/** How long a page may take to come round, on a machine that is busy with other suites. */
const patience = { timeout: 15_000 };

/** How an app shows a job by the code of a guide. The id, and where the gateway is, are in its address. */
const APPS = {
  'apollo-client': `
    import { ApolloProvider } from '@apollo/client/react';
    import { createRoot } from 'react-dom/client';
    import { createApolloClient, createSocket } from './client';
    import { Connection } from './connection';
    import { JobList } from './job-list';
    import { JobStatus } from './job-status';
    const params = new URLSearchParams(location.search);
    const url = params.get('url') ?? '';
    const id = params.get('id');
    const socket = createSocket(url);
    const client = createApolloClient(url, socket);
    createRoot(document.body).render(
      <ApolloProvider client={client}>
        <Connection socket={socket} />
        {id ? <JobStatus id={id} /> : <JobList />}
      </ApolloProvider>,
    );`,
  urql: `
    import { createRoot } from 'react-dom/client';
    import { Provider } from 'urql';
    import { createSocket, createUrqlClient } from './client';
    import { Connection } from './connection';
    import { JobStatus } from './job-status';
    const params = new URLSearchParams(location.search);
    const url = params.get('url') ?? '';
    const id = params.get('id');
    const socket = createSocket(url);
    createRoot(document.body).render(
      <Provider value={createUrqlClient(url, socket)}>
        <Connection socket={socket} />
        <JobStatus id={id} />
      </Provider>,
    );`,
  'graphql-ws': `
    import { createApp, h } from 'vue';
    import { useJob } from './use-job';
    import { createSocket } from './watch-jobs';
    const params = new URLSearchParams(location.search);
    createApp({
      setup() {
        const { job, connection } = useJob(createSocket(params.get('url') ?? ''), params.get('id') ?? '');
        return () => h('p', [connection.value === 'lost' && 'Reconnecting …', job.value?.status]);
      },
    }).mount(document.body);`,
} as const;

const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' };

/** Bundles an app as its developers would; resolves to the folder of its files. */
async function bundle(guide: keyof typeof APPS): Promise<string> {
  const root = writeSources(guide, {
    'index.html':
      '<!doctype html><link rel="icon" href="data:," /><script type="module" src="./main.tsx"></script>',
    'main.tsx': APPS[guide],
  });
  const outDir = join(root, 'dist');
  await build({ root, base: './', configFile: false, logLevel: 'error', build: { outDir, minify: false } });
  return outDir;
}

const textOf = (page: Page) => page.locator('body').innerText();

describe.skipIf(chromiumProgram.skip)(`the guides in ${chromiumProgram.label}`, () => {
  let browser: Browser;
  let gateway: TestGateway;
  beforeAll(async () => {
    browser = await launchBrowser();
    gateway = await startGateway({ env: { POLL_MIN_MS: '100', JOB_MAX_AGE_MS: '100' } });
  });
  afterAll(async () => {
    await browser.close();
    await gateway.close();
  });

  /** Opens an app at an origin of its own, which reaches the gateway by a line. */
  async function open(guide: keyof typeof APPS, id: string): Promise<{ page: Page; line: Line }> {
    const folder = await bundle(guide);
    const line = await startLine(gateway.url);
    const server = createServer(({ url = '' }, response) => {
      const { pathname } = new URL(url, 'http://app');
      const path = pathname === '/' ? '/index.html' : pathname;
      response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream');
      response.end(readFileSync(join(folder, path)));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const context = await browser.newContext();
    onTestFinished(async () => {
      await context.close();
      server.close();
      await line.close();
    });
    const page = await context.newPage();
    const search = new URLSearchParams({ url: `${line.url}/graphql`, id });
    const { port } = server.address() as AddressInfo;
    await page.goto(`http://127.0.0.1:${String(port)}/?${search.toString()}`);
    return { page, line };
  }

  it.for([
    ['apollo-client', 'packaging', 'done'],
    ['urql', 'INIT', 'SUCCESS'],
    ['graphql-ws', 'INIT', 'SUCCESS'],
  ] as const)(
    '%s as pasted says that it reconnects, and then shows the end of the job',
    async ([guide, before, after]) => {
      const id = gateway.emulator.jobs.add({ finishTime: Infinity });
      const { page, line } = await open(guide, id);
      await expect.poll(() => textOf(page), patience).toContain(before);
      await line.refuse();
      gateway.emulator.jobs.finish(id, { status: 'Success' });
      await expect.poll(() => textOf(page), patience).toContain('Reconnecting');
      expect(await textOf(page)).toContain(before);
      await line.restore();
      await expect.poll(() => textOf(page), patience).toContain(after);
      await expect.poll(() => textOf(page), patience).not.toContain('Reconnecting');
    },
  );

  it('a list keeps its pages, and the states of its jobs are live', async () => {
    const id = gateway.emulator.jobs.add({ name: 'live-job', finishTime: Infinity });
    const { page } = await open('apollo-client', '');
    const rows = page.getByRole('listitem');
    await expect.poll(() => rows.count(), patience).toBe(20);
    await page.getByRole('button', { name: 'More' }).click();
    await expect.poll(() => rows.count(), patience).toBe(40);
    gateway.emulator.jobs.finish(id, { status: 'Success' });
    await expect.poll(() => rows.filter({ hasText: 'live-job' }).innerText(), patience).toContain('SUCCESS');
    expect(await rows.count()).toBe(40);
  });
});
