import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { describe, expect } from 'vitest';
import type { Fault } from '../../src/emulator/server.ts';
import { startGateway, type GraphqlAnswer } from '../support/gateway.ts';
import { it } from '../support/it.ts';

const SUBMIT = `mutation ($input: SubmitPackageJobInput!) {
  submitPackageJob(input: $input) {
    packageJob {
      id name status isFinished inputs { type media } output { media } outputUrl priority pipelineId userData
      createTime pollAfterMs
    }
  }
}`;
const EXAMPLE = readFileSync(
  new URL('../../schema/operations/submit-package-job.graphql', import.meta.url),
  'utf8',
);

const oss = (media: string) => ({ type: 'OSS', media });
const INPUT = { inputs: [oss('oss://bucket/a.mp4')], output: oss('oss://bucket/a.m3u8') };

/** The job in an answer, which must have one. */
function jobOf({ data, errors }: GraphqlAnswer): Record<string, unknown> & { id: string } {
  expect(errors).toBeUndefined();
  return (data as { submitPackageJob: { packageJob: Record<string, unknown> & { id: string } } })
    .submitPackageJob.packageJob;
}

describe('submitPackageJob', () => {
  it('submits a job that can be followed until it has finished', async () => {
    const gateway = await startGateway({ env: { JOB_MAX_AGE_MS: '100' } });
    const input = {
      inputs: [oss('oss://bucket/a.mp4'), { type: 'MEDIA', media: '5b25e8d0f1f44a2b' }],
      output: oss('oss://bucket/打包.m3u8'),
      name: 'Träiler 🎬',
      pipelineId: 'e37ebee5d98b4781897f6086e89f9c56',
      priority: 10,
      userData: '{"param": "value"}',
    };
    const job = jobOf(await gateway.query(SUBMIT, { input }));
    expect(job).toEqual({
      ...input,
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      output: { media: 'oss://bucket/打包.m3u8' },
      status: 'INIT',
      isFinished: false,
      outputUrl: null,
      createTime: expect.stringMatching(/Z$/),
      pollAfterMs: 1000,
    });
    expect(gateway.emulator.requests.map(({ action }) => action)).toEqual([
      'SubmitPackageJob',
      'GetPackageJob',
    ]);

    gateway.emulator.advanceClock(15_000);
    const follow = async () =>
      (await gateway.query('query ($id: ID!) { packageJob(id: $id) { status outputUrl } }', { id: job.id }))
        .data;
    await expect.poll(follow).toEqual({
      packageJob: {
        status: 'SUCCESS',
        outputUrl: 'http://bucket.oss-cn-shanghai.aliyuncs.com/%E6%89%93%E5%8C%85.m3u8',
      },
    });
    await gateway.close();
  });

  it('runs the example as it stands, and makes a job each time', async ({ gateway }) => {
    const [first, second] = [jobOf(await gateway.query(EXAMPLE)), jobOf(await gateway.query(EXAMPLE))];
    expect(first).toMatchObject({ name: 'trailer', status: 'INIT' });
    expect(second.id).not.toBe(first.id);
  });

  it('shows a job that ICE cannot show yet as it was submitted, for the price of one read', async ({
    gateway,
  }) => {
    gateway.emulator.faults.add({
      kind: 'status',
      status: 404,
      code: 'JobNotFound',
      action: 'GetPackageJob',
    });
    const job = jobOf(await gateway.query(SUBMIT, { input: { ...INPUT, name: 'trailer' } }));
    expect(job).toMatchObject({
      name: 'trailer',
      status: 'INIT',
      createTime: null,
      outputUrl: null,
      inputs: INPUT.inputs,
    });
    expect(gateway.emulator.countRequests()).toBe(2);
    const { data } = await gateway.query('query ($id: ID!) { packageJob(id: $id) { name } }', { id: job.id });
    expect(data).toEqual({ packageJob: { name: 'trailer' } });
  });
});

const ASCII = 'printable ASCII characters without spaces, got';
const URL_RULE =
  'must be an oss:// or http(s):// URL with a bucket or host and an object key where `type` is OSS';

