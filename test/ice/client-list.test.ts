import { describe, expect } from 'vitest';
import { IceError } from '../../src/ice/errors.ts';
import { it } from '../support/it.ts';

const failure = (result: Promise<unknown>): Promise<IceError> =>
  result.then(
    () => expect.unreachable('the call succeeded'),
    (error: unknown) => (error instanceof IceError ? error : expect.unreachable(String(error))),
  );

describe('listPackageJobs', () => {
  it('reads a page in order, and the token of the next', async ({ emulator, client }) => {
    const ids = [0, 1, 2].map((second) =>
      emulator.jobs.add({ createTime: Date.UTC(2026, 0, 1, 0, 0, second) }),
    );
    const { value: first } = await client.ice.listPackageJobs(
      { orderBy: 'CreateTimeAsc', pageSize: 2 },
      client.context,
    );
    expect(first.jobs.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const nextPageToken = first.nextPageToken ?? '';
    const { value: second } = await client.ice.listPackageJobs(
      { orderBy: 'CreateTimeAsc', pageSize: 2, nextPageToken },
      client.context,
    );
    expect(second).toMatchObject({ jobs: [{ id: ids[2], outputUrl: undefined }], nextPageToken: null });
  });

  it('sends every filter', async ({ emulator, client }) => {
    await client.ice.listPackageJobs(
      {
        orderBy: 'CreateTimeDesc',
        pageSize: 7,
        status: 'Fail',
        startOfCreateTime: '2026-01-01T00:00:00Z',
        endOfCreateTime: '2026-01-02T00:00:00Z',
      },
      client.context,
    );
    expect(emulator.requests[0]?.params).toEqual({
      OrderBy: 'CreateTimeDesc',
      PageSize: '7',
      Status: 'Fail',
      StartOfCreateTime: '2026-01-01T00:00:00Z',
      EndOfCreateTime: '2026-01-02T00:00:00Z',
    });
  });

  it('reports an answer without a list as malformed', async ({ emulator, client }) => {
    emulator.faults.add({ kind: 'body', body: '{"message":"ok"}', times: 'always' });
    const error = await failure(
      client.ice.listPackageJobs({ orderBy: 'CreateTimeDesc', pageSize: 1 }, client.context),
    );
    expect(error.code).toBe('UPSTREAM_MALFORMED');
  });

  it('takes an answer with nothing but a RequestId for an empty page', async ({ emulator, client }) => {
    emulator.faults.add({ kind: 'body', body: '{"RequestId":"1"}' });
    const query = { orderBy: 'CreateTimeDesc', pageSize: 1 } as const;
    const { value } = await client.ice.listPackageJobs(query, client.context);
    expect(value).toEqual({ jobs: [], nextPageToken: null });
  });

  it('asks for fewer jobs when a page is too long, and for no more of the next', async ({
    emulator,
    client,
  }) => {
    const ids = Array.from({ length: 100 }, (_, index) =>
      emulator.jobs.add({ createTime: Date.UTC(2026, 0, 1, 0, 0, index), userData: 'x'.repeat(12_000) }),
    );
    const query = { orderBy: 'CreateTimeAsc', pageSize: 100 } as const;
    const shown: string[] = [];
    let token: string | null | undefined;
    while (token !== null) {
      const page = await client.ice.listPackageJobs(
        { ...query, ...(token !== undefined && { nextPageToken: token }) },
        client.context,
      );
      shown.push(...page.value.jobs.map(({ id }) => id));
      token = page.value.nextPageToken;
    }
    expect(shown).toEqual(ids);
    const sizes = emulator.requests.map(({ params }) => Number(params['PageSize']));
    expect(sizes[0]).toBe(100);
    expect(Math.max(...sizes.slice(1))).toBeLessThan(45);
    expect(sizes.length).toBeLessThanOrEqual(6);
  });

  it('takes a token that names its own page for the end', async ({ emulator, client }) => {
    const page = { PackageJobList: { PackageJobs: [{ JobId: 'j1' }], NextPageToken: 'again' } };
    emulator.faults.add({ kind: 'body', body: JSON.stringify(page), times: 'always' });
    const query = { orderBy: 'CreateTimeDesc', pageSize: 1 } as const;
    const { value: first } = await client.ice.listPackageJobs(query, client.context);
    expect(first.nextPageToken).toBe('again');
    const { value: second } = await client.ice.listPackageJobs(
      { ...query, nextPageToken: 'again' },
      client.context,
    );
    expect(second.nextPageToken).toBeNull();
    expect(client.violations).toEqual([{ kind: 'invalid value', member: 'PackageJobList.NextPageToken' }]);
  });
});
