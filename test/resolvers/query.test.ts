import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { startGateway } from '../support/gateway.ts';
import { it } from '../support/it.ts';

const EXAMPLE_ID = 'ab4802364a2e49208c99efab82dfa8e8';
const EVERY_FIELD = readFileSync(
  new URL('../../schema/operations/package-job.graphql', import.meta.url),
  'utf8',
);
const RECENT = expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/);

describe('packageJob', () => {
  it('shows the example of the reference field by field', async ({ gateway }) => {
    const { data, errors } = await gateway.query(EVERY_FIELD, { id: EXAMPLE_ID });
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      packageJob: {
        id: 'ab4802364a2e49208c99efab82df****',
        name: 'job-name',
        status: 'INIT',
        statusRaw: 'Init',
        isFinished: false,
        triggerSource: 'API',
        inputs: [
          {
            type: 'OSS',
            media: 'oss://bucket/path/to/video.mp4',
            url: 'oss://bucket/path/to/video.mp4',
            assetId: null,
            bucket: 'bucket',
            objectKey: 'path/to/video.mp4',
            fileName: 'video.mp4',
          },
        ],
        output: {
          type: 'OSS',
          media: 'oss://bucket/path/to/video.m3u8',
          url: 'oss://bucket/path/to/video.m3u8',
          assetId: null,
          bucket: 'bucket',
          objectKey: 'path/to/video.m3u8',
          fileName: 'video.m3u8',
        },
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
        userDataJson: { param: 'value' },
        observedAt: RECENT,
        pollAfterMs: 15_000,
      },
    });
  });

  it('knows the example by its masked id too', async ({ gateway }) => {
    const { data } = await gateway.query('{ packageJob(id: "ab4802364a2e49208c99efab82df****") { name } }');
    expect(data).toEqual({ packageJob: { name: 'job-name' } });
  });

  it('is null for an unknown id, without an error', async ({ gateway }) => {
    const { data, errors } = await gateway.query('{ packageJob(id: "no-such-job") { id } }');
    expect({ data, errors }).toEqual({ data: { packageJob: null }, errors: undefined });
  });

  it('costs one call for 20 aliases of one id', async ({ gateway }) => {
    const aliases = Array.from(
      { length: 20 },
      (_, index) => `a${String(index)}: packageJob(id: "${EXAMPLE_ID}") { id }`,
    );
    const { data } = await gateway.query(`{ ${aliases.join(' ')} }`);
    expect(Object.keys(data ?? {})).toHaveLength(20);
    expect(gateway.emulator.countRequests()).toBe(1);
  });

  it('costs one call for 1,000 requests at the same time', async () => {
    // Longer than a thousand requests can take on a busy machine.
    const gateway = await startGateway({ env: { JOB_MAX_AGE_MS: '30000' } });
    const id = gateway.emulator.jobs.add();
    gateway.emulator.faults.add({ kind: 'delay', delayMs: 500 });
    const query = `{ packageJob(id: "${id}") { id } }`;
    const answers = await Promise.all(Array.from({ length: 1000 }, () => gateway.query(query)));
    const calls = gateway.emulator.countRequests();
    await gateway.close();
    expect(answers.every(({ data }) => (data?.['packageJob'] as { id: string } | null)?.id === id)).toBe(
      true,
    );
    expect(calls).toBe(1);
  });

  it('shows a media-library object by its id', async ({ gateway }) => {
    const id = gateway.emulator.jobs.add({ inputs: [{ Type: 'Media', Media: '5b25e8d0f1f44a2b' }] });
    const { data } = await gateway.query(
      'query ($id: ID!) { packageJob(id: $id) { inputs { type assetId url media } } }',
      {
        id,
      },
    );
    expect(data).toEqual({
      packageJob: {
        inputs: [{ type: 'MEDIA', assetId: '5b25e8d0f1f44a2b', url: null, media: '5b25e8d0f1f44a2b' }],
      },
    });
  });

  it('answers null for a value that breaks its scalar, and the rest of the job', async ({ gateway }) => {
    gateway.emulator.faults.add({
      kind: 'patch',
      patch: { CreateTime: 'soon', OutputUrl: 'nowhere', UserData: '{', Priority: 'high', Status: 'Paused' },
    });
    const fields = 'name status statusRaw createTime outputUrl userData userDataJson priority';
    const { data, errors } = await gateway.query(`{ packageJob(id: "${EXAMPLE_ID}") { ${fields} } }`);
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      packageJob: {
        name: 'job-name',
        status: 'UNKNOWN',
        statusRaw: 'Paused',
        createTime: null,
        outputUrl: null,
        userData: '{',
        userDataJson: null,
        priority: null,
      },
    });
  });
});

