import { describe, expect } from 'vitest';
import { WIRE_MEMBERS } from '../../src/emulator/wire.ts';
import { chromiumProgram } from '../support/browser.ts';
import { addFinished, it, patience } from './support/board.ts';

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
    expect(withoutAll).toContain('Submitted ICE does not say when In a state that is not known Id no-member');
    expect(withoutAll).toMatch(/Inputs? none Read from ICE/i);
    expect(await shown('unreadable', 'unreadable')).toMatch(
      /Input What ICE sent cannot be read Output What ICE sent cannot be read/i,
    );
    expect(await shown('bare', 'bare')).toMatch(/Submitted ICE does not say when Finished Id bare/);
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

  it('says that ICE knows no such job', async ({ board }) => {
    await board.open('/board?job=nobody');
    await expect
      .poll(() => board.panel.getByText('ICE does not know the job nobody.').count(), patience)
      .toBe(1);
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
    const { data, errors } = await gateway.query(await copied('Copy query'), { id });
    expect(errors).toBeUndefined();
    expect(data).toMatchObject({ packageJob: { id, name: 'mine' } });
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
