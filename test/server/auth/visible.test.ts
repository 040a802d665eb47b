import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { startIssuer, type Issuer } from '../../support/issuer.ts';

let issuer: Issuer;
let gateway: TestGateway;
const lines: string[] = [];
let ahead = 0;

beforeAll(async () => {
  issuer = await startIssuer();
  gateway = await startGateway({
    env: { ...issuer.env, OWNER_CLAIM: 'owner', OWNER_FIELD: 'user' },
    now: () => Date.now() + ahead,
    onLogLine: (line) => void lines.push(line),
  });
});

afterAll(async () => {
  await gateway.close();
  await issuer.close();
});

const addJob = (owner: string) =>
  gateway.emulator.jobs.add({ userData: JSON.stringify({ user: owner }), finishTime: Infinity });

async function ask(owner: string, query: string, variables: Record<string, unknown> = {}, more: object = {}) {
  return gateway.query(query, variables, await issuer.bearer({ owner, ...more }));
}

const READ = 'query Read($id: ID!) { packageJob(id: $id) { id userData } }';
const UNKNOWN = 'f'.repeat(32);

/** All headers that can differ between two responses for the same client. */
function headersOf({ headers }: { headers: Headers }): Record<string, string> {
  const { date, 'x-request-id': id, ...others } = Object.fromEntries(headers);
  expect([date, id]).not.toContain(undefined);
  return { ...others, 'server-timing': (others['server-timing'] ?? '').replaceAll(/dur=[\d.]+/g, 'dur') };
}

describe('a job of another owner', () => {
  it.for([0, 500, 1500])(
    'is the same as an id that ICE does not know, with its receipt, %i ms after both were asked for',
    async (pauseMs) => {
      const id = addJob('bob');
      expect((await ask('bob', READ, { id })).data).toMatchObject({ packageJob: { id } });
      const unknown = `${String(pauseMs)}${UNKNOWN}`.slice(0, 32);
      for (let round = 0; round < 3; round += 1) {
        const [foreign, none] = [await ask('alice', READ, { id }), await ask('alice', READ, { id: unknown })];
        expect({ ...foreign, headers: headersOf(foreign) }).toEqual({ ...none, headers: headersOf(none) });
        expect(foreign.data).toEqual({ packageJob: null });
        ahead += pauseMs;
      }
    },
  );

  it('is the same as an id that ICE does not know while ICE fails', async () => {
    const id = addJob('bob');
    await ask('bob', READ, { id });
    gateway.emulator.faults.add({ kind: 'status', status: 503, times: 'always' });
    const own = await ask('bob', READ, { id });
    const [foreign, none] = [
      await ask('alice', READ, { id }),
      await ask('alice', READ, { id: `e${UNKNOWN.slice(1)}` }),
    ];
    gateway.emulator.faults.clear();
    expect(own.data).toMatchObject({ packageJob: { id } });
    const codes = [foreign, none].map(({ status, data, errors }) => [
      status,
      data,
      errors?.[0]?.extensions['code'],
    ]);
    expect(codes[0]).toEqual(codes[1]);
    expect(codes[0]?.[2]).toMatch(/^UPSTREAM_/);
  });
});

