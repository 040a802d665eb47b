import { describe, expect } from 'vitest';
import { callsOf, it, sweep } from '../../support/jobs.ts';

const SUCCESS = { status: 'Success' } as const;

describe('the planner, where ICE fails,', () => {
  it('gets each job when the list fails', async ({ jobs }) => {
    const ids = await jobs.addKnownJobs(10);
    jobs.emulator.faults.add({ kind: 'status', status: 403, action: 'ListPackageJobs', times: 'always' });
    expect(new Set(await sweep(jobs, ids))).toEqual(new Set(['INIT']));
    expect(callsOf(jobs)[1]).toBeGreaterThanOrEqual(10);
  });

  it('uses a list although its spot check fails', async ({ jobs }) => {
    const ids = await jobs.addKnownJobs(10);
    jobs.emulator.faults.add({ kind: 'status', status: 403, action: 'GetPackageJob' });
    expect(new Set(await sweep(jobs, ids))).toEqual(new Set(['INIT']));
    expect(callsOf(jobs)).toEqual([1, 1]);
  });

  it('gets each job when the list hangs, and leaves lists alone for a while', async ({ jobs }) => {
    const ids = await jobs.addKnownJobs(10);
    jobs.emulator.faults.add({
      kind: 'hang',
      when: 'before-headers',
      action: 'ListPackageJobs',
      times: 'always',
    });
    expect(new Set(await sweep(jobs, ids))).toEqual(new Set(['INIT']));
    callsOf(jobs);
    expect(new Set(await sweep(jobs, ids))).toEqual(new Set(['INIT']));
    expect(callsOf(jobs)).toEqual([0, 10]);
  });

  it('gets a job that is missing from the list for each of its reads, and tells each of the failure', async ({
    jobs,
  }) => {
    const ids = await jobs.addKnownJobs(10);
    const changed = ids[5] ?? '';
    jobs.clock.now += 1000;
    jobs.emulator.jobs.finish(changed, SUCCESS);
    jobs.emulator.faults.add({ kind: 'status', status: 403, action: 'GetPackageJob', times: 'always' });
    const reads = [...ids, changed].map((id) => jobs.planner.read(id, 'summary', jobs.context));
    const ends = await Promise.allSettled(reads);
    expect(ends.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []))).toEqual([5, 10]);
    expect(callsOf(jobs)).toEqual([1, 3]);
  });
});
