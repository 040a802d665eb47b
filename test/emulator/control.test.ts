import { describe, expect, test } from 'vitest';
import { exchange } from './support/client.ts';
import type { HttpReply } from './support/client.ts';
import { fixtures } from './support/fixtures.ts';
import type { EmulatorFixtures } from './support/fixtures.ts';

type Control = (
  route: `${'GET' | 'POST' | 'DELETE'} ${string}`,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
) => Promise<HttpReply>;

const it = test.extend<EmulatorFixtures>(fixtures).extend<{ control: Control }>({
  control: async ({ emulator }, use) =>
    use((route, body, headers = {}) => {
      const [method = '', path = ''] = route.split(' ');
      const text = body === undefined || typeof body === 'string' ? (body ?? '') : JSON.stringify(body);
      const { host } = new URL(emulator.endpoint);
      return exchange(emulator.endpoint, { method, path, headers: { host, ...headers }, body: text });
    }),
});

describe('/_emulator', () => {
  it('adds and removes faults', async ({ control, emulator, call }) => {
    const added = await control('POST /_emulator/faults', [
      { kind: 'status', status: 503, action: 'ListPackageJobs' },
      { kind: 'truncate', times: 'always' },
    ]);
    expect(added).toMatchObject({ status: 201, json: { faults: emulator.faults.list() } });
    expect((await call('ListPackageJobs')).status).toBe(503);
    expect((await control('DELETE /_emulator/faults')).status).toBe(200);
    expect(emulator.faults.list()).toEqual([]);
  });

  it.for([
    { kind: 'status', status: 418, code: 'C', message: 'm', body: 'html', times: 3 },
    { kind: 'throttle', retryAfterMs: null, code: 'Throttling', status: 429 },
    { kind: 'html', jobId: 'a' },
    { kind: 'oversize', bytes: 10 },
    { kind: 'body', body: '', status: 201, contentType: 'text/plain' },
    { kind: 'hang', when: 'mid-body' },
    { kind: 'reset', when: 'after-headers' },
    { kind: 'truncate' },
    { kind: 'garbage', what: 'not-http' },
    { kind: 'delay', delayMs: 5 },
    { kind: 'clockSkew', skewMs: -5 },
    { kind: 'listLag', lagMs: 5 },
    { kind: 'throttle', code: 'ServiceBusy', header: 'retry-after' },
    { kind: 'oddPage', page: 'same-token' },
    { kind: 'shape', shape: 'json-text' },
    { kind: 'patch', patch: { Priority: 'high' } },
  ])('accepts the fault %j', async (fault, { control, emulator }) => {
    expect((await control('POST /_emulator/faults', fault)).status).toBe(201);
    expect(emulator.faults.list()).toEqual([{ times: 1, ...fault }]);
  });

  it('replaces the access keys', async ({ control, call }) => {
    const keys = [{ accessKeyId: 'other', accessKeySecret: 's', refusal: 'InvalidAccessKeyId.Inactive' }];
    expect(await control('POST /_emulator/credentials', keys)).toMatchObject({
      status: 200,
      json: { accessKeyIds: ['other'] },
    });
    expect((await call('ListPackageJobs')).json).toMatchObject({ Code: 'InvalidAccessKeyId.NotFound' });
  });

  it('shifts the clock', async ({ control, emulator, clock }) => {
    const jobId = emulator.jobs.add();
    const { json } = await control('POST /_emulator/clock', { advanceMs: 15_000 });
    expect(json).toEqual({ now: clock.now + 15_000, clockOffsetMs: 15_000 });
    expect(emulator.jobs.get(jobId)).toMatchObject({ Status: 'Success' });
  });

  it('adds a job', async ({ control, emulator }) => {
    const { status, json } = await control('POST /_emulator/jobs', {
      name: 'a',
      finishTime: 'never',
      omit: ['UserData'],
    });
    expect(status).toBe(201);
    expect(emulator.jobs.get(String(json['jobId']))).toMatchObject({ Name: 'a', Status: 'Init' });
  });

  it('sets the response for unknown jobs', async ({ control, emulator }) => {
    await control('POST /_emulator/settings', { unknownJob: 'absent' });
    expect(emulator.jobs.unknownJob).toBe('absent');
  });

  it('returns the state of the emulator', async ({ control, emulator, call, clock }) => {
    emulator.jobs.add();
    emulator.faults.add({ kind: 'html', jobId: 'x' });
    await call('ListPackageJobs');
    expect((await control('GET /_emulator/state')).json).toEqual({
      now: clock.now,
      clockOffsetMs: 0,
      jobs: 1,
      unknownJob: 'JobNotFound',
      keyRequests: {},
      faults: [{ kind: 'html', jobId: 'x', times: 1 }],
      requests: { total: 1, byAction: { ListPackageJobs: 1 }, maxConcurrency: 1 },
    });
  });

  it.for([
    ['faults', 'nonsense', ''],
    ['faults', [], undefined],
    ['faults', 7, ''],
    ['faults', { kind: 'explode' }, 'kind'],
    ['faults', { kind: 'status' }, 'status'],
    ['faults', { kind: 'status', status: 42 }, 'status'],
    ['faults', { kind: 'status', status: 503, stauts: 1 }, 'stauts'],
    ['faults', { kind: 'hang', when: 'later' }, 'when'],
    ['faults', { kind: 'html', times: 0 }, 'times'],
    ['faults', { kind: 'html', times: 'never' }, 'times'],
    ['faults', { kind: 'html', action: 'CancelPackageJob' }, 'action'],
    ['faults', { kind: 'patch', patch: [] }, 'patch'],
    ['faults', [{ kind: 'html' }, { kind: 'delay', delayMs: '5' }], '[1].delayMs'],
    ['clock', {}, 'advanceMs'],
    ['clock', { advanceMs: 'x' }, 'advanceMs'],
    ['settings', { unknownJob: 'x' }, 'unknownJob'],
    ['jobs', { priority: 11 }, 'priority'],
    ['jobs', { finishTime: 'later' }, 'finishTime'],
    ['jobs', { inputs: [{ Type: 'OSS' }] }, 'inputs[0].Media'],
    ['jobs', { outcome: { status: 'Done' } }, 'outcome.status'],
    ['jobs', { omit: ['jobId'] }, 'omit[0]'],
  ] as const)('%s: %j names the field %j', async ([route, body, field], { control, emulator }) => {
    const { status, json } = await control(`POST /_emulator/${route}`, body);
    expect([status, json['field']]).toEqual(field === undefined ? [201, undefined] : [400, field]);
    expect([emulator.faults.list(), emulator.jobs.size]).toEqual([[], 0]);
  });

  it('refuses a job whose id is taken', async ({ control, emulator }) => {
    emulator.jobs.add({ jobId: 'a' });
    expect(await control('POST /_emulator/jobs', { jobId: 'a' })).toMatchObject({
      status: 400,
      json: { error: 'jobId a is taken' },
    });
  });

  it.for([
    { host: 'ice.example.com' },
    { host: 'localhost' },
    { origin: 'https://ice.example.com' },
    { origin: 'http://127.0.0.1:1' },
    { origin: 'null' },
  ])('refuses a request with %j', async (headers, { control, emulator }) => {
    expect((await control('POST /_emulator/faults', { kind: 'html' }, headers)).status).toBe(403);
    expect(emulator.faults.list()).toEqual([]);
  });

  it('accepts its own origin, under both of its names', async ({ control, emulator }) => {
    const { port } = new URL(emulator.endpoint);
    const headers = { host: `localhost:${port}`, origin: `http://127.0.0.1:${port}` };
    expect((await control('GET /_emulator/state', '', headers)).status).toBe(200);
  });

  it('lists its routes in the response for an unknown route', async ({ control }) => {
    const { status, json } = await control('GET /_emulator/');
    expect(status).toBe(404);
    expect(json['error']).toContain('POST /_emulator/faults');
  });

  it('refuses a body over 1 MiB', async ({ control }) => {
    expect((await control('POST /_emulator/faults', 'x'.repeat(1_100_000))).status).toBe(413);
  });
});
