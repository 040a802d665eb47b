import { describe, expect } from 'vitest';
import { it } from '../support/it.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { addJobs, countFailing, QUERIES } from './support/queries.ts';

/** A field, ICE's member behind it, values of that member that it cannot be, and what is answered in their place. */
type Row = readonly [field: string, member: string, wrong: readonly unknown[], answer: unknown];

const NO_TEXT = [7, true, [], ['a', 'b'], [['a']], {}, { a: 1 }, null];
const NO_TIME = [...NO_TEXT, '', 'soon', '2022-02-30T00:00:00Z', '20220908', -1];
const MEDIA = 'media { type media url assetId bucket objectKey fileName }';

const ROWS: readonly Row[] = [
  ['name', 'Name', NO_TEXT, null],
  [
    'status statusRaw isFinished',
    'Status',
    NO_TEXT,
    { status: 'UNKNOWN', statusRaw: null, isFinished: false },
  ],
  ['triggerSource', 'TriggerSource', NO_TEXT, null],
  [MEDIA.replace('media', 'inputs'), 'Inputs', [[], {}, { Input: [] }, null, [{}]], []],
  [
    MEDIA.replace('media', 'inputs'),
    'Inputs',
    [7, 'a', true, [7], [[]], { a: 1 }],
    [
      {
        type: 'UNKNOWN',
        media: null,
        url: null,
        assetId: null,
        bucket: null,
        objectKey: null,
        fileName: null,
      },
    ],
  ],
  [MEDIA.replace('media', 'output'), 'Output', [7, 'oss://bucket/a', true, [], null], null],
  ['pipelineId', 'PipelineId', NO_TEXT, null],
  ['priority', 'Priority', ['six', 6.5, 1e20, true, [], {}, null], null],
  ['code', 'Code', NO_TEXT, null],
  ['message', 'Message', NO_TEXT, null],
  ['submitTime', 'SubmitTime', NO_TIME, null],
  ['finishTime', 'FinishTime', NO_TIME, null],
  ['createTime', 'CreateTime', NO_TIME, null],
  ['modifiedTime', 'ModifiedTime', NO_TIME, null],
  ['userData userDataJson', 'UserData', NO_TEXT, { userData: null, userDataJson: null }],
];

const NO_ID = [0.5, 2 ** 53, true, [], {}];
const COMMON = { observedAt: expect.any(String) };
const CASES = ROWS.map((row) => [row[1], row] as const);

/** The members that a field has in the answer. */
function expectedOf([fields, , , answer]: Row): Record<string, unknown> {
  const isOne = answer === null || Array.isArray(answer);
  return isOne ? { [fields.split(' ')[0] ?? '']: answer } : (answer as Record<string, unknown>);
}

/** A job for each of these values, and one without a fault. */
function addWrongJobs({ emulator }: TestGateway, member: string, values: readonly unknown[]): string[] {
  const ids = [...values, 'none'].map(() => emulator.jobs.add({ name: 'trailer', finishTime: Date.now() }));
  for (const [index, value] of values.entries()) {
    const jobId = ids[index] ?? '';
    emulator.faults.add({ kind: 'patch', patch: { [member]: value }, jobId, times: 'always' });
  }
  return ids;
}

