import { describe, expect } from 'vitest';
import { chromiumProgram } from '../support/browser.ts';
import { itOnLine, patience } from './support/board.ts';
import { OUTAGES, RECOVERY } from './support/outages.ts';

describe.skipIf(chromiumProgram.skip)(`the live job board in ${chromiumProgram.label}`, () => {
  itOnLine.for(Object.entries(OUTAGES))(
    'says that it reconnects, and then shows what happened, when %s',
    { timeout: 180_000 },
    async ([, happen], { gateway, line, board }) => {
      const { jobs } = gateway.emulator;
      const id = jobs.add({ name: 'mine', finishTime: Infinity });
      await board.open(`/board?job=${id}`);
      await expect.poll(() => board.page.getByText('Live').count(), patience).toBe(1);
      const meanwhile = () => {
        jobs.finish(id, { status: 'Success' });
        jobs.add({ name: 'other', finishTime: Infinity });
      };
      await happen(line, meanwhile, async () => {
        await expect(board.page.getByText('Reconnecting').count()).resolves.toBe(1);
        await expect(board.page.getByRole('alert').count()).resolves.toBe(0);
      });
      await expect.poll(() => board.panel.locator('.status').innerText(), RECOVERY).toBe('Succeeded');
      await expect.poll(board.names, RECOVERY).toEqual(['other', 'mine']);
      await expect.poll(() => board.statusOf('mine'), RECOVERY).toBe('Succeeded');
      await expect.poll(() => board.page.getByText('Live').count(), RECOVERY).toBe(1);
      await expect.poll(() => board.page.getByRole('alert').count(), RECOVERY).toBe(0);
    },
  );

  itOnLine(
    'looks at a half-open connection when the browser is online again',
    async ({ gateway, line, board }) => {
      const { jobs } = gateway.emulator;
      const id = jobs.add({ name: 'mine', finishTime: Infinity });
      await board.open();
      await expect.poll(() => board.page.getByText('Live').count(), patience).toBe(1);
      // The list comes by a request of its own.
      await expect.poll(board.names, patience).toEqual(['mine']);
      line.swallow();
      line.forward();
      jobs.finish(id, { status: 'Success' });
      await board.page.evaluate("dispatchEvent(new Event('online'))");
      await expect.poll(() => board.statusOf('mine'), { timeout: 15_000 }).toBe('Succeeded');
    },
  );
});
