import { XMLParser } from 'fast-xml-parser';
import { describe, expect, test } from 'vitest';
import { UNKNOWN_JOB_RESPONSES } from '../../src/emulator/jobs.ts';
import { fixtures } from './support/fixtures.ts';
import type { EmulatorFixtures } from './support/fixtures.ts';

const it = test.extend<EmulatorFixtures>(fixtures);

const VALID_SUBMISSION = {
  Inputs: '[{"Input":{"Type":"OSS","Media":"oss://bucket/a.mp4"}}]',
  Output: '{"Type":"OSS","Media":"oss://bucket/a.m3u8"}',
};

describe('GetPackageJob', () => {
  it('returns the job with a new request id', async ({ call, emulator }) => {
    const jobId = emulator.jobs.add();
    const { status, headers, json } = await call('GetPackageJob', { JobId: jobId });
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json;charset=utf-8');
    expect(json).toEqual({ RequestId: headers['x-acs-request-id'], PackageJob: emulator.jobs.get(jobId) });
    expect(json['RequestId']).toMatch(/^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/);
  });

  it.for([{}, { JobId: '' }])('refuses %j, as the JobId is required', async (params, { call }) => {
    const expected = { Code: 'MissingJobId', Message: 'JobId is mandatory for this action.' };
    expect(await call('GetPackageJob', params)).toMatchObject({ status: 400, json: expected });
  });

  it('returns the configured response for an unknown job', async ({ call, emulator }) => {
    const responses: unknown[] = [];
    for (const response of UNKNOWN_JOB_RESPONSES) {
      emulator.jobs.unknownJob = response;
      const { status, json } = await call('GetPackageJob', { JobId: 'x' });
      responses.push([status, json['Code'], json['Message']]);
    }
    expect(responses).toEqual([
      [404, 'JobNotFound', 'No such job.'],
      [404, 'ResourceNotFound', 'The specified resource is not found.'],
      [400, 'InvalidParameter.ResourceNotFound', 'The specified resource is not found.'],
      [200, undefined, undefined],
    ]);
  });
});

describe('ListPackageJobs', () => {
  it('returns jobs and token inside PackageJobList', async ({ call, emulator }) => {
    for (let index = 0; index < 3; index += 1) emulator.jobs.add();
    const { json } = await call('ListPackageJobs', { PageSize: '2', OrderBy: 'CreateTimeAsc' });
    expect(json['PackageJobList']).toEqual(emulator.jobs.list({ pageSize: 2, order: 'CreateTimeAsc' }));
  });

  it('continues from a token, with every filter', async ({ call, emulator, clock }) => {
    for (let index = 0; index < 3; index += 1) emulator.jobs.add({ jobId: `j${index}` });
    const time = new Date(clock.now).toISOString().replace('.000', '');
    const params = { PageSize: '2', Status: 'Init', StartOfCreateTime: time, EndOfCreateTime: time };
    const token = emulator.jobs.list({ pageSize: 2 }).NextPageToken ?? '';
    const { json } = await call('ListPackageJobs', { ...params, NextPageToken: token });
    expect(json['PackageJobList']).toEqual({ PackageJobs: [expect.objectContaining({ JobId: 'j0' })] });
  });

  it.for([
    ['Status', 'Processing'],
    ['OrderBy', 'CreateTime'],
    ['PageSize', '101'],
    ['PageSize', '-1'],
    ['PageSize', '1.5'],
    ['PageSize', 'ten'],
    ['StartOfCreateTime', '2022-07-01'],
    ['EndOfCreateTime', '2022-07-32T00:00:00Z'],
    ['NextPageToken', 'x'],
    ['NextPageToken', '019daf5780f74831b0e1a767c9f1c178'],
  ] as const)('refuses %s=%s', async ([name, value], { call }) => {
    expect(await call('ListPackageJobs', { [name]: value })).toMatchObject({
      status: 400,
      json: { Code: `Invalid${name}` },
    });
  });

  it('refuses a token of the other order', async ({ call, emulator }) => {
    for (let index = 0; index < 2; index += 1) emulator.jobs.add();
    const token = emulator.jobs.list({ pageSize: 1 }).NextPageToken ?? '';
    const { json } = await call('ListPackageJobs', { NextPageToken: token, OrderBy: 'CreateTimeAsc' });
    expect(json).toMatchObject({ Code: 'InvalidNextPageToken' });
  });
});

