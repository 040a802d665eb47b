import { describe, expect } from 'vitest';
import { chromiumProgram } from '../support/browser.ts';
import { FAILURE, it, patience } from './support/board.ts';

describe.skipIf(chromiumProgram.skip)(`the live job board in ${chromiumProgram.label}`, () => {
  it('moves a row to its end without a reload, and announces it', async ({ gateway, board }) => {
    const { jobs } = gateway.emulator;
    const [good, bad] = ['good', 'bad'].map((name) => jobs.add({ name, finishTime: Infinity }));
    jobs.add({ name: 'slow', finishTime: Infinity });
    await board.open();
    await expect.poll(() => board.page.getByText('Live').count(), patience).toBe(1);
    jobs.finish(good ?? '', { status: 'Success' });
    await expect.poll(() => board.statusOf('good'), patience).toBe('Succeeded');
    await expect.poll(() => board.page.getByText('good: Succeeded').count(), patience).toBe(1);
    jobs.finish(bad ?? '', FAILURE);
    await expect.poll(() => board.statusOf('bad'), patience).toBe('Failed');
    await expect(board.row('bad').innerText()).resolves.toContain(FAILURE.message);
    await expect(board.statusOf('slow')).resolves.toBe('In flight');
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

  it('watches a job that was submitted here', async ({ gateway, board }) => {
    const { jobs } = gateway.emulator;
    await board.open();
    await board.page.getByRole('button', { name: 'Submit a job' }).click();
    await board.page.getByLabel('Name').fill('brand new');
    await board.page.getByRole('button', { name: 'Submit', exact: true }).click();
    await expect.poll(() => board.statusOf('brand new'), patience).toBe('In flight');
    jobs.finish(new URL(board.page.url()).searchParams.get('job') ?? '');
    await expect.poll(() => board.statusOf('brand new'), patience).toBe('Succeeded');
    await expect(board.panel.locator('.status').innerText()).resolves.toBe('Succeeded');
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
});
