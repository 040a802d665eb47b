import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { defaultCredentials, startEmulator } from '../../src/emulator/server.ts';
import type { Emulator } from '../../src/emulator/server.ts';
import { fixtures } from './support/fixtures.ts';
import type { EmulatorFixtures } from './support/fixtures.ts';
import { officialClients } from './support/official-clients.ts';

const it = test.extend<EmulatorFixtures>(fixtures);

const [staticKey, sessionKey] = defaultCredentials;

const submission = {
  Inputs: `[{"Input":{"Type":"OSS","Media":"oss://bucket/视频 (1)*~'!+&=%.mp4"}}]`,
  Output: '{"Type":"OSS","Media":"oss://bucket/a.m3u8"}',
  Name: "name*~'!()+&=é打包",
  UserData: '{"param": "value"}',
  ScheduleConfig: '{"Priority":5}',
};

describe.for(Object.entries(officialClients))('%s', ([, createClient]) => {
  let emulator: Emulator;

  // The clients sign with the real time, so this emulator has it too.
  beforeEach(async () => {
    emulator = await startEmulator();
    onTestFinished(() => emulator.close());
  });

  it.for([
    ['a static key', staticKey],
    ['a session triple', sessionKey],
  ] as const)('submits, gets and lists a job with %s', async ([, credentials]) => {
    const call = createClient(emulator.endpoint, credentials);
    const { JobId: jobId } = await call('SubmitPackageJob', submission);
    const expected = {
      JobId: jobId,
      Status: 'Init',
      Name: submission.Name,
      Inputs: JSON.parse(submission.Inputs) as unknown,
      Output: JSON.parse(submission.Output) as unknown,
      Priority: 5,
      UserData: submission.UserData,
    };
    expect((await call('GetPackageJob', { JobId: String(jobId) }))['PackageJob']).toMatchObject(expected);
    const list = await call('ListPackageJobs', { PageSize: '10', Status: 'Init', OrderBy: 'CreateTimeAsc' });
    expect(list['PackageJobList']).toMatchObject({ PackageJobs: [expected] });
    expect(emulator.countRequests()).toBe(3);
  });

  it('reads the code of a job that is not there', async () => {
    const call = createClient(emulator.endpoint, staticKey);
    await expect(call('GetPackageJob', { JobId: 'x' })).rejects.toMatchObject({ code: 'JobNotFound' });
  });

  it('reads the code of a wrong signature', async () => {
    const call = createClient(emulator.endpoint, { ...staticKey, accessKeySecret: 'x' });
    await expect(call('GetPackageJob', { JobId: 'x' })).rejects.toMatchObject({
      code: 'SignatureDoesNotMatch',
    });
  });

  it('reads the code of a throttled call', async () => {
    emulator.faults.add({ kind: 'throttle', retryAfterMs: 80 });
    const call = createClient(emulator.endpoint, staticKey);
    await expect(call('ListPackageJobs', {})).rejects.toMatchObject({ code: 'Throttling.User' });
  });
});

describe('openapi-core', () => {
  it('reads when to come back after it was throttled', async () => {
    const emulator = await startEmulator();
    onTestFinished(() => emulator.close());
    emulator.faults.add({ kind: 'throttle', retryAfterMs: 80 });
    const call = officialClients['openapi-core']?.(emulator.endpoint, staticKey);
    const expected = { name: 'ThrottlingError', retryAfter: 80, statusCode: 400 };
    await expect(call?.('ListPackageJobs', {})).rejects.toMatchObject(expected);
  });
});
