import { describe, expect } from 'vitest';
import { WIRE_MEMBERS } from '../../src/emulator/wire.ts';
import { findIssues } from '../support/accessibility.ts';
import { chromiumProgram } from '../support/browser.ts';
import { addFinished, FAILURE, it, patience } from './support/board.ts';

describe.skipIf(chromiumProgram.skip)(`an open job of the job board in ${chromiumProgram.label}`, () => {
  it('has an address of its own, and shows all that ICE tells', async ({ gateway, board }) => {
    const [id = ''] = addFinished(gateway, 'mine');
    await board.open(`/board?job=${id}`);
    await board.panel.getByRole('heading', { name: 'mine' }).waitFor();
    const text = await board.panel.innerText();
    for (const part of [id, 'oss://bucket/path/to/video.mp4', 'Finished after 1 min 00 s', 'Succeeded']) {
      expect(text).toContain(part);
    }
  });

  it('says what ICE leaves out, and what cannot be read, in the list and in the panel', async ({
    gateway,
    board,
  }) => {
    const times = { createTime: Date.now() - 60_000, finishTime: Date.now() };
    const patches = {
      'no-member': Object.fromEntries(
        WIRE_MEMBERS.filter((name) => name !== 'JobId').map((name) => [name, null]),
      ),
      unreadable: { Name: ' ', Inputs: [{ Input: { Type: 'OSS', Media: 7 } }], Output: { Type: 'x' } },
      bare: { Name: 'bare', Inputs: [], SubmitTime: null, FinishTime: null },
    };
    for (const [jobId, patch] of Object.entries(patches)) {
      gateway.emulator.jobs.add({ ...times, jobId });
      gateway.emulator.faults.add({ kind: 'patch', patch, jobId, times: 'always' });
    }
    await board.open();
    // Jobs without a name go by their ids.
    await board
      .row('unreadable')
      .getByText(/^unreadable → to\s*unreadable$/)
      .waitFor();
    await board
      .row('bare')
      .getByText(/^no inputs → to/)
      .waitFor();
    const row = await board.row('no-member').innerText();
    expect(row).not.toMatch(/→|null|undefined|NaN|Invalid/);
    const shown = async (id: string, heading: string) => {
      await board.open(`/board?job=${id}`);
      await board.panel.getByRole('heading', { name: heading }).waitFor();
      const text = (await board.panel.innerText()).replaceAll(/\s+/g, ' ');
      expect(text).not.toMatch(/null|undefined|NaN|Invalid Date/);
      return text;
    };
    const withoutAll = await shown('no-member', 'no-member');
    expect(withoutAll).toContain('Submitted ICE does not say when In a state that is not known');
    expect(withoutAll).toMatch(/Inputs? none Read from ICE/i);
    expect(await shown('unreadable', 'unreadable')).toMatch(
      /Input What ICE sent cannot be read Output What ICE sent cannot be read/i,
    );
    expect(await shown('bare', 'bare')).toMatch(/Submitted ICE does not say when Finished Times are in/);
  });

  it('opens and closes by keyboard, and the focus follows', async ({ gateway, board }) => {
    const { keyboard } = board.page;
    const focused = () => board.page.evaluate<string>('document.activeElement.outerHTML');
    addFinished(gateway, 'mine');
    await board.open();
    await board.row('mine').getByRole('link').focus();
    await keyboard.press('Enter');
    await expect.poll(focused, patience).toMatch(/^<h2.*>mine<\/h2>$/);
    await keyboard.press('Shift+Tab');
    await keyboard.press('Enter');
    await expect.poll(() => board.panel.count(), patience).toBe(0);
    await expect(focused()).resolves.toMatch(/^<a.*>mine<\/a>$/);
  });

  it.for([
    ['nobody', 'ICE does not know the job nobody.'],
    ['no%20id', 'no id is no id of a job: it must have 1 to 128 ASCII characters without spaces.'],
  ])(
    'says of the id %s what is wrong with it, and does not offer to try again',
    async ([id, words], { board }) => {
      await board.open(`/board?job=${id ?? ''}`);
      await board.panel.getByText(words ?? '').waitFor();
      expect(await board.panel.getByRole('button').count()).toBe(0);
      expect(await board.panel.getByRole('alert').count()).toBe(0);
    },
  );

  it('has no alert of its own where the list tells the same problem, and is read again with the list', async ({
    gateway,
    board,
  }) => {
    const { page, panel } = board;
    const [id = ''] = addFinished(gateway, 'mine');
    await page.route('**/graphql', (route) => route.abort('connectionrefused'));
    await board.open(`/board?job=${id}`);
    await page.locator('main > [role=alert]').waitFor();
    await panel.getByText('Loading the job').waitFor({ state: 'detached' });
    expect(await page.getByRole('alert').allInnerTexts()).toEqual([
      expect.stringContaining('The gateway cannot be reached.'),
    ]);
    await page.unroute('**/graphql');
    await page.getByRole('button', { name: 'Try again' }).click();
    await panel.getByRole('heading', { name: 'mine' }).waitFor();
    await board.row('mine').waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  it('has an alert of its own for a problem of its own', async ({ gateway, board }) => {
    const fault = { kind: 'status', status: 403, code: 'Forbidden.RAM', times: 'always' } as const;
    const [id = ''] = addFinished(gateway, 'mine');
    for (const action of ['GetPackageJob', 'ListPackageJobs'] as const)
      gateway.emulator.faults.add({ ...fault, action });
    await board.page.route('**/graphql', (route) =>
      route.request().postData()?.includes('query Jobs') === true
        ? route.abort('connectionrefused')
        : route.continue(),
    );
    await board.open(`/board?job=${id}`);
    await board.panel.getByRole('alert').getByText('UPSTREAM_REJECTED').waitFor();
    await board.page.getByRole('alert').getByText('The gateway cannot be reached.').waitFor();
  });

  it('compares how long it took with the others that are loaded, and explains its failure', async ({
    gateway,
    board,
  }) => {
    const { jobs } = gateway.emulator;
    const createTime = Date.now() - 3_600_000;
    const add = (name: string, minutes: number) =>
      jobs.add({ name, createTime, finishTime: createTime + minutes * 60_000, outcome: FAILURE });
    for (const minutes of [1, 2, 3, 50]) add(`took ${String(minutes)} min`, minutes);
    await board.open(`/board?job=${add('mine', 2.5)}`);
    await board.panel
      .getByText(
        'Took longer than 2 of the 4 other finished jobs that are loaded. Half of them took 3 min 00 s or less.',
      )
      .waitFor();
    const link = board.panel.getByRole('link', { name: `ICE on ${FAILURE.code}` });
    expect(await link.getAttribute('href')).toBe(
      `https://api.aliyun.com/troubleshoot?q=${FAILURE.code}&product=ICE`,
    );
    expect(await findIssues(board.page)).toEqual([]);
  });

  it('can be taken to support: its ids, code and times, and the ids of requests that there were', async ({
    gateway,
    board,
  }) => {
    const createTime = Date.now() - 60_000;
    const id = gateway.emulator.jobs.add({
      name: 'mine',
      createTime,
      finishTime: Date.now(),
      outcome: FAILURE,
    });
    await board.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await board.open(`/board?job=${id}`);
    const copied = async () => {
      const answered = board.page.waitForResponse(
        (response) => response.request().headers()['x-upstream-receipt'] === '1',
      );
      await board.panel.getByRole('button', { name: 'Copy for support' }).click();
      const requestId = (await answered).headers()['x-request-id'] ?? 'none';
      await board.panel.getByText('✓ copied').waitFor();
      return { text: await board.page.evaluate(() => navigator.clipboard.readText()), requestId };
    };
    // The job has finished, so the gateway need not ask ICE again.
    const { text, requestId } = await copied();
    expect(text.split('\n')).toEqual([
      `ICE packaging job: ${id}`,
      'Status: Fail',
      `Code: ${FAILURE.code}`,
      `Message: ${FAILURE.message}`,
      expect.stringMatching(/^Submitted: \d{4}-.*Z$/),
      expect.stringMatching(/^Finished: \d{4}-.*Z$/),
      'Pipeline: 36f3fee40aa047c0b067d0fb85ed4c1b',
      expect.stringMatching(/^Read from ICE: \d{4}-.*Z$/),
      `Gateway request: ${requestId}`,
    ]);
    // ICE is asked for another one each time.
    const running = gateway.emulator.jobs.add({ name: 'running', finishTime: Infinity });
    await board.open(`/board?job=${running}`);
    await expect.poll(async () => (await copied()).text, patience).toMatch(/^ICE request: [\dA-F-]{36}$/m);
  });

  it('can be taken away as id and as a query', async ({ gateway, board }) => {
    const [id = ''] = addFinished(gateway, 'mine');
    await board.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await board.open(`/board?job=${id}`);
    const copied = async (name: string) => {
      await board.panel.getByRole('button', { name }).click();
      await board.panel.getByText('✓ copied').waitFor();
      return board.page.evaluate(() => navigator.clipboard.readText());
    };
    await expect(copied('Copy id')).resolves.toBe(id);
    await expect(copied('Copy input')).resolves.toBe('oss://bucket/path/to/video.mp4');
    await expect(copied('Copy output')).resolves.toBe('oss://bucket/path/to/video.m3u8');
    await expect(copied('Copy address')).resolves.toBe(
      'http://bucket.oss-cn-shanghai.aliyuncs.com/path/to/video.m3u8',
    );
    const { data, errors } = await gateway.query(await copied('Copy query'), { id });
    expect(errors).toBeUndefined();
    expect(data).toMatchObject({ packageJob: { id, name: 'mine' } });
  });

  describe('in Shanghai', () => {
    it.override({ view: { timezoneId: 'Asia/Shanghai' } });

    it('has times of there, which are in UTC on hover, as those of the list are', async ({
      gateway,
      board,
    }) => {
      const { page, panel } = board;
      const createTime = Date.UTC(2026, 0, 2, 20, 4, 5);
      const id = gateway.emulator.jobs.add({ name: 'mine', createTime, finishTime: createTime + 60_000 });
      await board.open(`/board?job=${id}`);
      await board.loaded.getByText('Times in Asia/Shanghai (GMT+8)').waitFor();
      await panel.getByText('Times are in Asia/Shanghai (GMT+8)').waitFor();
      // Node and Chromium may have other spaces in it.
      const submitted = panel.getByText(/^Jan 3, 2026, 4:04:05\sAM$/);
      expect(await submitted.getAttribute('title')).toBe('2026-01-02 20:04:05 UTC');
      const ended = board.row('mine').locator('time');
      expect(await ended.getAttribute('title')).toMatch(
        /^Jan 3, 2026, 4:05:05\sAM \(2026-01-02 20:05:05 UTC\)$/,
      );
      expect(await page.locator('time:not([title$=" UTC"], [title$=" UTC)"])').count()).toBe(0);
    });
  });

  it('opens in the IDE', async ({ gateway, board }) => {
    const [id = ''] = addFinished(gateway, 'mine');
    await board.open(`/board?job=${id}`);
    await board.panel.getByRole('link', { name: 'Open in the IDE' }).click();
    await board.page.getByRole('button', { name: 'Execute query' }).click();
    const result = board.page.getByLabel('Result Window').locator('.view-lines');
    await expect.poll(() => result.innerText(), patience).toMatch(/"name":\s"mine"/);
  });
});