describe('a list', () => {
  const LIST = `query List($first: Int, $after: String) {
    packageJobs(first: $first, after: $after) { nodes { id } edges { cursor } pageInfo { hasNextPage endCursor } }
  }`;
  interface Page {
    nodes: { id: string }[];
    edges: { cursor: string }[];
    pageInfo: { hasNextPage: boolean; endCursor: string | null };
  }
  const pageOf = (answer: { data?: Record<string, unknown> | null }) => answer.data?.['packageJobs'] as Page;

  it('is filled by reading on, and says truly whether there is more', async () => {
    const ids = [addJob('carol')];
    for (let count = 0; count < 150; count += 1) addJob('dave');
    ids.unshift(addJob('carol'));
    const first = pageOf(await ask('carol', LIST, { first: 1 }));
    expect(first.nodes.map(({ id }) => id)).toEqual(ids.slice(0, 1));
    expect(first.pageInfo.hasNextPage).toBe(true);
    const second = pageOf(await ask('carol', LIST, { first: 1, after: first.pageInfo.endCursor }));
    expect(second.nodes.map(({ id }) => id)).toEqual(ids.slice(1));
    // The page before was long enough to see that nothing of hers follows within the bound.
    expect(pageOf(await ask('carol', LIST, { first: 2 })).nodes.map(({ id }) => id)).toEqual(ids);
  });

  it('has cursors that say nothing of jobs, work for those who may see the same, and for nobody else', async () => {
    const ids = [addJob('erin'), addJob('frank'), addJob('erin')];
    const { edges, pageInfo } = pageOf(await ask('erin', LIST, { first: 1 }));
    for (const cursor of [edges[0]?.cursor ?? '', pageInfo.endCursor ?? '']) {
      const text = Buffer.from(cursor, 'base64url').toString('latin1');
      for (const id of ids) expect(text).not.toContain(id);
    }
    const after = pageInfo.endCursor;
    const sameOwner = await ask('erin', LIST, { first: 1, after }, { sub: 'another device' });
    expect(pageOf(sameOwner).nodes).toEqual([{ id: ids[0] }]);
    for (const more of [{}, { job_ids: [ids[0]] }]) {
      const { errors } = await ask('frank', LIST, { first: 1, after }, more);
      expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', argument: 'after' });
    }
    await gateway.restart();
    expect(pageOf(await ask('erin', LIST, { first: 1, after })).nodes).toEqual([{ id: ids[0] }]);
  });
});

describe('a submission', () => {
  const SUBMIT = `mutation Submit($userData: String) {
    submitPackageJob(input: {
      inputs: [{ type: MEDIA, media: "a" }], output: { type: OSS, media: "oss://bucket/key" }, userData: $userData
    }) { packageJob { id userData } }
  }`;

  it.for([
    [null, '{"user":"alice"}'],
    ['', '{"user":"alice"}'],
    ['{}', '{"user":"alice"}'],
    [' { "n": 1e400 } ', '{"user":"alice", "n": 1e400 } '],
    ['{"user":"alice"}', '{"user":"alice"}'],
  ] as const)('with the user data %j belongs to its owner: %j', async ([userData, expected]) => {
    const { data } = await ask('alice', SUBMIT, { userData });
    const { packageJob } = (data?.['submitPackageJob'] ?? {}) as {
      packageJob: { id: string; userData: string };
    };
    expect(packageJob.userData).toBe(expected);
    expect((await ask('alice', READ, { id: packageJob.id })).data).toEqual({ packageJob });
    expect((await ask('bob', READ, { id: packageJob.id })).data).toEqual({ packageJob: null });
    const audit = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(audit.find(({ jobId }) => jobId === packageJob.id)).toMatchObject({
      msg: 'job submitted',
      issuer: issuer.url,
      subject: 'someone',
      owner: 'alice',
      requestId: expect.stringMatching(/^[\w-]{36}$/) as string,
    });
  });

  it.for(['text', '[]', '5', '{"user":"bob"}', '{"user":"alice","user":"bob"}', '{"user":null}'])(
    'with the user data %j is refused, and no call is made',
    async (userData) => {
      gateway.emulator.resetRequests();
      const { errors } = await ask('alice', SUBMIT, { userData });
      expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', argument: 'input.userData' });
      expect(gateway.emulator.countRequests()).toBe(0);
    },
  );

  it('needs a token that says whose it is, and is for no given jobs', async () => {
    const bearer = await issuer.bearer({});
    const { status, errors } = await gateway.query(SUBMIT, {}, bearer);
    expect(status).toBe(403);
    expect(errors?.[0]?.message).toBe('The token has no claim `owner`, which says whose jobs it is for');
    const given = await ask('alice', SUBMIT, {}, { job_ids: ['a'] });
    expect(given.status).toBe(403);
    expect(given.errors?.[0]?.message).toBe('A token for given jobs submits none');
  });
});