describe('a member of a job that has a wrong value', () => {
  it.for(CASES)('hides only itself in packageJobsById: %s', async ([member, row], { gateway }) => {
    const ids = addWrongJobs(gateway, member, row[2]);
    const { data, errors } = await gateway.query(
      `query ($ids: [ID!]!) { packageJobsById(ids: $ids) { id observedAt ${row[0]} } }`,
      { ids },
    );
    expect(errors).toBeUndefined();
    expect(data).toMatchObject({
      packageJobsById: ids.map((id) => ({ id, ...COMMON, ...(id === ids.at(-1) ? {} : expectedOf(row)) })),
    });
    expect(gateway.emulator.countRequests()).toBeLessThanOrEqual(ids.length);
  });

  it.for(CASES)('hides only itself in packageJobs: %s', async ([member, row], { gateway }) => {
    const ids = addWrongJobs(gateway, member, row[2]);
    const { data, errors } = await gateway.query(
      `{ packageJobs(first: ${String(ids.length)}) { nodes { id observedAt ${row[0]} } } }`,
    );
    expect(errors).toBeUndefined();
    const { nodes } = (data as { packageJobs: { nodes: readonly { id: string }[] } }).packageJobs;
    expect(nodes.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    for (const node of nodes) {
      const isWrong = node.id !== ids.at(-1);
      expect(node).toMatchObject({ ...COMMON, ...(isWrong ? expectedOf(row) : {}) });
    }
    expect(gateway.emulator.countRequests()).toBe(1);
  });

  it('hides only itself in outputUrl of listed jobs', async ({ gateway }) => {
    const PACKAGE = expect.stringMatching(/^http:/);
    const values = [7, true, [], {}, null, '', 'nowhere', 'javascript:alert(1)', 'data:text/html,x'];
    const ids = addWrongJobs(gateway, 'OutputUrl', values);
    const { data, errors } = await gateway.query(
      `{ packageJobs(first: ${String(ids.length)}) { nodes { id outputUrl } } }`,
    );
    expect(errors).toBeUndefined();
    const { nodes } = (data as { packageJobs: { nodes: readonly unknown[] } }).packageJobs;
    expect(nodes).toHaveLength(ids.length);
    expect(nodes).toEqual(
      expect.arrayContaining(ids.map((id) => ({ id, outputUrl: id === ids.at(-1) ? PACKAGE : null }))),
    );
  });
});

describe('an address that a page would run', () => {
  it('is text alone, wherever the media of a job is shown', async ({ gateway }) => {
    const media = 'javascript:alert(1)';
    const id = gateway.emulator.jobs.add({
      output: { Type: 'OSS', Media: media },
      inputs: [{ Type: 'OSS', Media: media }],
    });
    const shown = { type: 'OSS', media, url: null, bucket: null, objectKey: null, fileName: null };
    const job = { inputs: [shown], output: shown };
    const fields = `output { ...M } inputs { ...M }`;
    const query = `query ($id: ID!) { packageJob(id: $id) { ${fields} } packageJobs(first: 1) { nodes { ${fields} } } }
      fragment M on MediaObject { type media url bucket objectKey fileName }`;
    for (let time = 0; time < 3; time += 1) {
      const { data, errors } = await gateway.query(query, { id });
      expect(errors).toBeUndefined();
      expect(data).toEqual({ packageJob: job, packageJobs: { nodes: [job] } });
    }
  });
});

describe('an answer whose JobId is empty', () => {
  it.for(['', null])('means that there is no such job: %j', async (JobId, { gateway }) => {
    const id = gateway.emulator.jobs.add();
    gateway.emulator.faults.add({ kind: 'patch', patch: { JobId }, jobId: id });
    const { data, errors } = await gateway.query(`{ packageJob(id: "${id}") { id } }`);
    expect({ data, errors }).toEqual({ data: { packageJob: null }, errors: undefined });
    expect(gateway.emulator.countRequests()).toBe(1);
  });
});

describe('a JobId that has the wrong type', () => {
  const byJob = QUERIES.filter(({ action }) => action === 'GetPackageJob');
  const cases = NO_ID.flatMap((value) => byJob.map((query) => [value, query.name, query] as const));

  it.for(cases)(
    '%j fails its read alone as UPSTREAM_MALFORMED after 3 calls in %s',
    async ([JobId, , query]) => {
      const gateway = await startGateway({ emulator: { seed: 'none' } });
      const ids = addJobs(gateway);
      const { action } = query;
      gateway.emulator.faults.add({
        kind: 'patch',
        patch: { JobId },
        jobId: ids[1],
        action,
        times: 'always',
      });
      const { data, errors } = await gateway.query(query.text, { id: ids[1], ids });
      const calls = countFailing(gateway, query, ids[1]);
      await gateway.close();
      expect(data).toEqual(query.dataWithout(ids));
      expect(errors).toMatchObject([
        { path: query.path, extensions: { code: 'UPSTREAM_MALFORMED', retryable: true } },
      ]);
      expect(errors).toHaveLength(1);
      expect(calls).toBe(3);
    },
  );

  it.for([...NO_ID, '', null])('%j hides its job alone in a list', async (JobId, { gateway }) => {
    const [before = '', wrong = '', after = ''] = [3, 2, 1].map((second) =>
      gateway.emulator.jobs.add({ createTime: Date.now() + 1000 * (1 - second) }),
    );
    gateway.emulator.faults.add({ kind: 'patch', patch: { JobId }, jobId: wrong });
    const { data, errors } = await gateway.query('{ packageJobs(first: 3) { nodes { id } } }');
    expect(errors).toBeUndefined();
    const { nodes } = (data as { packageJobs: { nodes: readonly { id: string }[] } }).packageJobs;
    expect(nodes.map(({ id }) => id).slice(0, 2)).toEqual([after, before]);
  });
});
