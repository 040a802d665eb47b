import { describe, expect } from 'vitest';
import { chromiumProgram } from '../support/browser.ts';
import { itOnLine, patience } from './support/board.ts';
import { OUTAGES, RECOVERY } from './support/outages.ts';

describe.skipIf(chromiumProgram.skip)(`a subscription of the IDE in ${chromiumProgram.label}`, () => {
  itOnLine.for(Object.entries(OUTAGES))(
    'says that it reconnects, and then shows how the job ended, when %s',
    { timeout: 180_000 },
    async ([, happen], { gateway, line, board }) => {
      const { page } = board;
      let loaded = 0;
      page.on('requestfinished', (request) => (loaded += Number(request.url().includes('json.worker'))));
      const id = gateway.emulator.jobs.add({ finishTime: Infinity });
      const variables = JSON.stringify({ ids: [id] });
      await board.open(
        `/?${new URLSearchParams({ operation: 'package-job-updated', variables }).toString()}`,
      );
      await page.getByLabel('Operation Editor').locator('.view-lines').waitFor();
      await page.getByRole('button', { name: 'Execute query' }).click();
      const result = () => page.getByLabel('Result Window').locator('.view-lines').innerText();
      await expect.poll(result, patience).toContain('INIT');
      // The editor begins its worker for JSON anew, some time after the first result.
      await expect.poll(() => loaded, patience).toBe(2);
      const finish = () => gateway.emulator.jobs.finish(id, { status: 'Success' });
      await happen(line, finish, () => expect(page.getByText('Reconnecting').count()).resolves.toBe(1));
      await expect.poll(result, RECOVERY).toContain('SUCCESS');
      await expect.poll(() => page.getByText('Reconnecting').count(), RECOVERY).toBe(0);
    },
  );
});
