import { describe, expect } from 'vitest';
import { SHAPES } from '../../src/emulator/shapes.ts';
import { WIRE_MEMBERS } from '../../src/emulator/wire.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { it } from '../support/it.ts';

const FIELDS = `id name status isFinished triggerSource inputs { type media } output { type media } pipelineId priority
  code message submitTime finishTime createTime modifiedTime userData`;

async function readBoth(gateway: TestGateway, id: string): Promise<unknown[]> {
  const { data, errors } = await gateway.query(
    `query ($id: ID!) { packageJob(id: $id) { ${FIELDS} } packageJobs(first: 100) { nodes { ${FIELDS} } } }`,
    { id },
  );
  expect(errors).toBeUndefined();
  const { packageJob, packageJobs } = data as {
    packageJob: unknown;
    packageJobs: { nodes: { id: string }[] };
  };
  return [packageJob, packageJobs.nodes.find((node) => node.id === id)];
}

/** What a shape's job has where its members are `null`. */
const WITHOUT: Readonly<Record<string, object>> = {
  Name: { name: null },
  Status: { status: 'UNKNOWN', isFinished: false },
  TriggerSource: { triggerSource: null },
  Inputs: { inputs: [] },
  Output: { output: null },
  PipelineId: { pipelineId: null },
  Priority: { priority: null },
  SubmitTime: { submitTime: null },
  FinishTime: { finishTime: null },
  CreateTime: { createTime: null },
  ModifiedTime: { modifiedTime: null },
  UserData: { userData: null },
};

const listAll = async (gateway: TestGateway) => {
  const { data, errors } = await gateway.query(
    `{ packageJobs(first: 100, filter: { createdTo: "2999-01-01T00:00:00Z" }) { nodes { ${FIELDS} } } }`,
  );
  expect(errors).toBeUndefined();
  return (data as { packageJobs: { nodes: { id: string }[] } }).packageJobs.nodes;
};

describe('a job in another shape', () => {
  const createTime = Math.floor(Date.now() / 1000) * 1000 - 60_000;
  const add = (gateway: TestGateway, jobId: string) =>
    gateway.emulator.jobs.add({
      jobId,
      name: 'trailer',
      createTime,
      finishTime: createTime + 30_000,
      inputs: [{ Type: 'Media', Media: 'id' }],
      priority: 6,
      userData: '{"a":1}',
      triggerSource: 'WorkFlow',
    });
  it.for(SHAPES)('is the same job, finished as ever, whole or in each of its members: %s', async (shape) => {
    const gateway = await startGateway({ emulator: { seed: 'none' } });
    const [plain] = await readBoth(gateway, add(gateway, 'plain'));
    expect(plain).toMatchObject({
      status: 'SUCCESS',
      isFinished: true,
      triggerSource: 'WORK_FLOW',
      inputs: [{ type: 'MEDIA', media: 'id' }],
    });
    for (const member of [undefined, ...WIRE_MEMBERS]) {
      const scope = member === undefined ? {} : { members: [member] };
      const isNull = shape === 'null-values';
      const lacks = isNull ? Object.entries(WITHOUT).filter(([name]) => (member ?? name) === name) : [];
      const expected = Object.assign({}, plain, ...lacks.map(([, fields]) => fields)) as object;
      // One is listed first, and one is read first, as memory holds what came first.
      const [listed, read] = [`${member ?? 'all'}-listed`, `${member ?? 'all'}-read`];
      add(gateway, listed);
      gateway.emulator.faults.add({ kind: 'shape', shape, ...scope });
      const shown = (await listAll(gateway)).find(({ id }) => id === listed);
      expect(shown).toEqual({ ...expected, id: listed });
      add(gateway, read);
      gateway.emulator.faults.add({ kind: 'shape', shape, ...scope, action: 'GetPackageJob' });
      const query = `query ($id: ID!) { packageJob(id: $id) { ${FIELDS} } }`;
      const { data, errors } = await gateway.query(query, { id: read });
      expect({ data, errors }).toEqual({ data: { packageJob: { ...expected, id: read } } });
    }
    await gateway.close();
  });
});

