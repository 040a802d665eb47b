import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { startIssuer, type Issuer } from '../../support/issuer.ts';

let issuer: Issuer;
let gateway: TestGateway;

beforeAll(async () => {
  issuer = await startIssuer();
  const env = { ...issuer.env, OWNER_CLAIM: 'owner', OWNER_FIELD: 'user' };
  gateway = await startGateway({ env, emulator: { seed: 'none' } });
});

afterAll(async () => {
  await gateway.close();
  await issuer.close();
});

const LIST = `query List($first: Int, $after: String, $filter: PackageJobFilter) {
  packageJobs(first: $first, after: $after, filter: $filter) {
    nodes { id } pageInfo { hasNextPage endCursor }
  }
}`;

interface Page {
  nodes: { id: string }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

async function list(claims: object, variables: Record<string, unknown> = {}) {
  const answer = await gateway.query(LIST, variables, await issuer.bearer({ ...claims }));
  return { ...answer, page: answer.data?.['packageJobs'] as Page };
}

/** Adds jobs that begin a second apart, the first one the oldest. */
function addJobs(count: number, owner: string, from = Date.now() - 10_000_000): string[] {
  return Array.from({ length: count }, (_, index) =>
    gateway.emulator.jobs.add({
      createTime: from + 1000 * index,
      finishTime: from + 1000 * index + 500,
      userData: JSON.stringify({ user: owner }),
    }),
  );
}

describe('a list for a token that names its jobs', () => {
  it('is whole, however far the jobs are from the newest ones, and reads no list of the account', async () => {
    const ids = addJobs(700, 'carol');
    const [oldest = '', second = '', newest = ''] = [ids[0], ids[1], ids.at(-1)];
    const claims = { owner: 'carol', job_ids: [second, newest, oldest] };
    gateway.emulator.resetRequests();
    const first = await list(claims, { first: 2 });
    expect(first.page.nodes.map(({ id }) => id)).toEqual([newest, second]);
    expect(first.page.pageInfo.hasNextPage).toBe(true);
    const rest = await list(claims, { first: 2, after: first.page.pageInfo.endCursor });
    expect(rest.page).toMatchObject({ nodes: [{ id: oldest }], pageInfo: { hasNextPage: false } });
    const { emulator } = gateway;
    expect([emulator.countRequests('ListPackageJobs'), emulator.countRequests('GetPackageJob')]).toEqual([
      0, 3,
    ]);
  });

  it('leaves out ids that are unknown, of others, or no ids', async () => {
    const [own = ''] = addJobs(1, 'erin');
    const [foreign = ''] = addJobs(1, 'frank');
    const jobIds = ['f'.repeat(32), 'a b', '', 'x'.repeat(129), foreign, own];
    const { page } = await list({ owner: 'erin', job_ids: jobIds });
    expect(page).toMatchObject({ nodes: [{ id: own }], pageInfo: { hasNextPage: false } });
    expect((await list({ owner: 'erin', job_ids: [] })).page.nodes).toEqual([]);
  });

  it('has cursors that work for nobody else', async () => {
    const [one = '', two = ''] = addJobs(2, 'gina');
    const first = await list({ owner: 'gina', job_ids: [one, two] }, { first: 1 });
    const after = first.page.pageInfo.endCursor;
    expect(Buffer.from(after ?? '', 'base64url').toString('latin1')).not.toContain(two);
    for (const claims of [{ owner: 'gina', job_ids: [one] }, { owner: 'gina' }]) {
      const { errors } = await list(claims, { after });
      expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', argument: 'after' });
    }
  });

  it('is read from the account’s list where the jobs are too many to be read one by one', async () => {
    const ids = addJobs(101, 'hana', Date.now() - 1_000_000);
    gateway.emulator.resetRequests();
    const { page } = await list({ owner: 'hana', job_ids: ids }, { first: 100 });
    expect(page.nodes).toHaveLength(100);
    expect(gateway.emulator.countRequests('GetPackageJob')).toBe(0);
  });

  it('is an error when one of the jobs cannot be read', async () => {
    const [one = ''] = addJobs(1, 'iris');
    gateway.emulator.faults.add({ kind: 'status', status: 503, times: 'always' });
    const { data, errors } = await list({ owner: 'iris', job_ids: [one] });
    gateway.emulator.faults.clear();
    expect([data, errors?.[0]?.extensions['code']]).toEqual([{ packageJobs: null }, 'UPSTREAM_UNAVAILABLE']);
  });
});
