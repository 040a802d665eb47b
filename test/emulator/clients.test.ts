import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { DEFAULT_CREDENTIALS, startEmulator } from '../../src/emulator/server.ts';
import type { Emulator } from '../../src/emulator/server.ts';
import { fixtures } from './support/fixtures.ts';
import type { EmulatorFixtures } from './support/fixtures.ts';
import { OFFICIAL_CLIENTS } from './support/official-clients.ts';

const it = test.extend<EmulatorFixtures>(fixtures);

const [STATIC_KEY, SESSION_KEY] = DEFAULT_CREDENTIALS;

const SUBMISSION = {
  Inputs: `[{"Input":{"Type":"OSS","Media":"oss://bucket/视频 (1)*~'!+&=%.mp4"}}]`,
  Output: '{"Type":"OSS","Media":"oss://bucket/a.m3u8"}',
  Name: "name*~'!()+&=é打包",
  UserData: '{"param": "value"}',
  ScheduleConfig: '{"Priority":5}',
};

describe.for(Object.entries(OFFICIAL_CLIENTS))('%s', ([, createClient]) => {
  let emulator: Emulator;

  // The clients sign with the real time, so this emulator uses the real time too.
  beforeEach(async () => {
    emulator = await startEmulator();
    onTestFinished(() => emulator.close());
  });

  it.for([
    ['a static key', STATIC_KEY],
    ['temporary credentials', SESSION_KEY],
  ] as const)('submits, gets and lists a job with %s', async ([, credentials]) => {
    const call = createClient(emulator.endpoint, credentials);
    const { JobId: jobId } = await call('SubmitPackageJob', SUBMISSION);
    const expected = {
      JobId: jobId,
      Status: 'Init',
      Name: SUBMISSION.Name,
      Inputs: JSON.parse(SUBMISSION.Inputs) as unknown,
      Output: JSON.parse(SUBMISSION.Output) as unknown,
      Priority: 5,
      UserData: SUBMISSION.UserData,
    };
    expect((await call('GetPackageJob', { JobId: String(jobId) }))['PackageJob']).toMatchObject(expected);
    const list = await call('ListPackageJobs', { PageSize: '10', Status: 'Init', OrderBy: 'CreateTimeAsc' });
    expect(list['PackageJobList']).toMatchObject({ PackageJobs: [expected] });
    expect(emulator.countRequests()).toBe(3);
  });

  it('reads the code of an unknown job', async () => {
    const call = createClient(emulator.endpoint, STATIC_KEY);
    await expect(call('GetPackageJob', { JobId: 'x' })).rejects.toMatchObject({ code: 'JobNotFound' });
  });

  it('reads the code of a wrong signature', async () => {
    const call = createClient(emulator.endpoint, { ...STATIC_KEY, accessKeySecret: 'x' });
    await expect(call('GetPackageJob', { JobId: 'x' })).rejects.toMatchObject({
      code: 'SignatureDoesNotMatch',
    });
  });

  it('reads the code of a throttled call', async () => {
    emulator.faults.add({ kind: 'throttle', retryAfterMs: 80 });
    const call = createClient(emulator.endpoint, STATIC_KEY);
    await expect(call('ListPackageJobs', {})).rejects.toMatchObject({ code: 'Throttling.User' });
  });
});

describe('openapi-core', () => {
  it('reads the time until a retry of a throttled call', async () => {
    const emulator = await startEmulator();
    onTestFinished(() => emulator.close());
    emulator.faults.add({ kind: 'throttle', retryAfterMs: 80 });
    const call = OFFICIAL_CLIENTS['openapi-core']?.(emulator.endpoint, STATIC_KEY);
    const expected = { name: 'ThrottlingError', retryAfter: 80, statusCode: 400 };
    await expect(call?.('ListPackageJobs', {})).rejects.toMatchObject(expected);
  });
});
