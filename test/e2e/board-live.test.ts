import { setTimeout as passes } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import { chromiumProgram } from '../support/browser.ts';
import { addFinished, FAILURE, it, itOnLine, patience } from './support/board.ts';

describe.skipIf(chromiumProgram.skip)(`the live job board in ${chromiumProgram.label}`, () => {
  it('moves a row to its end without a reload, and announces it', async ({ gateway, board }) => {
    const { jobs } = gateway.emulator;
    const [good, bad] = ['good', 'bad'].map((name) => jobs.add({ name, finishTime: Infinity }));
    jobs.add({ name: 'slow', finishTime: Infinity });
    await board.open();
    // A job that has ended before the list is there has no end to announce.
    await expect.poll(board.names, patience).toHaveLength(3);
    await expect.poll(() => board.page.getByText('Live').count(), patience).toBe(1);
    jobs.finish(good ?? '', { status: 'Success' });
    await expect.poll(() => board.statusOf('good'), patience).toBe('Succeeded');
    await expect.poll(() => board.page.getByText('good: Succeeded').count(), patience).toBe(1);
    jobs.finish(bad ?? '', FAILURE);
    await expect.poll(() => board.statusOf('bad'), patience).toBe('Failed');
    await expect(board.row('bad').innerText()).resolves.toContain(FAILURE.message);
    await expect(board.statusOf('slow')).resolves.toBe('In flight');
  });

  it('tells screen readers of ten ends at once in one sentence', async ({ gateway, board }) => {
    const { jobs } = gateway.emulator;
    const ids = Array.from({ length: 10 }, (_, index) =>
      jobs.add({ name: `job ${String(index)}`, finishTime: Infinity }),
    );
    await board.open();
    await expect.poll(board.names, patience).toHaveLength(10);
    await expect.poll(() => board.page.getByText('Live').count(), patience).toBe(1);
    const said = collectTexts(board.page, '[role=status], output');
    for (const id of ids) jobs.finish(id, { status: 'Success' });
    await expect.poll(said, patience).toEqual(['10 jobs have finished, 0 of them failed']);
    await expect(board.rows.getByText('Succeeded').count()).resolves.toBe(10);
  });

  it('moves the open job along with its row, and brings what only an ended job has', async ({
    gateway,
    board,
  }) => {
    const { jobs } = gateway.emulator;
    const id = jobs.add({ name: 'mine', finishTime: Infinity });
    await board.open(`/board?job=${id}`);
    await board.panel.getByText('In flight').waitFor();
    jobs.finish(id);
    await expect.poll(() => board.panel.locator('.status').innerText(), patience).toBe('Succeeded');
    await expect.poll(() => board.statusOf('mine'), patience).toBe('Succeeded');
    await expect(board.panel.innerText()).resolves.toContain('video.m3u8');
    await expect.poll(() => board.panel.getByRole('link', { name: /^http/ }).count(), patience).toBe(1);
  });

  it('shows a job that somebody else submits by itself, and moves it out of a list that it leaves', async ({
    gateway,
    board,
  }) => {
    const { jobs } = gateway.emulator;
    jobs.add({ name: 'first', createTime: Date.now() - 60_000, finishTime: Infinity });
    await board.open('/board?status=INIT');
    await expect.poll(board.names, patience).toEqual(['first']);
    await expect.poll(() => board.page.getByText('Live').count(), patience).toBe(1);
    const second = jobs.add({ name: 'second', createTime: Date.now() - 2000, finishTime: Infinity });
    const third = jobs.add({ name: 'third', createTime: Date.now(), finishTime: Infinity });
    await expect.poll(board.names, patience).toEqual(['third', 'second', 'first']);
    jobs.finish(second, { status: 'Success' });
    await expect.poll(() => board.row('second').innerText(), patience).toContain('now succeeded');
    await expect.poll(board.names, patience).toEqual(['third', 'first']);
    await board.page.getByText('All', { exact: true }).click();
    await expect.poll(board.names, patience).toEqual(['third', 'second', 'first']);
    jobs.finish(third, { status: 'Success' });
    await expect.poll(() => board.statusOf('third'), patience).toBe('Succeeded');
  });

  it('lets new jobs wait while somebody reads, and says in the title what is in flight', async ({
    gateway,
    board,
  }) => {
    const { page } = board;
    addFinished(gateway, ...Array.from({ length: 40 }, (_, index) => `job ${String(index)}`));
    await board.open();
    await board.loaded.getByText('40 jobs').waitFor();
    await expect.poll(() => page.getByText('Live').count(), patience).toBe(1);
    await page.evaluate('scrollTo(0, 1000)');
    const before = await page.evaluate('document.elementFromPoint(300, 300).closest("li").innerText');
    for (const name of ['one', 'two']) gateway.emulator.jobs.add({ name, finishTime: Infinity });
    await page.getByRole('button', { name: '2 new' }).waitFor();
    await expect(page.title()).resolves.toBe('Job board');
    expect(await page.evaluate('document.elementFromPoint(300, 300).closest("li").innerText')).toBe(before);
    await page.getByRole('button', { name: '2 new' }).click();
    await board.row('one').waitFor();
    expect((await board.names()).slice(0, 2).toSorted()).toEqual(['one', 'two']);
    expect(await page.evaluate('document.activeElement.textContent')).toMatch(/one|two/);
    await expect.poll(() => page.title(), patience).toBe('2 in flight · Job board');
    // At the start of the list they come by themselves.
    const id = gateway.emulator.jobs.add({ name: 'three', finishTime: Infinity });
    await board.row('three').waitFor();
    await expect.poll(() => page.title(), patience).toBe('3 in flight · Job board');
    await page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    });
    gateway.emulator.jobs.finish(id);
    await expect.poll(() => page.title(), patience).toBe('(1) 2 in flight · Job board');
  });

  it('watches a job that was submitted here', async ({ gateway, board }) => {
    const { jobs } = gateway.emulator;
    await board.open();
    await board.page.getByRole('button', { name: 'Submit a job' }).click();
    await board.page.getByLabel('Input 1').fill('oss://bucket/a.mp4');
    await board.page.getByLabel('Output').fill('oss://bucket/a.m3u8');
    await board.page.getByLabel('Name').fill('brand new');
    await board.page.getByRole('button', { name: 'Submit', exact: true }).click();
    await board.panel.getByRole('heading', { name: 'brand new' }).waitFor();
    await expect.poll(() => board.statusOf('brand new'), patience).toBe('In flight');
    jobs.finish(new URL(board.page.url()).searchParams.get('job') ?? '');
    await expect.poll(() => board.statusOf('brand new'), patience).toBe('Succeeded');
    await expect(board.panel.locator('.status').innerText()).resolves.toBe('Succeeded');
  });

  it('says when changes are refused, until trying again helps', async ({ gateway, board }) => {
    const id = gateway.emulator.jobs.add({ name: 'mine', finishTime: Infinity });
    let isRefusing = true;
    await board.page.routeWebSocket('**/graphql', (socket) => {
      const server = socket.connectToServer();
      socket.onMessage((message) => {
        const { id, type } = JSON.parse(String(message)) as { id?: string; type: string };
        if (!isRefusing || type !== 'subscribe') return server.send(message);
        const payload = [{ message: 'Not now', extensions: { code: 'OVERLOADED', retryable: true } }];
        return socket.send(JSON.stringify({ id, type: 'error', payload }));
      });
    });
    await board.open();
    const alert = board.page.getByRole('alert');
    await expect
      .poll(() => alert.allInnerTexts(), patience)
      .toEqual([expect.stringContaining('Not now OVERLOADED')]);
    isRefusing = false;
    await board.page.getByRole('button', { name: 'Try again' }).click();
    await expect.poll(() => alert.count(), patience).toBe(0);
    gateway.emulator.jobs.finish(id);
    await expect.poll(() => board.statusOf('mine'), patience).toBe('Succeeded');
  });

  it('survives a restart of the gateway, and shows what happened meanwhile', async ({ gateway, board }) => {
    const { jobs } = gateway.emulator;
    const [first, second] = ['first', 'second'].map((name) => jobs.add({ name, finishTime: Infinity }));
    await board.open();
    await expect.poll(() => board.page.getByText('Live').count(), patience).toBe(1);
    await gateway.restart(() => {
      jobs.finish(first ?? '', { status: 'Success' });
      jobs.add({ name: 'third', finishTime: Infinity });
    });
    await expect.poll(board.names, patience).toEqual(['third', 'second', 'first']);
    await expect.poll(() => board.statusOf('first'), patience).toBe('Succeeded');
    await expect.poll(() => board.page.getByText('Live').count(), patience).toBe(1);
    jobs.finish(second ?? '', FAILURE);
    await expect.poll(() => board.statusOf('second'), patience).toBe('Failed');
  });

  itOnLine(
    'says that it reconnects, and nothing else, while connections are refused for 3 s',
    async ({ gateway, line, board }) => {
      const { jobs } = gateway.emulator;
      const id = jobs.add({ name: 'mine', finishTime: Infinity });
      await board.open(`/board?job=${id}`);
      await expect.poll(() => board.page.getByText('Live').count(), patience).toBe(1);
      const alerts = collectTexts(board.page, '[role=alert]');
      await line.refuse();
      jobs.finish(id, { status: 'Success' });
      jobs.add({ name: 'other', finishTime: Infinity });
      await expect.poll(() => board.page.getByText('Reconnecting').count(), patience).toBe(1);
      await board.page.getByText('Failed', { exact: true }).click();
      await passes(3_000);
      await expect(board.page.getByText('Reconnecting').count()).resolves.toBe(1);
      await line.restore();
      await expect.poll(() => board.panel.locator('.status').innerText(), patience).toBe('Succeeded');
      await board.page.getByText('All', { exact: true }).click();
      await expect.poll(board.names, patience).toEqual(['other', 'mine']);
      await expect.poll(() => board.statusOf('mine'), patience).toBe('Succeeded');
      await expect.poll(() => board.page.getByText('Live').count(), patience).toBe(1);
      expect(await alerts()).toEqual([]);
    },
  );
});

/** Collects the texts that elements show from now on, however shortly; the same one in a row counts once. */
function collectTexts(page: Page, selector: string): () => Promise<unknown> {
  void page.evaluate(`
    globalThis.texts = [];
    new MutationObserver(() => {
      for (const { textContent } of document.querySelectorAll(${JSON.stringify(selector)}))
        if (textContent !== '' && textContent !== texts.at(-1)) texts.push(textContent);
    }).observe(document, { childList: true, characterData: true, subtree: true });
  `);
  return () => page.evaluate('texts');
}
