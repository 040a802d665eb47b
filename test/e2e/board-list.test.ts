import { describe, expect } from 'vitest';
import { chromiumProgram } from '../support/browser.ts';
import { addFinished, FAILURE, it, patience, type Board } from './support/board.ts';

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

  it('loads further pages below, each job once, and as many again after a reload', async ({
    gateway,
    board,
  }) => {
    const all = Array.from({ length: 245 }, (_, index) => `job ${String(index).padStart(3, '0')}`);
    addFinished(gateway, ...all);
    const more = board.page.getByRole('button', { name: 'Load more' });
    await board.open();
    await board.loaded.getByText('100 loaded, more on ICE').waitFor();
    await more.click();
    await board.loaded.getByText('200 loaded, more on ICE').waitFor();
    await board.page.reload();
    await board.loaded.getByText('200 loaded, more on ICE').waitFor();
    await more.click();
    await board.loaded.getByText('245 jobs').waitFor();
    await expect.poll(() => more.count(), patience).toBe(0);
    await expect(walk(board)).resolves.toEqual(all.toReversed());
  });

  it('keeps its rows and their place when it is refreshed, and where it was scrolled after a reload', async ({
    gateway,
    board,
  }) => {
    addFinished(gateway, ...Array.from({ length: 150 }, (_, index) => `job ${String(index)}`));
    await board.open();
    await board.page.getByRole('button', { name: 'Load more' }).click();
    await board.loaded.getByText('150 jobs').waitFor();
    gateway.emulator.resetRequests();
    await board.page.getByRole('button', { name: 'Refresh' }).click();
    await expect.poll(() => gateway.emulator.countRequests('ListPackageJobs'), patience).toBeGreaterThan(0);
    await board.loaded.getByText('150 jobs').waitFor();
    await board.row('job 50').waitFor({ state: 'detached' });
    await board.page.evaluate('scrollTo(0, 100 * document.querySelector("li.row").offsetHeight)');
    await board.row('job 50').waitFor();
    await board.page.reload();
    await board.row('job 50').waitFor();
  });

  it('lists a time and an order, which are in the address', async ({ gateway, board }) => {
    const { jobs } = gateway.emulator;
    const hours = { 'an hour ago': 1.5, yesterday: 30, 'last week': 200 };
    for (const [name, age] of Object.entries(hours)) {
      jobs.add({ name, createTime: Date.now() - age * 3_600_000, finishTime: Date.now() });
    }
    await board.open('/board?range=7d&order=oldest');
    await expect.poll(board.names, patience).toEqual(['yesterday', 'an hour ago']);
    await board.page.getByLabel('Order').selectOption('Newest first');
    await expect.poll(board.names, patience).toEqual(['an hour ago', 'yesterday']);
    await board.page.getByLabel('Created').selectOption('From … to …');
    await expect.poll(board.names, patience).toEqual(['an hour ago']);
    const from = board.page.getByLabel('From', { exact: true });
    await from.fill('2020-01-01T00:00');
    await from.blur();
    await expect.poll(board.names, patience).toEqual(['an hour ago', 'yesterday', 'last week']);
    expect(new URL(board.page.url()).searchParams.get('from')).toMatch(/^20(19|20)-.*Z$/);
    await board.page.goBack();
    await expect.poll(board.names, patience).toEqual(['an hour ago']);
  });

  it('finds loaded jobs by name and by file, and any job by id or by a link to it', async ({
    gateway,
    board,
  }) => {
    const { page } = board;
    const [id = ''] = addFinished(gateway, 'harbour lights', 'kitchen at dawn');
    const output = { Type: 'OSS', Media: 'oss://packages/rail/12/master.m3u8' };
    gateway.emulator.jobs.add({ name: 'north by rail', output, finishTime: Date.now() });
    await board.open();
    await expect.poll(board.names, patience).toHaveLength(3);
    const field = page.getByRole('searchbox');
    await field.fill('KITCHEN');
    await expect.poll(board.names, patience).toEqual(['kitchen at dawn']);
    await page.getByText('1 of 3 loaded').first().waitFor();
    expect(page.url()).toContain('find=KITCHEN');
    await field.press('Enter');
    await expect(page.evaluate('document.activeElement.textContent')).resolves.toBe('kitchen at dawn');

    const signed = 'https://packages.oss-cn-hangzhou.aliyuncs.com/rail/12/master.m3u8?Signature=secret';
    await field.fill(signed);
    await expect.poll(board.names, patience).toEqual(['north by rail']);
    expect(page.url()).not.toContain('secret');
    await field.fill('nothing like it');
    await page.getByText('0 of 3 loaded').first().waitFor();
    await expect.poll(() => board.rows.count(), patience).toBe(0);

    await field.fill(`${gateway.url}/board?status=FAIL&job=${id}`);
    await field.press('Enter');
    await board.panel.getByRole('heading', { name: 'harbour lights' }).waitFor();
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
    faults.add({
      kind: 'status',
      status: 503,
      code: 'ServiceUnavailable',
      action: 'ListPackageJobs',
      times: 'always',
    });
    await board.open();
    const alert = board.page.getByRole('alert');
    await expect
      .poll(() => alert.allInnerTexts(), { timeout: 20_000 })
      .toEqual([expect.stringMatching(/UPSTREAM_UNAVAILABLE Request \S+/)]);
    faults.clear();
    // The gateway leaves ICE in peace for a while.
    await expect
      .poll(
        async () => {
          const again = board.page.getByRole('button', { name: 'Try again' });
          if ((await again.count()) > 0) await again.click();
          return board.names();
        },
        { timeout: 30_000, interval: 1_000 },
      )
      .toEqual(['fine']);
    await expect.poll(() => alert.count(), patience).toBe(0);
  });

  it('has no "Try again" for what would fail again', async ({ gateway, board }) => {
    const fault = { kind: 'status', status: 403, code: 'Forbidden.RAM', action: 'ListPackageJobs' } as const;
    gateway.emulator.faults.add({ ...fault, times: 'always' });
    await board.open();
    const alert = board.page.getByRole('alert');
    await expect
      .poll(() => alert.allInnerTexts(), patience)
      .toEqual([expect.stringContaining('UPSTREAM_REJECTED')]);
    await expect(board.page.getByRole('button', { name: 'Try again' }).count()).resolves.toBe(0);
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

/** The names of all rows, from the first to the last. Only those on the screen are there, so it scrolls through them. */
function walk({ page }: Board): Promise<unknown> {
  return page.evaluate(async () => {
    const names: (string | null | undefined)[] = [];
    scrollTo(0, 0);
    for (let isLast = false; !isLast; scrollBy(0, innerHeight / 2)) {
      isLast = scrollY + innerHeight >= document.documentElement.scrollHeight - 1;
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      for (const row of document.querySelectorAll('li.row')) {
        names[Number(row.getAttribute('aria-posinset')) - 1] = row.querySelector('a')?.textContent;
      }
    }
    return names;
  });
}
