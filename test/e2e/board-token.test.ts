import { describe, expect } from 'vitest';
import { findIssues } from '../support/accessibility.ts';
import { chromiumProgram } from '../support/browser.ts';
import { patience, type Board } from './support/board.ts';
import { give, it, ofOwner, shortToken, tokenOf } from './support/tokens.ts';

/** How long a token may take to end and the page to say so, on a machine that is busy with other suites. */
const END = { timeout: 20_000 };

const form = ({ page }: Board) => page.getByRole('form', { name: 'The gateway asks for a token' });
const alerts = ({ page }: Board) => page.getByRole('alert').allInnerTexts();

describe.skipIf(chromiumProgram.skip)(`a board that needs a token in ${chromiumProgram.label}`, () => {
  it('asks for one, shows what it lets its bearer see, live, and keeps it for the tab', async ({
    gateway,
    issuer,
    board,
  }) => {
    const { jobs } = gateway.emulator;
    const id = jobs.add({ name: 'mine', finishTime: Infinity, ...ofOwner('alice') });
    jobs.add({ name: 'theirs', finishTime: Infinity, ...ofOwner('ben') });
    await board.open();
    await form(board).waitFor();
    expect(await alerts(board)).toEqual([]);
    expect(await board.rows.count()).toBe(0);
    expect(await findIssues(board.page)).toEqual([]);

    await give(form(board), await tokenOf(issuer));
    await expect.poll(board.names, patience).toEqual(['mine']);
    await expect.poll(() => board.page.getByText('Live').count(), patience).toBe(1);
    jobs.finish(id, { status: 'Success' });
    await expect.poll(() => board.statusOf('mine'), patience).toBe('Succeeded');

    await board.page.setViewportSize({ width: 360, height: 740 });
    expect(await board.page.evaluate('document.documentElement.scrollWidth')).toBe(360);

    await board.page.reload();
    await expect.poll(board.names, patience).toEqual(['mine']);
    const other = await board.page.context().newPage();
    await other.goto(board.page.url());
    await other.getByRole('form').waitFor();
    await other.close();

    await board.page.getByRole('button', { name: 'Forget the token' }).click();
    await form(board).waitFor();
    await board.page.reload();
    await form(board).waitFor();
    expect(await alerts(board)).toEqual([]);
  });

  it('says why a token is not accepted', async ({ issuer, board }) => {
    await board.open();
    await give(form(board), 'two words');
    await expect.poll(() => alerts(board), patience).toEqual(['This is no token.']);
    await give(form(board), 'Bearer nonsense');
    await expect.poll(() => alerts(board), patience).toEqual(['The token is no signed JWT']);
    await give(form(board), await tokenOf(issuer, { aud: 'something-else' }));
    await expect.poll(() => alerts(board), patience).toEqual(['The token is for another audience']);
    await give(form(board), await tokenOf(issuer));
    await board.page.getByText('No jobs here.').waitFor();
    expect(await alerts(board)).toEqual([]);
  });

  it('says that a token has ended, and goes on with the next one where it was', async ({
    gateway,
    issuer,
    board,
  }) => {
    const { jobs } = gateway.emulator;
    const id = jobs.add({ name: 'mine', finishTime: Infinity, ...ofOwner('alice') });
    await board.open(`/board?job=${id}&status=INIT`);
    await give(form(board), await shortToken(issuer));
    await expect.poll(() => alerts(board), END).toEqual(['The token has expired']);
    expect(await board.rows.count()).toBe(0);
    jobs.finish(id, { status: 'Success' });
    await give(form(board), await tokenOf(issuer));
    await expect.poll(() => board.panel.locator('.status').innerText(), patience).toBe('Succeeded');
    await board.page.getByText('All', { exact: true }).click();
    await expect.poll(() => board.statusOf('mine'), patience).toBe('Succeeded');
    await expect.poll(() => board.page.getByText('Live').count(), patience).toBe(1);
  });

  it('shows nothing of one owner with the token of another', async ({ gateway, issuer, board }) => {
    gateway.emulator.jobs.add({ name: 'mine', finishTime: 0, ...ofOwner('alice') });
    gateway.emulator.jobs.add({ name: 'theirs', finishTime: 0, ...ofOwner('ben') });
    await board.open();
    await give(form(board), await tokenOf(issuer));
    await expect.poll(board.names, patience).toEqual(['mine']);
    await board.page.getByRole('button', { name: 'Forget the token' }).click();
    await give(form(board), await tokenOf(issuer, { sub: 'ben' }));
    await expect.poll(board.names, patience).toEqual(['theirs']);
  });

  it('says which scope is missing, and takes another token', async ({ gateway, issuer, board }) => {
    gateway.emulator.jobs.add({ name: 'mine', finishTime: 0, ...ofOwner('alice') });
    await board.open();
    await give(form(board), await tokenOf(issuer, { scope: 'jobs:submit' }));
    await expect
      .poll(() => alerts(board), patience)
      .toEqual([expect.stringMatching(/needs a token with the scope jobs:read\s+FORBIDDEN/)]);
    const submit = board.page.getByRole('button', { name: 'Submit a job' });
    await submit.waitFor();
    await board.page.getByRole('button', { name: 'Use another token' }).click();
    expect(await alerts(board)).toEqual([expect.stringContaining('jobs:read')]);
    await give(form(board), await tokenOf(issuer, { scope: 'jobs:read' }));
    await expect.poll(board.names, patience).toEqual(['mine']);
    // The token lacks the scope for it.
    await expect.poll(() => submit.count(), patience).toBe(0);
  });

  it('keeps what was filled in when a token ends, and submits for the owner of the next one', async ({
    gateway,
    issuer,
    board,
  }) => {
    const { page } = board;
    await board.open();
    await give(form(board), await tokenOf(issuer));
    await page.getByRole('button', { name: 'Submit a job' }).click();
    await page.getByLabel('Input 1').fill('oss://bucket/a.mp4');
    await page.getByLabel('Output').fill('oss://bucket/a.m3u8');
    await page.getByLabel('Name').fill('brand new');
    // The submission has a token that has ended, as after a pause of the laptop.
    await page.route('**/graphql', (route) => {
      const isSubmission = route.request().postData()?.includes('brand new') === true;
      const headers = {
        ...route.request().headers(),
        ...(isSubmission && { authorization: 'Bearer ended' }),
      };
      return route.continue({ headers });
    });
    await page.getByRole('button', { name: 'Submit', exact: true }).click();
    await expect.poll(() => alerts(board), patience).toEqual(['The token is no signed JWT']);
    await page.unroute('**/graphql');
    await give(form(board), await tokenOf(issuer));
    await expect.poll(() => page.getByLabel('Name').inputValue(), patience).toBe('brand new');
    await page.getByRole('button', { name: 'Submit', exact: true }).click();
    await board.panel.getByRole('heading', { name: 'brand new' }).waitFor();
    await expect.poll(() => board.panel.innerText(), patience).toContain('{"owner":"alice"}');
    expect(gateway.emulator.countRequests('SubmitPackageJob')).toBe(1);
  });
});
