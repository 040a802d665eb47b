import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeEnvelope,
  decodeJobResponse,
  decodeListResponse,
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

describe('decodeJobResponse', () => {
  it('decodes the example of the reference, times trimmed, without an violation', () => {
    const violations: ContractViolation[] = [];
    const job = decodeJobResponse(decodeEnvelope(EXAMPLE).members ?? {}, (violation) =>
      violations.push(violation),
    );
    expect(job).toEqual({
      id: 'ab4802364a2e49208c99efab82df****',
      name: 'job-name',
      status: 'INIT',
      statusRaw: 'Init',
      triggerSource: 'API',
      inputs: [{ type: 'OSS', media: 'oss://bucket/path/to/video.mp4' }],
      output: { type: 'OSS', media: 'oss://bucket/path/to/video.m3u8' },
      outputUrl: 'http://bucket.oss-cn-shanghai.aliyuncs.com/output.m3u8',
      pipelineId: '36f3fee40aa047c0b067d0fb85ed****',
      priority: 6,
      code: 'InvalidParameter',
      message: 'Resource content bad.',
      submitTime: '2022-09-08T11:34:05Z',
      finishTime: '2022-09-08T11:44:05Z',
      createTime: '2022-09-08T11:34:05Z',
      modifiedTime: '2022-09-08T11:44:05Z',
      userData: '{"param": "value"}',
    });
    expect(violations).toEqual([]);
  });

  it('gives null for every absent member, and undefined for an absent OutputUrl', () => {
    const { job, violations } = decode({});
    const { id, status, inputs, outputUrl, ...others } = job;
    expect({ id, status, inputs, outputUrl }).toEqual({
      id: 'j1',
      status: 'UNKNOWN',
      inputs: [],
      outputUrl: undefined,
    });
    expect(Object.values(others).every((value) => value === null)).toBe(true);
    expect(violations).toEqual([]);
  });

  it('keeps unknown enum text beside UNKNOWN and reports it', () => {
    const { job, violations } = decode({
      Status: 'Processing',
      TriggerSource: 'Cron',
      Output: { Type: 'FTP', Media: 'x' },
    });
    expect(job).toMatchObject({
      status: 'UNKNOWN',
      statusRaw: 'Processing',
      triggerSource: 'UNKNOWN',
      output: { type: 'UNKNOWN', media: 'x' },
    });
    expect(violations.map(({ member, text }) => [member, text])).toEqual([
      ['PackageJob.Status', 'Processing'],
      ['PackageJob.TriggerSource', 'Cron'],
      ['PackageJob.Output.Type', 'FTP'],
    ]);
  });

  it.for([
    ['Name', 7, 'name'],
    ['Status', {}, 'statusRaw'],
    ['Output', 'oss://bucket/key', 'output'],
    ['Output', [], 'output'],
    ['OutputUrl', 1, 'outputUrl'],
    ['OutputUrl', 'not a url', 'outputUrl'],
    ['Priority', '6.5', 'priority'],
    ['Priority', 'six', 'priority'],
    ['Priority', 1.5, 'priority'],
    ['Priority', 2 ** 31, 'priority'],
    ['CreateTime', 0, 'createTime'],
    ['CreateTime', 20220908, 'createTime'],
    ['CreateTime', 20220908113405, 'createTime'],
    ['CreateTime', '20220908113405', 'createTime'],
    ['CreateTime', 166263684512, 'createTime'],
    ['CreateTime', -1662636845, 'createTime'],
    ['CreateTime', 1662636845.5, 'createTime'],
    ['CreateTime', 1e30, 'createTime'],
    ['CreateTime', 'yesterday', 'createTime'],
    ['CreateTime', '2022-02-30T00:00:00Z', 'createTime'],
    ['CreateTime', '2022-09-08', 'createTime'],
    ['CreateTime', '2022-09-08T24:00:00', 'createTime'],
    ['UserData', { a: 1 }, 'userData'],
  ] as const)('reads %s of %j as null and reports it', ([member, value, field]) => {
    const { job, violations } = decode({ [member]: value });
    expect(job[field]).toBeNull();
    expect(violations.map((violation) => violation.member)).toEqual([`PackageJob.${member}`]);
  });

  it.for([
    ['javascript:alert(1)'],
    ['JavaScript:alert(1)'],
    ['\u0001java\nscript:alert(1)'],
    ['data:text/html,<script>alert(1)</script>'],
    ['vbscript:msgbox(1)'],
    ['file:///etc/passwd'],
    ['blob:https://app.example.com/9115d58c'],
    ['ftp://bucket/key'],
    ['ws://bucket/key'],
    ['oss:key'],
    ['//cdn.example.com/a.m3u8'],
  ])('reads OutputUrl %j as null, keeps it as media, and reports both', ([text = '']) => {
    const media = { Type: 'OSS', Media: text };
    const { job, violations } = decode({
      OutputUrl: text,
      Output: media,
      Inputs: [{ Input: media }],
      UserData: text,
    });
    expect(job).toMatchObject({
      outputUrl: null,
      output: { type: 'OSS', media: text },
      inputs: [{ type: 'OSS', media: text }],
      userData: text,
    });
    expect(violations.toSorted((a, b) => (a.member < b.member ? -1 : 1))).toEqual([
      { kind: 'invalid value', member: 'PackageJob.Inputs[].Input.Media' },
      { kind: 'invalid value', member: 'PackageJob.Output.Media' },
      { kind: 'invalid value', member: 'PackageJob.OutputUrl' },
    ]);
  });

  it.for([
    ['http://b.oss-cn-shanghai.aliyuncs.com/a.m3u8', 'http://b.oss-cn-shanghai.aliyuncs.com/a.m3u8'],
    ['HTTPS://CDN.example.com/ä', 'https://cdn.example.com/%C3%A4'],
    ['oss://bucket/path/a b.mp4', 'oss://bucket/path/a%20b.mp4'],
  ] as const)('reads OutputUrl %j as %j', ([text, url]) => {
    const { job, violations } = decode({ OutputUrl: text, Output: { Type: 'OSS', Media: text } });
    expect(job).toMatchObject({ outputUrl: url, output: { media: text } });
    expect(violations).toEqual([]);
  });

  it('reports no id in the media library, and no empty text', () => {
    const { violations } = decode({
      Output: { Type: 'Media', Media: 'javascript:alert(1)' },
      Inputs: [{ Input: { Type: 'OSS', Media: '' } }, { Input: { Type: 'OSS' } }],
    });
    expect(violations).toEqual([]);
  });

  it.for([
    ['2022-09-08T11:34:05Z', '2022-09-08T11:34:05Z'],
    ['2022-09-08T11:34:05Z\n    ', '2022-09-08T11:34:05Z'],
    ['2022-09-08T19:34:05+08:00', '2022-09-08T11:34:05Z'],
    ['2022-09-08T11:34:05.250Z', '2022-09-08T11:34:05.250Z'],
    ['9999-12-31T23:59:59-01:00', null],
    ['', null],
    [' \n', null],
  ])('reads the time %j as %s', ([text, time]) => {
    expect(decode({ FinishTime: text }).job.finishTime).toBe(time);
  });

  it('leaves out inputs that are not there, and keeps the place of those that cannot be read', () => {
    const { job, violations } = decode({
      Inputs: [
        { Input: { Type: 'Media', Media: 'm1' } },
        'x',
        {},
        null,
        { Input: null },
        { Input: 1 },
        { Other: 1 },
      ],
    });
    const unreadable = { type: 'UNKNOWN', media: null };
    expect(job.inputs).toEqual([{ type: 'MEDIA', media: 'm1' }, unreadable, unreadable, unreadable]);
    expect(violations).toHaveLength(3);
  });

  it.for([[undefined], [null], [''], [[]], [{}], ['[]'], [{ Input: [] }], [[{}]], [[null]]])(
    'reads Inputs of %j as none',
    ([inputs]) => {
      expect(decode({ Inputs: inputs }).job.inputs).toEqual([]);
    },
  );

  it.for([[7], ['oss://bucket/key'], [true], ['[{"Input":'], [[7]], [[[]]], [{ Other: 1 }]])(
    'reads Inputs of %j as one that is unknown, and reports it',
    ([inputs]) => {
      const { job, violations } = decode({ Inputs: inputs });
      expect(job.inputs).toEqual([{ type: 'UNKNOWN', media: null }]);
      expect(violations.map(({ kind }) => kind)).toContain('wrong type');
    },
  );

  it('reads an answer without a job as null, and one that is no answer as undefined', () => {
    expect(
      [{}, { PackageJob: null }, { PackageJob: {} }, { PackageJob: { JobId: '' } }].map(readJob),
    ).toEqual([null, null, null, null]);
    const wrong = [
      { PackageJob: 'x' },
      { PackageJob: [] },
      ...[true, 0.5, 2 ** 53].map((JobId) => ({ PackageJob: { JobId } })),
      { PackageJob: { JobId: 'a b' } },
    ];
    expect(wrong.map(readJob)).toEqual(wrong.map(() => undefined));
  });

  it('never throws, whatever ICE sends', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (job, list) => {
        decodeJobResponse({ PackageJob: job }, () => undefined);
        decodeListResponse({ PackageJobList: list }, () => undefined);
      }),
    );
    const member = fc.constantFrom(
      ...Object.keys((JSON.parse(EXAMPLE) as { PackageJob: object }).PackageJob),
    );
    fc.assert(
      fc.property(fc.dictionary(member, fc.jsonValue()), (members) => {
        decodeJobResponse({ PackageJob: { ...members, JobId: 'j1' } }, () => undefined);
      }),
    );
  });
});

