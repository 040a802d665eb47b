import { describe, expect, test } from 'vitest';
import type { JobRegistry, WireJobPage } from '../../src/emulator/server.ts';
import { fixtures } from './support/fixtures.ts';
import type { EmulatorFixtures } from './support/fixtures.ts';

const it = test.extend<EmulatorFixtures>(fixtures);

const SECOND = 1000;
const START = Date.UTC(2026, 10, 22, 20, 23, 49);

const submission = (media: string) => ({
  inputs: [{ Type: 'OSS', Media: `oss://bucket/${media}` }],
  output: { Type: 'OSS', Media: 'oss://bucket/打 包/out.m3u8' },
});

const ids = (page: WireJobPage) => page.PackageJobs.map(({ JobId }) => JobId);

describe('a submitted job', () => {
  it('is Init, then Success after 5 to 15 seconds of the clock', ({ emulator, clock }) => {
    const jobId = emulator.jobs.submit({
      ...submission('a.mp4'),
      name: 'a',
      userData: 'u',
      priority: 9,
      pipelineId: 'p',
    });
    expect(jobId).toMatch(/^[0-9a-f]{32}$/);
    const created = {
      JobId: jobId,
      TriggerSource: 'API',
      Name: 'a',
      Inputs: [{ Input: { Type: 'OSS', Media: 'oss://bucket/a.mp4' } }],
      Output: { Type: 'OSS', Media: 'oss://bucket/打 包/out.m3u8' },
      PipelineId: 'p',
      Priority: 9,
      Status: 'Init',
      SubmitTime: '2026-11-22T20:23:49Z',
      UserData: 'u',
      CreateTime: '2026-11-22T20:23:49Z',
      ModifiedTime: '2026-11-22T20:23:49Z',
    };
    clock.now = START + 4999;
    expect(emulator.jobs.get(jobId)).toEqual(created);
    clock.now = START + 15 * SECOND;
    const finished = emulator.jobs.get(jobId);
    expect(finished).toMatchObject({
      Status: 'Success',
      OutputUrl: 'http://bucket.oss-cn-shanghai.aliyuncs.com/%E6%89%93%20%E5%8C%85/out.m3u8',
    });
    expect(finished?.FinishTime).toBe(finished?.ModifiedTime);
    expect(finished).not.toHaveProperty('Code');
  });

  it.for([
    ['missing/a.mp4', 'ResourceNotFound'],
    ['corrupt.mp4', 'InvalidParameter'],
  ] as const)('with the input %s fails with %s and has no output', ([media, code], { emulator, clock }) => {
    const jobId = emulator.jobs.submit(submission(media));
    clock.now = START + 15 * SECOND;
    const job = emulator.jobs.get(jobId);
    expect(job).toMatchObject({ Status: 'Fail', Code: code, Message: expect.any(String) as string });
    expect(job).not.toHaveProperty('OutputUrl');
  });

  it('takes as long as another job with the same media', ({ emulator, clock }) => {
    const jobIds = [emulator.jobs.submit(submission('a.mp4')), emulator.jobs.submit(submission('a.mp4'))];
    clock.now = START + 15 * SECOND;
    const [first, last] = jobIds.map((jobId) => emulator.jobs.get(jobId)?.FinishTime);
    expect(first).toBe(last);
  });
});

describe('JobRegistry', () => {
  it('finishes a job now, with the given outcome', ({ emulator, clock }) => {
    const jobId = emulator.jobs.add({ finishTime: Infinity });
    clock.now = START + 90_000;
    emulator.jobs.finish(jobId, { status: 'Fail', code: 'C', message: 'm' });
    const expected = { Status: 'Fail', Code: 'C', Message: 'm', FinishTime: '2026-11-22T20:25:19Z' };
    expect(emulator.jobs.get(jobId)).toMatchObject(expected);
    expect(() => emulator.jobs.finish('x')).toThrow(new RangeError('no job x'));
  });

  it('shows unusual jobs as they were added', ({ emulator }) => {
    const { jobs } = emulator;
    expect(jobs.get(jobs.add({ statusText: 'Processing' }))).toMatchObject({ Status: 'Processing' });
    expect(jobs.get(jobs.add({ omit: ['Inputs', 'Output'] }))).not.toHaveProperty('Inputs');
    expect(jobs.get(jobs.add({ jobId: 'v', verbatim: { JobId: 'other' } }))).toEqual({ JobId: 'other' });
  });

  it('does not show a job before its creation time', ({ emulator, clock }) => {
    const jobId = emulator.jobs.add({ createTime: START + 1 });
    expect(emulator.jobs.get(jobId)).toBeUndefined();
    expect(ids(emulator.jobs.list())).toEqual([]);
    clock.now = START + 1;
    expect(emulator.jobs.get(jobId)).toBeDefined();
  });

  it('refuses an id that is taken and an invalid time', ({ emulator }) => {
    emulator.jobs.add({ jobId: 'a' });
    expect(() => emulator.jobs.add({ alsoKnownAs: ['a'] })).toThrow('jobId a is taken');
    for (const time of [Number.NaN, -1, 9e15]) {
      expect(() => emulator.jobs.add({ createTime: time })).toThrow(/^createTime must be milliseconds/);
      expect(() => emulator.jobs.add({ finishTime: time })).toThrow(/^finishTime must be milliseconds/);
    }
    expect(emulator.jobs.size).toBe(1);
  });
});

