import { describe, expect } from 'vitest';
import type { TestGateway } from '../support/gateway.ts';
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

describe('a job in another shape', () => {
  it.for(['other-case', 'json-text', 'text-values', 'wrapped'] as const)(
    'is the same job, finished as ever, and reported once: %s',
    async (shape, { gateway }) => {
      const createTime = Date.now() - 60_000;
      const add = (jobId: string) =>
        gateway.emulator.jobs.add({
          jobId,
          name: 'trailer',
          createTime,
          finishTime: createTime + 30_000,
          inputs: [{ Type: 'Media', Media: 'id' }],
          priority: 6,
          userData: '{"a":1}',
        });
      const [plain] = await readBoth(gateway, add('plain'));
      expect(plain).toMatchObject({
        status: 'SUCCESS',
        isFinished: true,
        inputs: [{ type: 'MEDIA', media: 'id' }],
      });
      gateway.emulator.faults.add({ kind: 'shape', shape, times: 'always' });
      for (const job of await readBoth(gateway, add('shaped'))) {
        expect(job).toEqual({ ...(plain as object), id: 'shaped' });
      }
    },
  );
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