describe('decodeListResponse', () => {
  it('reads a page and its token, which is null when missing or empty', () => {
    expect(readList({ PackageJobs: [{ JobId: 'j1' }], NextPageToken: 't' })).toMatchObject({
      jobs: [{ id: 'j1' }],
      nextPageToken: 't',
    });
    expect(readList({ PackageJobs: [], NextPageToken: '' })).toEqual({ jobs: [], nextPageToken: null });
    expect(readList({})).toEqual({ jobs: [], nextPageToken: null });
  });

  it('leaves out a job without a name of its own and keeps the others', () => {
    expect(readList({ PackageJobs: [{}, { JobId: 'j2' }, null] })?.jobs.map(({ id }) => id)).toEqual(['j2']);
  });

  it('is undefined for what is no list', () => {
    const wrong = [
      undefined,
      null,
      [],
      'x',
      { PackageJobs: {} },
      { NextPageToken: 0.5 },
      { NextPageToken: '\n' },
    ];
    expect(wrong.map(readList)).toEqual(wrong.map(() => undefined));
  });
});

describe('decodeEnvelope', () => {
  it('reads code and request id out of JSON and XML', () => {
    const expected = { upstreamCode: 'JobNotFound', requestId: '31E30781-9495-5E2D-A84D-759B0A01E262' };
    const { upstreamCode: Code, requestId: RequestId } = expected;
    const xml = `<?xml version='1.0'?><Error><RequestId>${RequestId}</RequestId><HostId>h</HostId><Code>${Code}</Code></Error>`;
    expect(decodeEnvelope(JSON.stringify({ Code, RequestId }))).toMatchObject(expected);
    expect(decodeEnvelope(xml)).toMatchObject(expected);
  });

  it.for([
    '',
    ' ',
    'null',
    '[]',
    '"text"',
    '{"PackageJob":{"Jo',
    '<html><body>502</body></html>',
    '<',
    '<Error>',
  ])('finds nothing in %j', (body) => {
    expect(decodeEnvelope(body)).toEqual({
      members: undefined,
      upstreamCode: undefined,
      requestId: undefined,
      isRefusal: false,
    });
  });

  it.for([
    ['{"Code":"JobNotFound"}', true],
    ['{"Code":403}', true],
    ['{"Code":"not fit to be shown"}', true],
    ['{"Code":"OK"}', false],
    ['{"Code":200}', false],
    ['{"Code":null}', false],
    ['{}', false],
  ] as const)('tells a refusal by its Code: %s', ([body, isRefusal]) => {
    expect(decodeEnvelope(body).isRefusal).toBe(isRefusal);
  });

  it('lets nothing through as a code or an id that does not look like one', () => {
    const body = JSON.stringify({
      Code: 'server string to sign is: AK example-access-key',
      RequestId: 'a b',
    });
    expect(decodeEnvelope(body)).toMatchObject({ upstreamCode: undefined, requestId: undefined });
  });

  it('never throws, whatever the body', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void decodeEnvelope(text)));
    fc.assert(fc.property(fc.string(), (text) => void decodeEnvelope(`<Error>${text}</Error>`)));
  });
});