describe('list', () => {
  it('starts with the newest job by default, and with the oldest on request', ({ emulator }) => {
    for (const [jobId, age] of [
      ['old', 3],
      ['new', 1],
      ['middle', 2],
    ] as const) {
      emulator.jobs.add({ jobId, createTime: START - age * SECOND });
    }
    expect(ids(emulator.jobs.list())).toEqual(['new', 'middle', 'old']);
    expect(ids(emulator.jobs.list({ order: 'CreateTimeAsc' }))).toEqual(['old', 'middle', 'new']);
  });

  it('keeps jobs of the same millisecond in the order of their insertion', ({ emulator }) => {
    for (const jobId of ['a', 'b', 'c']) emulator.jobs.add({ jobId });
    expect(ids(emulator.jobs.list({ order: 'CreateTimeAsc' }))).toEqual(['a', 'b', 'c']);
    expect(ids(emulator.jobs.list())).toEqual(['c', 'b', 'a']);
  });

  it('filters by id, status and creation time, with inclusive bounds in whole seconds', ({ emulator }) => {
    const { jobs } = emulator;
    jobs.add({ jobId: 'done', createTime: START - 60_000, alsoKnownAs: ['d'] });
    jobs.add({ jobId: 'failed', createTime: START - 30_000 + 999, outcome: { status: 'Fail' } });
    jobs.add({ jobId: 'running', createTime: START });
    expect(ids(jobs.list({ status: 'Init' }))).toEqual(['running']);
    expect(ids(jobs.list({ status: 'Success' }))).toEqual(['done']);
    expect(ids(jobs.list({ status: 'Fail' }))).toEqual(['failed']);
    expect(ids(jobs.list({ createdFrom: START - 60_000, createdTo: START - 30_000 }))).toEqual([
      'failed',
      'done',
    ]);
    expect(ids(jobs.list({ createdFrom: START - 59_000, createdTo: START - 31_000 }))).toEqual([]);
    expect(ids(jobs.list({ jobId: 'd' }))).toEqual(['done']);
    expect(ids(jobs.list({ jobId: 'd', status: 'Init' }))).toEqual([]);
    expect(ids(jobs.list({ jobId: 'd', createdFrom: START }))).toEqual([]);
    expect(ids(jobs.list({ jobId: 'x' }))).toEqual([]);
  });

  it('omits OutputUrl', ({ emulator }) => {
    const jobId = emulator.jobs.add({ createTime: START - 60_000 });
    const { OutputUrl, ...rest } = emulator.jobs.get(jobId) ?? {};
    expect(OutputUrl).toBeDefined();
    expect(emulator.jobs.list().PackageJobs).toEqual([rest]);
  });

  it('returns 20 jobs by default and for a size of 0, and no token on the last page', ({ emulator }) => {
    for (let index = 0; index < 40; index += 1) emulator.jobs.add();
    for (const query of [{}, { pageSize: 0 }]) {
      const first = emulator.jobs.list(query);
      expect(first.PackageJobs).toHaveLength(20);
      expect(first.NextPageToken).toMatch(/^[0-9a-f]{32}$/);
      const last = emulator.jobs.list({ ...query, pageToken: first.NextPageToken });
      expect(last.PackageJobs).toHaveLength(20);
      expect(last).not.toHaveProperty('NextPageToken');
    }
  });

  it.for(['CreateTimeDesc', 'CreateTimeAsc'] as const)(
    'returns each of 1,000 jobs once in %s, while new jobs are added',
    (order, { emulator, clock }) => {
      const { jobs } = emulator;
      const expected = Array.from({ length: 1000 }, (_, index) =>
        // Seven jobs have the same time, so pages end between jobs of the same time.
        jobs.add({ createTime: START - Math.floor(index / 7) * 10 }),
      );
      const seen = walk(jobs, order, () => {
        clock.now += 1;
        jobs.add({ jobId: `late-${clock.now}` });
      });
      const original = seen.filter((jobId) => !jobId.startsWith('late-'));
      expect(new Set(original)).toEqual(new Set(expected));
      expect(original).toHaveLength(1000);
      expect(new Set(seen).size).toBe(seen.length);
    },
  );

  it('returns the same token for the same position', ({ emulator }) => {
    for (let index = 0; index < 3; index += 1) emulator.jobs.add();
    const { NextPageToken } = emulator.jobs.list({ pageSize: 2 });
    expect(emulator.jobs.list({ pageSize: 2 }).NextPageToken).toBe(NextPageToken);
  });
});

describe('a removed job', () => {
  it('is unknown, and pages go on after it as before', ({ emulator, clock }) => {
    const added = Array.from({ length: 4 }, (_, index) =>
      emulator.jobs.add({ createTime: clock.now - index * SECOND, alsoKnownAs: [`other-${index}`] }),
    );
    const first = emulator.jobs.list({ pageSize: 2 });
    emulator.jobs.remove(added[1] ?? '');
    expect([added[1] ?? '', 'other-1'].map((id) => emulator.jobs.get(id))).toEqual([undefined, undefined]);
    expect(ids(emulator.jobs.list({ pageToken: first.NextPageToken }))).toEqual(added.slice(2));
    expect(() => emulator.jobs.remove('none')).toThrow('no job none');
    // The next one takes nobody's place.
    const late = emulator.jobs.add({ createTime: clock.now });
    expect(ids(emulator.jobs.list())).toEqual([late, added[0], ...added.slice(2)]);
  });
});

/** The ids of all pages, in the order of the list. */
function walk(
  jobs: JobRegistry,
  order: 'CreateTimeDesc' | 'CreateTimeAsc',
  betweenPages: () => void,
): string[] {
  const seen: string[] = [];
  let pageToken: string | undefined;
  do {
    const page = jobs.list({ order, pageSize: 37, pageToken });
    seen.push(...page.PackageJobs.map(({ JobId }) => JobId ?? ''));
    pageToken = page.NextPageToken;
    betweenPages();
    // In ascending order, new jobs are at the end. The limit ends the loop.
  } while (pageToken !== undefined && seen.length < 2000);
  return seen;
}