describe('packageJobsById', () => {
  const BY_ID = 'query ($ids: [ID!]!) { packageJobsById(ids: $ids) { id } }';
  /** Lists leave `outputUrl` out, so these are got. */
  const WHOLE_BY_ID = 'query ($ids: [ID!]!) { packageJobsById(ids: $ids) { id outputUrl } }';

  it('keeps order, length and repeats, and makes one call for each distinct id', async ({ gateway }) => {
    const [a, b] = [gateway.emulator.jobs.add(), gateway.emulator.jobs.add()];
    const { data } = await gateway.query(BY_ID, { ids: [b, a, 'no-such-job', b] });
    expect(data).toEqual({ packageJobsById: [{ id: b }, { id: a }, null, { id: b }] });
    expect(gateway.emulator.countRequests('GetPackageJob')).toBe(3);
  });

  it('reads 20 distinct ids in 20 calls at once', async ({ gateway }) => {
    const ids = Array.from({ length: 20 }, () => gateway.emulator.jobs.add());
    const release = gateway.emulator.faults.hold({ times: 'always' });
    const answer = gateway.query(WHOLE_BY_ID, { ids });
    await expect.poll(() => gateway.emulator.maxConcurrency).toBe(20);
    release();
    await answer;
    expect(gateway.emulator.countRequests()).toBe(20);
    expect(gateway.emulator.maxConcurrency).toBe(20);
  });

  it('reads 100 distinct ids in no more calls at once than configured', async ({ gateway }) => {
    const ids = Array.from({ length: 100 }, () => gateway.emulator.jobs.add());
    const release = gateway.emulator.faults.hold({ times: 'always' });
    const answer = gateway.query(WHOLE_BY_ID, { ids });
    await expect.poll(() => gateway.emulator.maxConcurrency).toBe(32);
    release();
    const { data } = await answer;
    expect(data).toEqual({ packageJobsById: ids.map((id) => ({ id, outputUrl: null })) });
    expect(gateway.emulator.countRequests()).toBe(100);
    expect(gateway.emulator.maxConcurrency).toBe(32);
  });

  it('reads 100 distinct ids whose outputs nobody wants by a list of the newest jobs', async ({
    gateway,
  }) => {
    const ids = Array.from({ length: 100 }, () => gateway.emulator.jobs.add());
    const { data } = await gateway.query(BY_ID, { ids });
    expect(data).toEqual({ packageJobsById: ids.map((id) => ({ id })) });
    expect(gateway.emulator.countRequests()).toBe(2);
  });

  it('lets one failure, one hang and one unknown id among ten hurt no other', async () => {
    const gateway = await startGateway({ env: { ICE_TIMEOUT_MS: '300', REQUEST_TIMEOUT_MS: '2000' } });
    const ids = Array.from({ length: 10 }, () => gateway.emulator.jobs.add());
    const [failing = '', hanging = ''] = [ids[2], ids[5]];
    gateway.emulator.faults.add({ kind: 'status', status: 500, jobId: failing, times: 'always' });
    gateway.emulator.faults.add({ kind: 'hang', when: 'before-headers', jobId: hanging, times: 'always' });
    const asked = ids.with(8, 'no-such-job');
    const startedAt = performance.now();
    const { status, data, errors } = await gateway.query(WHOLE_BY_ID, { ids: asked });
    // The limit of an operation.
    expect(performance.now() - startedAt).toBeLessThan(3000);
    await gateway.close();
    expect(status).toBe(200);
    expect(data).toEqual({
      packageJobsById: asked.map((id) =>
        [failing, hanging, 'no-such-job'].includes(id) ? null : { id, outputUrl: null },
      ),
    });
    expect(
      errors?.map(({ path, extensions }) => [path, extensions['code'], extensions['retryable']]),
    ).toEqual(
      expect.arrayContaining([
        [['packageJobsById', 2], 'UPSTREAM_UNAVAILABLE', true],
        [['packageJobsById', 5], 'UPSTREAM_TIMEOUT', true],
      ]),
    );
    expect(errors).toHaveLength(2);
    expect(errors?.find(({ path }) => path?.[1] === 2)?.extensions['upstream']).toEqual({
      action: 'GetPackageJob',
      code: 'InternalError',
      requestId: gateway.emulator.requests.findLast(({ params }) => params['JobId'] === failing)?.requestId,
    });
  });
});

