import { describe, expect } from 'vitest';
import { it } from '../../support/jobs.ts';

describe('the check of a list', () => {
  it('lets no job wait long for another whose check ICE does not answer, and checks the next list on another', async ({
    jobs,
  }) => {
    const ids = await jobs.addKnownJobs(10);
    const [hanging = ''] = ids;
    const release = jobs.emulator.faults.hold({ action: 'GetPackageJob', jobId: hanging, times: 100 });
    for (const [checked, least, most] of [
      [hanging, 900, 1900],
      [ids[1], 0, 900],
    ] as const) {
      jobs.clock.now += 1000;
      jobs.emulator.resetRequests();
      const startedAt = performance.now();
      await Promise.all(ids.map((id) => jobs.get(id)));
      const ms = performance.now() - startedAt;
      expect([ms > least, ms < most]).toEqual([true, true]);
      const gets = jobs.emulator.requests.filter(({ action }) => action === 'GetPackageJob');
      expect(new Set(gets.map(({ params }) => params['JobId']))).toEqual(new Set([checked]));
    }
    release();
  });
});