describe('bad input', () => {
  it.for<[string, Record<string, unknown>, string, string]>([
    ['no inputs', { inputs: [] }, 'inputs', 'takes 1 to 100 items, got 0'],
    ['101 inputs', { inputs: Array(101).fill(oss('oss://b/a')) }, 'inputs', 'takes 1 to 100 items, got 101'],
    [
      'an unknown type',
      { inputs: [oss('oss://b/a'), { type: 'UNKNOWN', media: 'a' }] },
      'inputs[1].type',
      'must be OSS or MEDIA, got UNKNOWN',
    ],
    [
      'an address without a key',
      { inputs: [oss('oss://b/a'), oss('oss://b/a'), oss('oss://b/')] },
      'inputs[2].media',
      URL_RULE,
    ],
    [
      'an empty id',
      { inputs: [{ type: 'MEDIA', media: '' }] },
      'inputs[0].media',
      `must be 1 to 128 ${ASCII} an empty text`,
    ],
    [
      'an id of 129 characters',
      { inputs: [{ type: 'MEDIA', media: 'm'.repeat(129) }] },
      'inputs[0].media',
      `must be 1 to 128 ${ASCII} 129 characters`,
    ],
    [
      'an output of unknown type',
      { output: { type: 'UNKNOWN', media: 'a' } },
      'output.type',
      'must be OSS or MEDIA, got UNKNOWN',
    ],
    ['an output that is no address', { output: oss('a.m3u8') }, 'output.media', URL_RULE],
    ['an empty name', { name: '' }, 'name', 'must be 1 to 256 characters, got 0'],
    ['a name of 257 characters', { name: '🎬'.repeat(257) }, 'name', 'must be 1 to 256 characters, got 257'],
    ['half a character', { name: '\ud83c' }, 'name', 'must be Unicode text, got half of a surrogate pair'],
    [
      'a pipelineId of 65 characters',
      { pipelineId: 'p'.repeat(65) },
      'pipelineId',
      `must be 1 to 64 ${ASCII} 65 characters`,
    ],
    [
      'a pipelineId with a space',
      { pipelineId: 'a b' },
      'pipelineId',
      `must be 1 to 64 ${ASCII} other characters`,
    ],
    ['priority 0', { priority: 0 }, 'priority', 'must be 1 to 10, got 0'],
    ['priority 11', { priority: 11 }, 'priority', 'must be 1 to 10, got 11'],
    [
      'userData of 1,025 bytes',
      { userData: `${'é'.repeat(512)}x` },
      'userData',
      'must be at most 1024 bytes of UTF-8, got 1025',
    ],
  ])('refuses %s, naming the argument and the limit', async ([, members, argument, problem], { gateway }) => {
    const { data, errors } = await gateway.query(SUBMIT, { input: { ...INPUT, ...members } });
    expect(data).toEqual({ submitPackageJob: null });
    expect(errors).toMatchObject([
      {
        message: `\`input.${argument}\` ${problem}`,
        path: ['submitPackageJob'],
        extensions: { code: 'BAD_USER_INPUT', argument: `input.${argument}`, retryable: false },
      },
    ]);
    expect(gateway.emulator.countRequests()).toBe(0);
  });

  it('refuses what is too long for a URL as a whole', async ({ gateway }) => {
    const inputs = Array(20).fill(oss(`oss://bucket/${'打'.repeat(50)}`));
    const { errors } = await gateway.query(SUBMIT, { input: { ...INPUT, inputs } });
    expect(errors).toMatchObject([
      {
        message: expect.stringMatching(/^`input` must take at most 8192 bytes in a query string, takes \d+$/),
        extensions: { code: 'BAD_USER_INPUT', argument: 'input' },
      },
    ]);
    expect(gateway.emulator.countRequests()).toBe(0);
  });
});

describe('ALLOW_SUBMIT=false', () => {
  it('answers FORBIDDEN without a call, and still reads', async () => {
    const gateway = await startGateway({ env: { ALLOW_SUBMIT: 'false' } });
    const { data, errors } = await gateway.query(SUBMIT, { input: INPUT });
    expect(data).toEqual({ submitPackageJob: null });
    expect(errors).toMatchObject([
      {
        message: 'This gateway submits no jobs; ALLOW_SUBMIT=true turns that on',
        extensions: { code: 'FORBIDDEN', retryable: false },
      },
    ]);
    expect(gateway.emulator.countRequests()).toBe(0);
    expect((await gateway.query('{ packageJobs(first: 1) { nodes { id } } }')).errors).toBeUndefined();
    await gateway.close();
  });
});