describe('a job that finishes while all answers have another shape', () => {
  it('is told as finished to whoever waits, in every shape', async () => {
    const shapes = SHAPES.filter((shape) => shape !== 'null-values');
    const ends = shapes.map(async (shape) => {
      const gateway = await startGateway({ emulator: { seed: 'none' } });
      gateway.emulator.faults.add({ kind: 'shape', shape, times: 'always' });
      const id = gateway.emulator.jobs.add({ finishTime: Date.now() + 500 });
      const query = `query ($id: ID!) { packageJob(id: $id, wait: { timeoutSeconds: 20 }) { status } }`;
      const { data } = await gateway.query(query, { id });
      await gateway.close();
      return [shape, data];
    });
    expect(await Promise.all(ends)).toEqual(
      shapes.map((shape) => [shape, { packageJob: { status: 'SUCCESS' } }]),
    );
  });
});

describe('a job whose id is a number', () => {
  it('is read, listed and waited for by its digits', async ({ gateway }) => {
    const id = '9007199254740991';
    gateway.emulator.jobs.add({ jobId: id, finishTime: Date.now() + 300 });
    const patch = { JobId: Number(id) };
    gateway.emulator.faults.add({ kind: 'patch', patch, jobId: id, times: 'always' });
    expect(await readBoth(gateway, id)).toEqual([
      expect.objectContaining({ id }),
      expect.objectContaining({ id }),
    ]);
    const { data } = await gateway.query(
      `query ($id: ID!) { packageJob(id: $id, wait: { timeoutSeconds: 5 }) { id isFinished } }`,
      { id },
    );
    expect(data).toEqual({ packageJob: { id, isFinished: true } });
  });
});

/** Every job that a client sees who follows the cursors, in order, page by page. */
async function walk(gateway: TestGateway, first: number): Promise<string[]> {
  const seen: string[] = [];
  let after: string | null = null;
  for (let page = 0; page < 60; page += 1) {
    const { data, errors } = await gateway.query(
      `query ($first: Int, $after: String) {
        packageJobs(first: $first, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }`,
      { first, after },
    );
    expect(errors).toBeUndefined();
    const { packageJobs } = data as {
      packageJobs: { nodes: { id: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
    };
    seen.push(...packageJobs.nodes.map(({ id }) => id));
    if (!packageJobs.pageInfo.hasNextPage) return seen;
    after = packageJobs.pageInfo.endCursor;
  }
  throw new Error('the list has no end');
}

describe('a list whose pages are odd', () => {
  it.for([
    ['empty', 2, 100],
    ['empty', 12, 100],
    ['overlap', 1, 100],
    ['overlap', 'always', 100],
    ['overlap', 'always', 7],
  ] as const)('shows every job once, and ends, with %s pages', async ([page, times, first], { gateway }) => {
    const expected = await walk(gateway, 100);
    gateway.emulator.faults.add({ kind: 'oddPage', page, times });
    expect(await walk(gateway, first)).toEqual(expected);
  });

  it('ends where a token names its own page', async ({ gateway }) => {
    const expected = await walk(gateway, 100);
    gateway.emulator.faults.add({ kind: 'oddPage', page: 'same-token', times: 'always' });
    const seen = await walk(gateway, 40);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(expected.slice(0, 80));
  });

  it.for([3, 40])(
    'ends where a token leads back to the first page, and shows no job twice, %i a page',
    async (first, { gateway }) => {
      const expected = await walk(gateway, 100);
      gateway.emulator.faults.add({ kind: 'oddPage', page: 'circle', times: 'always' });
      expect(await walk(gateway, first)).toEqual(expected.slice(0, 2 * first));
    },
  );

  it('of an account without jobs, which has no list, is empty', async ({ gateway }) => {
    gateway.emulator.faults.add({ kind: 'oddPage', page: 'no-list', times: 'always' });
    expect(await walk(gateway, 40)).toEqual([]);
  });
});
