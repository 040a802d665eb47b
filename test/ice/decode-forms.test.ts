import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  decodeEnvelope,
  decodeJobResponse,
  decodeListResponse,
  decodeSubmitResponse,
  type IceJob,
  type ContractViolation,
} from '../../src/ice/decode.ts';

const EXAMPLE = readFileSync(new URL('../vectors/get-package-job.example.json', import.meta.url), 'utf8');

/** Decodes a PackageJob of these members, which must be one. */
function decode(members: Record<string, unknown>): { job: IceJob; violations: ContractViolation[] } {
  const violations: ContractViolation[] = [];
  const job = decodeJobResponse({ PackageJob: { JobId: 'j1', ...members } }, (violation) =>
    violations.push(violation),
  );
  if (!job) throw new Error('not a job');
  return { job, violations };
}

const readJob = (members: Record<string, unknown>) => decodeJobResponse(members, () => undefined);
const readList = (list: unknown) => decodeListResponse({ PackageJobList: list }, () => undefined);

describe('what ICE writes in another form than its reference', () => {
  it.for<[string, unknown, keyof IceJob, unknown]>([
    ['Status', 'success', 'status', 'SUCCESS'],
    ['Status', 'FAIL', 'status', 'FAIL'],
    ['Status', ' Init ', 'status', 'INIT'],
    ['TriggerSource', 'Workflow', 'triggerSource', 'WORK_FLOW'],
    ['TriggerSource', 'api', 'triggerSource', 'API'],
    ['Priority', '6', 'priority', 6],
    ['Priority', ' 10 ', 'priority', 10],
    ['CreateTime', '2022-09-08T11:34:05', 'createTime', '2022-09-08T11:34:05Z'],
    ['CreateTime', '2022-09-08 11:34:05', 'createTime', '2022-09-08T11:34:05Z'],
    ['CreateTime', '2022-09-08 11:34:05Z', 'createTime', '2022-09-08T11:34:05Z'],
    ['CreateTime', '2022-09-08T11:34:05.120', 'createTime', '2022-09-08T11:34:05.120Z'],
    ['CreateTime', '2022-09-08T11:34Z', 'createTime', '2022-09-08T11:34:00Z'],
    ['CreateTime', '2022-09-08T19:34:05+0800', 'createTime', '2022-09-08T11:34:05Z'],
    ['CreateTime', 1662636845, 'createTime', '2022-09-08T11:34:05Z'],
    ['CreateTime', '1662636845', 'createTime', '2022-09-08T11:34:05Z'],
    ['CreateTime', 1662636845000, 'createTime', '2022-09-08T11:34:05Z'],
    ['CreateTime', ' 1662636845120 ', 'createTime', '2022-09-08T11:34:05.120Z'],
    ['CreateTime', 9999999999999, 'createTime', '2286-11-20T17:46:39.999Z'],
    ['Output', '{"Type":"media","Media":"id"}', 'output', { type: 'MEDIA', media: 'id' }],
    ['Output', { type: 'oss', media: 'oss://b/k' }, 'output', { type: 'OSS', media: 'oss://b/k' }],
    ...[
      '[{"Input":{"Type":"Media","Media":"id"}}]',
      ['{"Input":{"Type":"Media","Media":"id"}}'],
      [{ Input: '{"Type":"Media","Media":"id"}' }],
      [{ Type: 'Media', Media: 'id' }],
      [{ input: { type: 'media', media: 'id' } }],
      { Input: [{ Input: { Type: 'Media', Media: 'id' } }] },
      { Input: { Type: 'Media', Media: 'id' } },
      { Type: 'Media', Media: 'id' },
      '{"Input":{"Type":"Media","Media":"id"}}',
    ].map(
      (value) =>
        ['Inputs', value, 'inputs', [{ type: 'MEDIA', media: 'id' }]] as [
          string,
          unknown,
          keyof IceJob,
          unknown,
        ],
    ),
  ])('is read and reported: %s %j', ([member, value, field, expected]) => {
    const { job, violations } = decode({ [member]: value });
    expect(job[field]).toEqual(expected);
    expect(violations.length).toBeGreaterThan(0);
    for (const { kind } of violations) expect(['other case', 'other form']).toContain(kind);
  });

  it('is read under names in another case', () => {
    const { PackageJob: members } = JSON.parse(EXAMPLE) as { PackageJob: Record<string, unknown> };
    const renamed = (rename: (name: string) => string) =>
      Object.fromEntries(Object.entries(members).map(([name, value]) => [rename(name), value]));
    const expected = readJob({ PackageJob: members });
    for (const rename of [
      (name: string) => name.toLowerCase(),
      (name: string) => name.toUpperCase(),
      (name: string) => name.charAt(0).toLowerCase() + name.slice(1),
      (name: string) => name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase(),
    ]) {
      expect(readJob({ PackageJob: renamed(rename) })).toEqual(expected);
      expect(readList({ packageJobs: [renamed(rename)] })?.jobs).toEqual([expected]);
    }
    expect(readJob(decodeEnvelope(JSON.stringify({ packageJob: members })).members ?? {})).toEqual(expected);
  });

  it('is a job, wherever it stands', () => {
    const job = { JobId: 'j1', Status: 'Success' };
    const shapes = [
      { PackageJob: JSON.stringify(job) },
      { RequestId: 'A', ...job },
      { RequestId: 'A', Job: job },
    ];
    expect(shapes.map((shape) => readJob(shape))).toMatchObject(
      shapes.map(() => ({ id: 'j1', status: 'SUCCESS' })),
    );
  });

  it.for([
    [{ PackageJobs: { PackageJob: [{ JobId: 'j1' }] } }],
    [{ PackageJobs: '[{"JobId":"j1"}]' }],
    [{ PackageJobs: [{ PackageJob: { JobId: 'j1' } }] }],
    [{ PackageJobs: ['{"JobId":"j1"}'] }],
    ['{"PackageJobs":[{"JobId":"j1"}]}'],
    [{ packageJobs: [{ jobId: 'j1' }] }],
    [{ PackageJobs: [{ JobId: 'j1' }, { JobId: 'j1' }] }],
  ])('is a page with each job once: %j', ([list]) => {
    expect(readList(list)?.jobs.map(({ id }) => id)).toEqual(['j1']);
  });

  it('is the text of a number that JSON can hold exactly, where it is an id or a token', () => {
    const violations: ContractViolation[] = [];
    const report = (violation: ContractViolation) => void violations.push(violation);
    expect(decodeJobResponse({ PackageJob: { JobId: 42 } }, report)).toMatchObject({ id: '42' });
    const list = { PackageJobs: [{ JobId: 2 ** 53 - 1 }, { JobId: 2 ** 53 }], NextPageToken: 7 };
    expect(decodeListResponse({ PackageJobList: list }, report)).toMatchObject({
      jobs: [{ id: '9007199254740991' }],
      nextPageToken: '7',
    });
    expect(decodeSubmitResponse({ JobId: 42 }, report)).toBe('42');
    expect(violations).toEqual(
      expect.arrayContaining(
        ['PackageJob.JobId', 'PackageJobList.NextPageToken', 'JobId'].map((member) => ({
          kind: 'other form',
          member,
        })),
      ),
    );
    // Of this one JSON has lost digits, so it would name another page.
    expect(readList({ PackageJobs: [], NextPageToken: 2 ** 60 })).toBeUndefined();
  });

  it('is an empty page when nothing but the RequestId comes', () => {
    const empty = { jobs: [], nextPageToken: null };
    const violations: ContractViolation[] = [];
    const read = (members: Record<string, unknown>) =>
      decodeListResponse(members, (violation) => violations.push(violation));
    expect(read({ RequestId: 'A' })).toEqual(empty);
    expect(read({ RequestId: 'A', PackageJobList: null })).toEqual(empty);
    expect(violations.map(({ kind }) => kind)).toEqual(['other form', 'other form']);
    expect(read({ message: 'ok' })).toBeUndefined();
  });
});
