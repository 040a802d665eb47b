import { describe, expect, test } from 'vitest';
import { EXAMPLE_JOB, EXAMPLE_JOB_IDS } from '../../src/emulator/example.ts';
import { JobRegistry } from '../../src/emulator/jobs.ts';
import { seedDemo } from '../../src/emulator/seed.ts';
import type { WirePackageJob } from '../../src/emulator/server.ts';
import { fixtures } from './support/fixtures.ts';
import type { EmulatorFixtures } from './support/fixtures.ts';
import { EXAMPLE } from './support/vectors.ts';

const it = test.extend<EmulatorFixtures>(fixtures);

const NOW = Date.UTC(2026, 10, 22, 20, 23, 49);

function seeded(clock = { now: NOW }): JobRegistry {
  const jobs = new JobRegistry(() => clock.now);
  seedDemo(jobs, NOW);
  return jobs;
}

function all(jobs: JobRegistry): WirePackageJob[] {
  const seen: WirePackageJob[] = [];
  let pageToken: string | undefined;
  do {
    const page = jobs.list({ pageSize: 100, pageToken });
    seen.push(...page.PackageJobs);
    pageToken = page.NextPageToken;
  } while (pageToken !== undefined);
  return seen;
}

describe('the example of the ICE reference', () => {
  it('is the recorded job, with its members in the same order', () => {
    expect(JSON.stringify(EXAMPLE_JOB)).toBe(JSON.stringify(EXAMPLE.PackageJob));
  });

  it.for(EXAMPLE_JOB_IDS)('is found as %s', (jobId) => {
    expect(JSON.stringify(seeded().get(jobId))).toBe(JSON.stringify(EXAMPLE.PackageJob));
  });

  it('is in lists once, without its OutputUrl', () => {
    const { OutputUrl: _, ...listed } = EXAMPLE.PackageJob;
    const shown = all(seeded()).filter(({ JobId }) => JobId === EXAMPLE.PackageJob.JobId);
    expect(shown).toEqual([listed]);
  });
});

describe('the demo', () => {
  it('always has the same jobs', () => {
    expect(all(seeded())).toEqual(all(seeded()));
  });

  it('has a few hundred jobs with all statuses, triggers and media types', () => {
    const jobs = all(seeded());
    expect(jobs.length).toBeGreaterThan(300);
    const some = (test: (job: WirePackageJob) => boolean) => jobs.filter(test).length;
    for (const status of ['Init', 'Success', 'Fail'])
      expect(some((job) => job.Status === status)).toBeGreaterThan(10);
    for (const trigger of ['API', 'WorkFlow', 'Console']) {
      expect(some((job) => job.TriggerSource === trigger)).toBeGreaterThan(10);
    }
    expect(some(({ Status }) => Status === 'Processing')).toBe(1);
    expect(some(({ Inputs = [] }) => Inputs.length > 1)).toBeGreaterThan(10);
    expect(some(({ Inputs = [] }) => Inputs.some(({ Input }) => Input.Type === 'Media'))).toBeGreaterThan(10);
    expect(some(({ UserData }) => UserData === undefined)).toBeGreaterThan(10);
    expect(some(({ UserData }) => UserData?.startsWith('{') === true)).toBeGreaterThan(10);
    expect(some(({ UserData }) => UserData?.startsWith('ticket') === true)).toBeGreaterThan(10);
    expect(some(({ Name }) => /[^\u0020-\u007E]/.test(Name ?? ''))).toBeGreaterThan(10);
    expect(some((job) => !('TriggerSource' in job))).toBe(1);
  });

  it('has jobs that finish within the next minutes, and some that do not', () => {
    const clock = { now: NOW };
    const jobs = seeded(clock);
    const running = () => all(jobs).filter(({ Status }) => Status === 'Init').length;
    const before = running();
    clock.now += 60_000;
    expect(running()).toBeLessThan(before);
    clock.now += 4 * 60_000;
    expect(running()).toBeGreaterThan(1);
    expect(before - running()).toBeGreaterThan(10);
  });
});
