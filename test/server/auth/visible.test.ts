import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startGateway, type GraphqlAnswer, type TestGateway } from '../../support/gateway.ts';
import { startIssuer, type Issuer } from '../../support/issuer.ts';

let issuer: Issuer;
let gateway: TestGateway;
const lines: string[] = [];
let ahead = 0;
/** When the clock was stopped, if it is. */
let stoppedAt: number | undefined;

beforeAll(async () => {
  issuer = await startIssuer();
  gateway = await start();
});

const start = () =>
  startGateway({
    env: { ...issuer.env, OWNER_CLAIM: 'owner', OWNER_FIELD: 'user' },
    now: () => (stoppedAt ?? Date.now()) + ahead,
    onLogLine: (line) => void lines.push(line),
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

/** All of two answers that can differ for the same client. */
function comparable({ headers, ...answer }: GraphqlAnswer): unknown {
  const { date, 'x-request-id': id, ...others } = Object.fromEntries(headers);
  expect([date, id]).not.toContain(undefined);
  const body = JSON.stringify(answer).replaceAll(/"requestId":"[\w-]{36}"/g, '"requestId":""');
  const timing = (others['server-timing'] ?? '').replaceAll(/dur=[\d.]+/g, 'dur');
  return { body: JSON.parse(body) as unknown, headers: { ...others, 'server-timing': timing } };
}

/** The ways to read one job by its id. */
const WAYS = {
  packageJob: READ,
  packageJobsById: 'query Many($id: ID!) { packageJobsById(ids: [$id]) { id userData } }',
  node: 'query Node($id: ID!) { node(id: $id) { id ... on PackageJob { userData } } }',
  nodes: 'query Nodes($id: ID!) { nodes(ids: [$id]) { id ... on PackageJob { userData } } }',
  wait: `query Wait($id: ID!) {
    packageJob(id: $id, wait: { until: FINISHED, timeoutSeconds: 1 }) { id userData }
  }`,
} as const;

/** What alice gets for a job of bob, and for an id that ICE does not know, while ICE fails and memory has the job. */
async function askBoth(query: string, status: number) {
  // Each has a gateway of its own, as the first may have its breaker open for the next.
  const answers = [true, false].map(async (isForeign) => {
    const failing = await start();
    onTestFinished(() => failing.close());
    const read = async (owner: string, text: string, id: string) =>
      failing.query(text, { id }, await issuer.bearer({ owner }));
    const id = failing.emulator.jobs.add({ userData: '{"user":"bob"}', finishTime: Infinity });
    await read('bob', READ, id);
    // What memory has is not fresh any more.
    ahead += 10_000;
    failing.emulator.faults.add({ kind: 'status', status, code: 'Forbidden.RAM', times: 'always' });
    const answer = await read('alice', query, isForeign ? id : UNKNOWN);
    expect((await read('bob', READ, id)).data).toMatchObject({ packageJob: { id } });
    return answer;
  });
  const [foreign, none] = await Promise.all(answers);
  if (foreign === undefined || none === undefined) throw new Error('there is no answer');
  expect(foreign.errors?.[0]?.extensions['code']).toMatch(/^UPSTREAM_/);
  return { foreign, none };
}

describe('a job of another owner', () => {
  it.for(
    Object.entries(WAYS).flatMap(([way, query]) =>
      [0, 500, 1500].map((pauseMs) => [way, query, pauseMs] as const),
    ),
  )(
    'is by %s the same as an id that ICE does not know, with its receipt, also some time after both were asked for',
    async ([way, query, pauseMs]) => {
      // A second that passes between two answers would be seen in their `max-age`.
      stoppedAt = Date.now();
      onTestFinished(() => void (stoppedAt = undefined));
      const id = addJob('bob');
      expect((await ask('bob', READ, { id })).data).toMatchObject({ packageJob: { id } });
      const unknown = `${String(pauseMs)}${Buffer.from(way).toString('hex')}${UNKNOWN}`.slice(0, 32);
      for (let round = 0; round < 3; round += 1) {
        const [foreign, none] = [
          await ask('alice', query, { id }),
          await ask('alice', query, { id: unknown }),
        ];
        expect(comparable(foreign)).toEqual(comparable(none));
        expect(Object.values(foreign.data ?? {}).flat()).toEqual([null]);
        ahead += pauseMs;
      }
    },
  );

  it.for(Object.entries(WAYS))(
    'is by %s the same as an id that ICE does not know while ICE refuses calls',
    async ([, query]) => {
      const { foreign, none } = await askBoth(query, 403);
      expect(comparable(foreign)).toEqual(comparable(none));
    },
  );

  it.for(['packageJob', 'wait'] as const)(
    'is by %s the same as an id that ICE does not know while ICE fails',
    async (way) => {
      const { foreign, none } = await askBoth(WAYS[way], 503);
      // Which try is the last one within a wait is a matter of chance.
      const shown = (answer: GraphqlAnswer) =>
        way === 'wait' ? [answer.status, answer.data, answer.errors?.[0]?.path] : comparable(answer);
      expect(shown(foreign)).toEqual(shown(none));
      expect(foreign.headers.get('server-timing')).not.toContain('stale');
    },
  );
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