describe('a failure of ICE', () => {
  it.for<[Fault, number]>([
    [{ kind: 'hang', when: 'before-headers' }, 1],
    [{ kind: 'reset', when: 'before-headers' }, 1],
    [{ kind: 'reset', when: 'after-headers' }, 1],
    [{ kind: 'truncate' }, 1],
    [{ kind: 'garbage', what: 'not-json' }, 1],
    [{ kind: 'status', status: 500 }, 0],
    [{ kind: 'html' }, 0],
  ])('that leaves the outcome open says so, and is not tried again: %j', async ([fault, made]) => {
    const gateway = await startGateway({ env: { ICE_TIMEOUT_MS: '300' } });
    const before = gateway.emulator.jobs.size;
    gateway.emulator.faults.add({ ...fault, action: 'SubmitPackageJob', times: 'always' });
    const { data, errors, headers } = await gateway.query(SUBMIT, { input: { ...INPUT, name: 'once' } });
    expect(data).toEqual({ submitPackageJob: null });
    expect(errors).toMatchObject([
      {
        message:
          'ICE did not say whether it took the job; look for it in `packageJobs` before submitting it again',
        extensions: {
          code: 'UPSTREAM_TIMEOUT',
          retryable: false,
          upstream: { action: 'SubmitPackageJob' },
        },
      },
    ]);
    expect(headers.get('retry-after')).toBeNull();
    expect(gateway.emulator.requests.map(({ action }) => action)).toEqual(['SubmitPackageJob']);
    expect(gateway.emulator.jobs.size - before).toBe(made);
    // As the message advises.
    const { data: found } = await gateway.query('{ packageJobs(first: 5) { nodes { name } } }');
    const { nodes } = (found as { packageJobs: { nodes: { name: string }[] } }).packageJobs;
    expect(nodes.filter(({ name }) => name === 'once')).toHaveLength(made);
    await gateway.close();
  });

  it('that refuses for now asks to be tried again, and is not tried by the gateway', async ({ gateway }) => {
    gateway.emulator.faults.add({ kind: 'throttle', retryAfterMs: 2500 });
    const { errors, headers } = await gateway.query(SUBMIT, { input: INPUT });
    expect(errors).toMatchObject([
      { extensions: { code: 'UPSTREAM_THROTTLED', retryable: true, retryAfterMs: 2500 } },
    ]);
    expect(headers.get('retry-after')).toBe('3');
    expect(gateway.emulator.countRequests()).toBe(1);
  });

  it('that refuses for good says what ICE calls it', async ({ gateway }) => {
    gateway.emulator.faults.add({ kind: 'status', status: 403, code: 'Forbidden.RAM' });
    const { errors } = await gateway.query(SUBMIT, { input: INPUT });
    expect(errors).toMatchObject([
      {
        message: 'ICE refused the call',
        extensions: { code: 'UPSTREAM_REJECTED', retryable: false, upstream: { code: 'Forbidden.RAM' } },
      },
    ]);
  });
});

/** Posts the mutation on a connection that can be cut. */
function leavingClient(url: string, name: string) {
  const headers = { 'content-type': 'application/json' };
  const client = request(`${url}/graphql`, { method: 'POST', headers });
  client.on('error', () => undefined);
  client.end(JSON.stringify({ query: SUBMIT, variables: { input: { ...INPUT, name } } }));
  return client;
}

describe('a client that leaves', () => {
  it('does not end a submission that was sent, and takes back one that was not', async () => {
    const lines: string[] = [];
    const gateway = await startGateway({
      env: { ICE_MAX_CONCURRENCY: '1' },
      onLogLine: (line) => lines.push(line),
    });
    const { emulator, url } = gateway;
    const release = emulator.faults.hold();
    const sent = leavingClient(url, 'sent');
    await expect.poll(() => emulator.countRequests()).toBe(1);
    const queued = leavingClient(url, 'queued');
    // It has arrived by the time that a later operation is answered.
    await gateway.query('{ __typename }');
    queued.destroy();
    sent.destroy();
    await expect
      .poll(() => lines.filter((line) => line.includes('the client has disconnected')))
      .toHaveLength(2);
    release();
    // The next one waits for the end of the first, which its leaving has not brought about.
    expect(jobOf(await gateway.query(SUBMIT, { input: { ...INPUT, name: 'last' } }))).toMatchObject({
      name: 'last',
    });
    const submitted = emulator.requests.filter(({ action }) => action === 'SubmitPackageJob');
    expect(submitted.map(({ params, status }) => [params['Name'], status])).toEqual([
      ['sent', 200],
      ['last', 200],
    ]);
    await gateway.close();
  });
});
