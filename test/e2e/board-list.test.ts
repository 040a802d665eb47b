import { describe, expect } from 'vitest';
import { chromiumProgram } from '../support/browser.ts';
import { addFinished, FAILURE, it, patience } from './support/board.ts';

describe.skipIf(chromiumProgram.skip)(`the list of the job board in ${chromiumProgram.label}`, () => {
  it('has the newest jobs first, each with its status and how long it took', async ({ gateway, board }) => {
    addFinished(gateway, 'older', 'newer');
    gateway.emulator.jobs.add({ name: 'newest', finishTime: Infinity });
    await board.open();
    await expect.poll(board.names, patience).toEqual(['newest', 'newer', 'older']);
    await expect(board.statusOf('newest')).resolves.toBe('In flight');
    await expect(board.statusOf('newer')).resolves.toBe('Succeeded');
    await expect(board.row('newer').innerText()).resolves.toContain('1 min 00 s');
  });

  it('says why a job failed', async ({ gateway, board }) => {
    gateway.emulator.jobs.add({ name: 'broken', finishTime: Date.now(), outcome: FAILURE });
    await board.open();
    await expect.poll(() => board.row('broken').innerText(), patience).toContain('Resource content bad.');
    await expect(board.statusOf('broken')).resolves.toBe('Failed');
  });

  it('shows the status that is chosen, and has it in the address', async ({ gateway, board }) => {
    const { page } = board;
    addFinished(gateway, 'fine');
    gateway.emulator.jobs.add({ name: 'broken', finishTime: Date.now(), outcome: FAILURE });
    await board.open();
    await expect.poll(board.names, patience).toEqual(['broken', 'fine']);
    await page.getByText('Failed', { exact: true }).first().click();
    await expect.poll(board.names, patience).toEqual(['broken']);
    expect(page.url()).toBe(`${gateway.url}/board?status=FAIL`);

    await page.reload();
    await expect.poll(board.names, patience).toEqual(['broken']);
    await page.goBack();
    await expect.poll(board.names, patience).toEqual(['broken', 'fine']);
  });

  it('loads further pages below, each job once', async ({ gateway, board }) => {
    const all = Array.from({ length: 245 }, (_, index) => `job ${String(index).padStart(3, '0')}`);
    addFinished(gateway, ...all);
    const more = board.page.getByRole('button', { name: 'Load more' });
    await board.open();
    for (const count of [100, 200]) {
      await expect.poll(board.names, patience).toHaveLength(count);
      await more.click();
    }
    await expect.poll(board.names, patience).toEqual(all.toReversed());
    await expect(more.count()).resolves.toBe(0);
  });

  it('shows new jobs by itself, and keeps all pages when it is refreshed', async ({ gateway, board }) => {
    addFinished(gateway, ...Array.from({ length: 125 }, (_, index) => `job ${String(index)}`));
    await board.open();
    await board.page.getByRole('button', { name: 'Load more' }).click();
    await expect.poll(board.names, patience).toHaveLength(125);
    gateway.emulator.jobs.add({ name: 'new', finishTime: Infinity });
    await expect.poll(async () => (await board.names()).length, patience).toBe(126);
    gateway.emulator.resetRequests();
    await board.page.getByRole('button', { name: 'Refresh' }).click();
    const asked = () => gateway.emulator.requests.some(({ params }) => params['PageSize'] === '100');
    await expect.poll(asked, patience).toBe(true);
    await expect(board.names()).resolves.toHaveLength(126);
  });

  it('says that there are no jobs', async ({ board }) => {
    await board.open();
    await expect.poll(() => board.page.getByText('No jobs here.').count(), patience).toBe(1);
  });

  it('says what went wrong, by the code of the gateway, until trying again helps', async ({
    gateway,
    board,
  }) => {
    const { jobs, faults } = gateway.emulator;
    jobs.add({ name: 'fine' });
    faults.add({ kind: 'status', status: 403, code: 'Forbidden.RAM', action: 'ListPackageJobs' });
    await board.open();
    const alert = board.page.getByRole('alert');
    await expect
      .poll(() => alert.allInnerTexts(), patience)
      .toEqual([expect.stringContaining('UPSTREAM_REJECTED')]);
    faults.clear();
    await board.page.getByRole('button', { name: 'Try again' }).click();
    await expect.poll(board.names, patience).toEqual(['fine']);
    await expect(alert.count()).resolves.toBe(0);
  });

  it('says that the gateway cannot be reached, until it can be', async ({ gateway, board }) => {
    addFinished(gateway, 'fine');
    await board.page.route('**/graphql', (route) => route.abort('connectionrefused'));
    await board.open();
    const alert = board.page.getByRole('alert');
    await expect
      .poll(() => alert.allInnerTexts(), patience)
      .toEqual([expect.stringContaining('The gateway cannot be reached.')]);
    await board.page.unroute('**/graphql');
    await board.page.getByRole('button', { name: 'Try again' }).click();
    await expect.poll(board.names, patience).toEqual(['fine']);
    await expect(alert.count()).resolves.toBe(0);
  });
});
