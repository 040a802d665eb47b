import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import { findIssues } from '../support/accessibility.ts';
import { chromiumProgram } from '../support/browser.ts';
import { addFinished, it, patience, type Board } from './support/board.ts';

const dialog = ({ page }: Board) => page.getByRole('dialog');
const alerts = ({ page }: Board) => page.getByRole('alert').allInnerTexts();
const submit = ({ page }: Board) => page.getByRole('button', { name: 'Submit', exact: true }).click();

/** What the page sends as mutations from now on. */
function collectSubmissions(page: Page): unknown[] {
  const sent: unknown[] = [];
  page.on('request', (request) => {
    const body = request.postData() ?? '';
    if (body.includes('mutation')) sent.push((JSON.parse(body) as { variables: unknown }).variables);
  });
  return sent;
}

async function openForm(board: Board): Promise<void> {
  await board.page.getByRole('button', { name: 'Submit a job' }).click();
  await board.page.getByLabel('Output').waitFor();
}

describe.skipIf(chromiumProgram.skip)(`submitting on the job board in ${chromiumProgram.label}`, () => {
  it('makes one job of every field that is filled in, with one input a line, and opens it', async ({
    gateway,
    board,
  }) => {
    const { page } = board;
    const sent = collectSubmissions(page);
    await board.open();
    await openForm(board);
    // Nothing is there that could be sent by mistake.
    await submit(board);
    expect(await dialog(board).locator('input:invalid').count()).toBe(2);
    await page.evaluate(`navigator.clipboard.writeText(
      'oss://bucket/path with space/a.mp4\\n  oss://bucket/b.mp4\\n\\n5b25e8d0f1f44a2b\\n',
    )`);
    await page.getByLabel('Input 1').focus();
    await page.keyboard.press('ControlOrMeta+V');
    await page.getByRole('button', { name: 'Remove input 2' }).click();
    await page.getByRole('button', { name: 'Add an input' }).click();
    await page.getByLabel('Type 3').selectOption('Media id');
    await page.getByLabel('Input 3').fill('second id');
    await page.getByLabel('Output').fill('oss://bucket/out/master.m3u8');
    await page.getByLabel('Name').fill('brand new');
    await page.getByLabel('Pipeline').fill('36f3fee40aa047c0b067d0fb85ed4c1b');
    await page.getByLabel('Priority').fill('7');
    await page.getByLabel('User data').fill('{"param": "value"}');

    await submit(board);
    await expect
      .poll(() => alerts(board), patience)
      .toEqual(['Input 3 must be 1 to 128 printable ASCII characters without spaces, got other characters.']);
    await page.getByLabel('Input 3').fill('6c36f9e1a2b54d3c');
    const input = {
      inputs: [
        { type: 'OSS', media: 'oss://bucket/path with space/a.mp4' },
        { type: 'MEDIA', media: '5b25e8d0f1f44a2b' },
        { type: 'MEDIA', media: '6c36f9e1a2b54d3c' },
      ],
      output: { type: 'OSS', media: 'oss://bucket/out/master.m3u8' },
      name: 'brand new',
      pipelineId: '36f3fee40aa047c0b067d0fb85ed4c1b',
      priority: 7,
      userData: '{"param": "value"}',
    };
    await page.getByText('What will be sent').click();
    expect(JSON.parse(await dialog(board).locator('pre').innerText())).toEqual({ input });
    await submit(board);
    await board.panel.getByRole('heading', { name: 'brand new' }).waitFor();
    await expect.poll(board.names, patience).toEqual(['brand new']);
    expect(sent.slice(1)).toEqual([{ input }]);
    expect(gateway.emulator.countRequests('SubmitPackageJob')).toBe(1);
  });

  it.for<[label: string, text: string, problem: string]>([
    [
      'Output',
      'oss://',
      'The output must be an oss:// or http(s):// URL with a bucket or host and an object key.',
    ],
    ['User data', 'x'.repeat(1025), 'The user data must be at most 1024 bytes of UTF-8, got 1025.'],
  ])(
    'says at %s what is wrong there, keeps it, and closes with Esc',
    async ([label, text, problem], { gateway, board }) => {
      const { page } = board;
      await board.open();
      await openForm(board);
      await page.getByLabel('Input 1').fill('oss://bucket/a.mp4');
      await page.getByLabel('Output').fill('oss://bucket/a.m3u8');
      await page.getByLabel(label).fill(text);
      await submit(board);
      await expect.poll(() => alerts(board), patience).toEqual([problem]);
      const field = page.getByLabel(label);
      expect(await field.getAttribute('aria-invalid')).toBe('true');
      expect(await field.evaluate((element) => element.matches(':focus'))).toBe(true);
      expect(await field.inputValue()).toBe(text);
      expect(await findIssues(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await expect.poll(() => dialog(board).count(), patience).toBe(0);
      expect(gateway.emulator.countRequests('SubmitPackageJob')).toBe(0);
    },
  );

  it('fills the form in like a job, and makes a new one of it', async ({ gateway, board }) => {
    const { page } = board;
    const [id = ''] = addFinished(gateway, 'mine');
    await board.open(`/board?job=${id}`);
    await board.panel.getByRole('button', { name: 'Submit again' }).click();
    await page.getByLabel('Name').fill('mine, again');
    await submit(board);
    await board.panel.getByRole('heading', { name: 'mine, again' }).waitFor();
    const { data } = await gateway.query(
      '{ packageJobs { nodes { name pipelineId priority inputs { media } output { media } } } }',
    );
    const [again, first] = (data as { packageJobs: { nodes: object[] } }).packageJobs.nodes;
    expect(again).toEqual({ ...first, name: 'mine, again' });
  });

  describe('where jobs go to an account', () => {
    it.override({ env: { UPSTREAM: 'ice', ALLOW_SUBMIT: 'true' } });

    it('asks before it submits', async ({ gateway, board }) => {
      const { page } = board;
      await board.open();
      await openForm(board);
      await page.getByLabel('Input 1').fill('oss://bucket/a.mp4');
      await page.getByLabel('Output').fill('oss://bucket/a.m3u8');
      await page.getByLabel('Name').fill('brand new');
      await submit(board);
      await dialog(board).getByText('Nobody can cancel it').waitFor();
      expect(await dialog(board).locator('pre').innerText()).toContain('oss://bucket/a.mp4');
      expect(await findIssues(page)).toEqual([]);
      expect(gateway.emulator.countRequests('SubmitPackageJob')).toBe(0);
      await page.getByRole('button', { name: 'Back' }).click();
      expect(await page.getByLabel('Name').inputValue()).toBe('brand new');
      await submit(board);
      await page.getByRole('button', { name: 'Submit to ICE' }).click();
      await board.panel.getByRole('heading', { name: 'brand new' }).waitFor();
      expect(gateway.emulator.countRequests('SubmitPackageJob')).toBe(1);
    });
  });

  describe('where the gateway submits no jobs', () => {
    it.override({ env: { ALLOW_SUBMIT: 'false' } });

    it('is not offered, and not tried', async ({ gateway, board }) => {
      const sent = collectSubmissions(board.page);
      const [id = ''] = addFinished(gateway, 'mine');
      const told = board.page.waitForResponse(
        (response) => response.request().postData()?.includes('viewer') === true,
      );
      await board.open(`/board?job=${id}`);
      await (await told).finished();
      await board.panel.getByText('Copy as curl').waitFor();
      expect(await board.page.getByRole('button', { name: /Submit/ }).count()).toBe(0);
      expect(sent).toEqual([]);
    });
  });
});