describe('packageJobs', () => {
  it('costs one list for a page of 50 finished jobs without outputUrl, and 50 gets more with it', async ({
    gateway,
  }) => {
    const { emulator } = gateway;
    for (let job = 0; job < 50; job += 1) emulator.jobs.add({ finishTime: Date.now() });
    const page = (fields: string) =>
      gateway.query(`{ packageJobs(first: 50) { nodes { id isFinished ${fields} } } }`);
    const plain = await page('');
    expect(plain.data).toMatchObject({
      packageJobs: { nodes: Array.from({ length: 50 }, () => ({ isFinished: true })) },
    });
    expect([emulator.countRequests('ListPackageJobs'), emulator.countRequests('GetPackageJob')]).toEqual([
      1, 0,
    ]);
    emulator.resetRequests();
    const full = await page('outputUrl');
    expect(full.data).toMatchObject({
      packageJobs: {
        nodes: Array.from({ length: 50 }, () => ({ outputUrl: expect.stringMatching(/^https?:/) })),
      },
    });
    expect([emulator.countRequests('ListPackageJobs'), emulator.countRequests('GetPackageJob')]).toEqual([
      1, 50,
    ]);
  });

  it('walks pages through edges and pageInfo', async ({ gateway }) => {
    const PAGE = `query ($after: String) {
      packageJobs(first: 2, after: $after) {
        edges { cursor node { id } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }`;
    const ids = [3, 2, 1].map((second) =>
      gateway.emulator.jobs.add({ createTime: Date.now() + second * 1e3 - 5e3 }),
    );
    const first = await gateway.query(PAGE);
    expect(first.data).toMatchObject({
      packageJobs: {
        edges: [{ node: { id: ids[0] } }, { node: { id: ids[1] } }],
        nodes: [{ id: ids[0] }, { id: ids[1] }],
        pageInfo: { hasNextPage: true, hasPreviousPage: false },
      },
    });
    const { pageInfo } = (first.data as { packageJobs: { pageInfo: { endCursor: string } } }).packageJobs;
    const second = await gateway.query(PAGE, { after: pageInfo.endCursor });
    expect(second.data).toMatchObject({
      packageJobs: { nodes: [{ id: ids[2] }, {}], pageInfo: { hasPreviousPage: true } },
    });
  });

  it('takes a time with any offset in the filter', async ({ gateway }) => {
    const id = gateway.emulator.jobs.add({ createTime: Date.UTC(2020, 0, 1, 12) });
    const { data } = await gateway.query(
      '{ packageJobs(filter: { createdFrom: "2020-01-01T19:00:00+08:00", createdTo: "2020-01-01T12:00:00Z" }) { nodes { id } } }',
    );
    expect(data).toEqual({ packageJobs: { nodes: [{ id }] } });
  });

  it('is null with an error when the list fails, beside what succeeds', async ({ gateway }) => {
    gateway.emulator.faults.add({
      kind: 'throttle',
      action: 'ListPackageJobs',
      retryAfterMs: 2500,
      times: 'always',
    });
    const { data, errors, headers } = await gateway.query(
      `{ packageJobs { nodes { id } } packageJob(id: "${EXAMPLE_ID}") { name } }`,
    );
    expect(data).toEqual({ packageJobs: null, packageJob: { name: 'job-name' } });
    expect(errors).toMatchObject([
      {
        path: ['packageJobs'],
        extensions: { code: 'UPSTREAM_THROTTLED', retryable: true, retryAfterMs: 2500 },
      },
    ]);
    expect(headers.get('retry-after')).toBe('3');
  });
});

describe('node and nodes', () => {
  it('find jobs by their global ids', async ({ gateway }) => {
    const id = gateway.emulator.jobs.add({ name: 'trailer' });
    const { data } = await gateway.query(
      `query ($id: ID!) {
        node(id: $id) { __typename id ... on PackageJob { name } }
        nodes(ids: [$id, "no-such-job"]) { __typename id }
        missing: node(id: "no-such-job") { id }
      }`,
      { id },
    );
    expect(data).toEqual({
      node: { __typename: 'PackageJob', id, name: 'trailer' },
      nodes: [{ __typename: 'PackageJob', id }, null],
      missing: null,
    });
    expect(gateway.emulator.countRequests()).toBe(2);
  });
});