describe('SubmitPackageJob', () => {
  it('submits a job with all given parameters', async ({ call, emulator }) => {
    const { status, json } = await call('SubmitPackageJob', {
      ...VALID_SUBMISSION,
      Name: "a *~'!()",
      UserData: '{"a": 1}',
      ScheduleConfig: '{"PipelineId":"p","Priority":10}',
    });
    expect(status).toBe(200);
    const expected = {
      Name: "a *~'!()",
      UserData: '{"a": 1}',
      PipelineId: 'p',
      Priority: 10,
      Status: 'Init',
    };
    expect(emulator.jobs.get(String(json['JobId']))).toMatchObject(expected);
  });

  it.for([
    ['MissingInputs', { Inputs: '' }],
    ['MissingOutput', { Output: '' }],
    ['InvalidInputs', { Inputs: 'oss://bucket/a.mp4' }],
    ['InvalidInputs', { Inputs: '[]' }],
    ['InvalidInputs', { Inputs: JSON.stringify(VALID_SUBMISSION.Inputs) }],
    ['InvalidInputs', { Inputs: '[{"Type":"OSS","Media":"oss://bucket/a.mp4"}]' }],
    ['InvalidInputs', { Inputs: '[{"Input":{"Type":"S3","Media":"oss://bucket/a.mp4"}}]' }],
    ['InvalidInputs', { Inputs: '[{"Input":{"Type":"OSS","Media":"a.mp4"}}]' }],
    ['InvalidInputs', { Inputs: '[{"Input":{"Type":"OSS"}}]' }],
    ['InvalidInputs', { Inputs: '[null]' }],
    ['InvalidOutput', { Output: '[]' }],
    ['InvalidOutput', { Output: '{"Type":"Media","Media":""}' }],
    ['InvalidScheduleConfig', { ScheduleConfig: '7' }],
    ['InvalidScheduleConfig', { ScheduleConfig: '{"Priority":11}' }],
    ['InvalidScheduleConfig', { ScheduleConfig: '{"Priority":"6"}' }],
    ['InvalidScheduleConfig', { ScheduleConfig: '{"PipelineId":1}' }],
  ] as const)('refuses as %s %j', async ([code, params], { call, emulator }) => {
    const reply = await call('SubmitPackageJob', { ...VALID_SUBMISSION, ...params });
    expect(reply).toMatchObject({ status: 400, json: { Code: code } });
    expect(emulator.jobs.size).toBe(0);
  });
});

describe('responses', () => {
  it('are XML in V1 unless Format asks for JSON', async ({ call, emulator }) => {
    const jobId = emulator.jobs.add({ name: 'a <b> & "c" \r\n 打包' });
    const params = { JobId: jobId };
    for (const format of [undefined, 'XML', 'xml']) {
      const { headers, text } = await call('GetPackageJob', params, {
        scheme: 'V1',
        system: { Format: format },
      });
      expect(headers['content-type']).toBe('text/xml;charset=utf-8');
      const parsed = new XMLParser({ parseTagValue: false, trimValues: false, htmlEntities: true }).parse(
        text,
      ) as Record<string, unknown>;
      const { Priority: priority, ...job } = emulator.jobs.get(jobId) ?? {};
      const [input] = job.Inputs ?? [];
      expect(parsed['GetPackageJobResponse']).toEqual({
        RequestId: headers['x-acs-request-id'],
        PackageJob: { ...job, Priority: String(priority), Inputs: input },
      });
    }
    for (const format of ['JSON', 'json']) {
      const { json } = await call('GetPackageJob', params, { scheme: 'V1', system: { Format: format } });
      expect(json).toMatchObject({ PackageJob: { JobId: jobId } });
    }
  });

  it('of errors have the error envelope, in JSON and XML', async ({ call, emulator }) => {
    const v3 = await call('GetPackageJob', { JobId: 'x' });
    const requestId = v3.headers['x-acs-request-id'];
    expect(v3.json).toEqual({
      RequestId: requestId,
      HostId: new URL(emulator.endpoint).host,
      Code: 'JobNotFound',
      Message: 'No such job.',
      Recommend: `https://api.aliyun.com/troubleshoot?q=JobNotFound&product=ICE&requestId=${String(requestId)}`,
    });
    const v1 = await call('GetPackageJob', { JobId: 'x' }, { scheme: 'V1' });
    expect(v1.headers['content-type']).toBe('text/xml;charset=utf-8');
    expect(new XMLParser().parse(v1.text)).toMatchObject({
      Error: { Code: 'JobNotFound', Message: 'No such job.' },
    });
  });
});
