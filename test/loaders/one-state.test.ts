import { describe, expect, vi } from 'vitest';
import { it } from '../support/it.ts';
import type { GraphqlAnswer, TestGateway } from '../support/gateway.ts';

interface Job {
  readonly id: string;
  readonly status: string;
  readonly observedAt: string;
  readonly outputUrl?: string | null;
}

const FIELDS = 'id status observedAt';
const UNFINISHED = `packageJobs(first: 3, filter: { status: INIT }) { nodes { ${FIELDS} } }`;

/** All jobs in an answer. */
function jobsIn(value: unknown): Job[] {
  if (Array.isArray(value)) return value.flatMap(jobsIn);
  if (typeof value !== 'object' || value === null) return [];
  return 'id' in value ? [value as Job] : Object.values(value).flatMap(jobsIn);
}

const statesOf = ({ data }: GraphqlAnswer, id: string) => jobsIn(data).filter((job) => job.id === id);

/** Jobs in an emulator without others. */
function add({ emulator }: TestGateway, count: number): string[] {
  return Array.from({ length: count }, () => emulator.jobs.add({ finishTime: Infinity }));
}

describe('an answer', () => {
  it.for([
    ['a list and a job', `list: packageJobs { nodes { ${FIELDS} } } one: packageJob(id: $id) { ${FIELDS} }`],
    [
      'a job and a list',
      `one: node(id: $id) { ... on PackageJob { ${FIELDS} } } list: packageJobs { nodes { ${FIELDS} } }`,
    ],
    [
      'a list and many jobs',
      `list: packageJobs { nodes { ${FIELDS} } } many: packageJobsById(ids: [$id, "none"]) { ${FIELDS} }`,
    ],
    [
      'a list and nodes',
      `list: packageJobs { edges { node { ${FIELDS} } } } nodes(ids: [$id]) { ... on PackageJob { ${FIELDS} } }`,
    ],
  ] as const)(
    'shows one state of a job, the latest that its reads have brought: %s',
    async ([, selection], { gateway }) => {
      const [id = ''] = add(gateway, 1);
      // The list is read while the job is unfinished, and comes when the job has long been seen to have finished.
      const release = gateway.emulator.faults.hold({ action: 'ListPackageJobs' });
      const releaseJob = gateway.emulator.faults.hold({ action: 'GetPackageJob', jobId: id });
      const answer = gateway.query(`query ($id: ID!) { ${selection} }`, { id });
      await vi.waitFor(() => expect(gateway.emulator.countRequests('ListPackageJobs')).toBe(1));
      gateway.emulator.jobs.finish(id);
      releaseJob();
      const other = await gateway.query(`query ($id: ID!) { packageJob(id: $id) { status } }`, { id });
      release();
      const states = statesOf(await answer, id);
      expect(states).toHaveLength(2);
      expect(states[0]).toEqual(states[1]);
      expect(other.data).toMatchObject({ packageJob: { status: expect.any(String) } });
    },
  );

  it('reads a page again, and fills it, when another read has shown that its filter does not hold', async ({
    gateway,
  }) => {
    const ids = add(gateway, 5);
    const [id = ''] = ids.slice(-1);
    const release = gateway.emulator.faults.hold({ action: 'ListPackageJobs' });
    const answer = gateway.query(
      `query ($id: ID!) { list: ${UNFINISHED} one: packageJob(id: $id) { ${FIELDS} } }`,
      { id },
    );
    await vi.waitFor(() => expect(gateway.emulator.countRequests()).toBe(2));
    gateway.emulator.jobs.finish(id);
    // Past the age at which the state is read again.
    await expect
      .poll(
        async () =>
          statesOf(await gateway.query(`query ($id: ID!) { packageJob(id: $id) { ${FIELDS} } }`, { id }), id),
        { timeout: 5000 },
      )
      .toMatchObject([{ status: 'SUCCESS' }]);
    release();
    const got = await answer;
    expect(statesOf(got, id)).toMatchObject([{ status: 'SUCCESS' }]);
    const shown = jobsIn(got.data?.['list']).map((job) => job.id);
    expect(shown).toEqual(ids.slice(1, 4).toReversed());
  });

  it('shows one state in two lists, of which one lags', async ({ gateway }) => {
    const [id = ''] = add(gateway, 1);
    const two = `{ first: packageJobs(first: 5) { nodes { ${FIELDS} } } second: packageJobs(first: 6) { nodes { ${FIELDS} } } }`;
    await new Promise((resolve) => setTimeout(resolve, 20));
    gateway.emulator.jobs.finish(id);
    gateway.emulator.faults.add({ kind: 'listLag', lagMs: 10, action: 'ListPackageJobs' });
    const [first, second] = statesOf(await gateway.query(two), id);
    expect(first).toMatchObject({ status: 'SUCCESS' });
    expect(second).toEqual(first);
  });

  it('shows one state where it waits for a job and reads it too', async ({ gateway }) => {
    const [id = ''] = add(gateway, 1);
    const answer = gateway.query(
      `query ($id: ID!) {
        waited: packageJob(id: $id, wait: { timeoutSeconds: 20 }) { ${FIELDS} }
        read: packageJob(id: $id) { ${FIELDS} }
        list: packageJobs(first: 1) { nodes { ${FIELDS} } }
      }`,
      { id },
    );
    await vi.waitFor(() => expect(gateway.emulator.countRequests()).toBeGreaterThan(1));
    gateway.emulator.jobs.finish(id);
    const states = statesOf(await answer, id);
    expect(states.map(({ status }) => status)).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS']);
    expect(new Set(states.map(({ observedAt }) => observedAt)).size).toBe(1);
  });

  it('has the failure of one read at its place, and all else', async ({ gateway }) => {
    const [failing = '', id = ''] = add(gateway, 2);
    gateway.emulator.faults.add({
      kind: 'status',
      status: 403,
      code: 'Forbidden.RAM',
      jobId: failing,
      times: 'always',
    });
    const { data, errors } = await gateway.query(
      `query ($ids: [ID!]!) { list: packageJobs(first: 1) { nodes { id } } many: packageJobsById(ids: $ids) { id } }`,
      { ids: [id, failing] },
    );
    expect(data).toEqual({ list: { nodes: [{ id }] }, many: [{ id }, null] });
    expect(errors).toMatchObject([{ path: ['many', 1], extensions: { code: 'UPSTREAM_REJECTED' } }]);
  });

  it('costs no more calls than its reads', async ({ gateway }) => {
    const [id = ''] = add(gateway, 1);
    await gateway.query(
      `query ($id: ID!) { list: ${UNFINISHED} one: packageJob(id: $id) { ${FIELDS} } two: node(id: $id) { id } }`,
      { id },
    );
    expect(gateway.emulator.countRequests()).toBe(2);
  });
});
