import { describe, expect } from 'vitest';
import { chromiumProgram } from '../support/browser.ts';
import { patience, type Board } from './support/board.ts';
import { it, ofOwner, shortToken, tokenOf } from './support/tokens.ts';

/** How long a token may take to end and the page to say so, on a machine that is busy with other suites. */
const END = { timeout: 20_000 };

const execute = ({ page }: Board) => page.getByRole('button', { name: 'Execute query' }).click();
const result = async ({ page }: Board) =>
  (await page.getByLabel('Result Window').locator('.view-lines').innerText()).replaceAll('\u00A0', ' ');

async function open(board: Board, operation: string, variables: object): Promise<void> {
  const { page } = board;
  const search = new URLSearchParams({ operation, variables: JSON.stringify(variables) });
  await board.open(`/?${search.toString()}`);
  await page.getByLabel('Operation Editor').locator('.view-lines').waitFor();
  await page.getByRole('button', { name: 'Headers', exact: true }).click();
}

/** Types a token into the headers pane, in place of what is there. */
async function type({ page }: Board, token: string): Promise<void> {
  const pane = page.getByRole('region', { name: 'Headers' });
  await pane.locator('.graphiql-editor:not(.hidden) .view-lines').click();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(JSON.stringify({ Authorization: `Bearer ${token}` }));
}

describe.skipIf(chromiumProgram.skip)(`the headers pane of the IDE in ${chromiumProgram.label}`, () => {
  it('sends a token along with queries, and documents the schema without one', async ({
    gateway,
    issuer,
    board,
  }) => {
    const id = gateway.emulator.jobs.add({ finishTime: 0, name: 'mine', ...ofOwner('alice') });
    await open(board, 'package-job', { id });
    await execute(board);
    await expect.poll(() => result(board), patience).toContain('UNAUTHENTICATED');
    await board.page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    await board.page.getByRole('link', { name: 'Subscription' }).waitFor();
    await type(board, await tokenOf(issuer));
    await execute(board);
    await expect.poll(() => result(board), patience).toContain('"name": "mine"');
  });

  it('sends a token along with subscriptions, and says that it has ended', async ({
    gateway,
    issuer,
    board,
  }) => {
    const id = gateway.emulator.jobs.add({ finishTime: Infinity, ...ofOwner('alice') });
    await open(board, 'package-job-updated', { ids: [id] });
    await execute(board);
    await expect.poll(() => result(board), patience).toContain('UNAUTHENTICATED');
    await type(board, await tokenOf(issuer));
    await execute(board);
    await expect.poll(() => result(board), patience).toContain('"status": "INIT"');
    await board.page.getByRole('button', { name: 'Stop query' }).click();
    await type(board, await shortToken(issuer));
    await execute(board);
    await expect.poll(() => result(board), END).toContain('"message": "The token has expired"');
    expect(await result(board)).toContain('"code": "UNAUTHENTICATED"');
    expect(await board.page.getByText('Reconnecting').count()).toBe(0);
  });
});
