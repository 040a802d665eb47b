import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startGateway, type GraphqlAnswer, type TestGateway } from '../../support/gateway.ts';
import { watchLateness } from '../../support/lateness.ts';
import { openEventStream, openSocket } from '../../support/socket.ts';

/** The limits of an operation and of a call are far above what a wait may take. */
const ENV = {
  REQUEST_TIMEOUT_MS: '9000',
  ICE_TIMEOUT_MS: '8000',
  STALE_IF_ERROR_S: '30',
  ICE_LIST_BATCHING: 'off',
};

/** How much later than its time a wait may end, in milliseconds. */
const GRACE_MS = 500;

const HANG = { kind: 'hang', when: 'before-headers', times: 'always' } as const;

let gateway: TestGateway;
let offsetMs = 0;

beforeAll(async () => {
  gateway = await startGateway({ env: ENV, now: () => Date.now() + offsetMs });
});
afterAll(() => gateway.close());

function add(ageMs = 0): string {
  return gateway.emulator.jobs.add({ createTime: Date.now() + offsetMs - ageMs, finishTime: Infinity });
}

const read = (id: string) => gateway.query('query ($id: ID!) { packageJob(id: $id) { status } }', { id });

/** The ways to wait for a second. Each takes what is selected. */
const WAYS: readonly (readonly [
  name: string,
  wait: (id: string, fields: string) => Promise<Pick<GraphqlAnswer, 'data' | 'errors'>>,
])[] = [
  ['FINISHED', (id, fields) => gateway.query(waiting('FINISHED', fields), { id })],
  ['CHANGE', (id, fields) => gateway.query(waiting('CHANGE', fields), { id })],
  [
    'Prefer: wait',
    (id, fields) =>
      gateway.query(`query ($id: ID!) { packageJob(id: $id) { ${fields} } }`, { id }, { prefer: 'wait=1' }),
  ],
  ['a WebSocket', (id, fields) => bySocket(waiting('FINISHED', fields), { id })],
  ['an event stream', (id, fields) => byStream(waiting('FINISHED', fields), { id })],
];

function waiting(until: string, fields: string): string {
  return `query ($id: ID!) { packageJob(id: $id, wait: { until: ${until}, timeoutSeconds: 1 }) { ${fields} } }`;
}

async function bySocket(query: string, variables: object): Promise<GraphqlAnswer> {
  const { socket, send, message } = await openSocket(gateway.url);
  send({ id: '1', type: 'subscribe', payload: { query, variables } });
  const { payload } = await message(({ type }) => type === 'next' || type === 'error');
  socket.terminate();
  return payload as GraphqlAnswer;
}

async function byStream(query: string, variables: object): Promise<GraphqlAnswer> {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query, variables }),
  });
  const text = await response.text();
  return JSON.parse(/^data: (\{.*)$/m.exec(text)?.[1] ?? '') as GraphqlAnswer;
}

/** What it took, without what this process was late. */
async function timed<T>(run: () => Promise<T>): Promise<[result: T, ms: number]> {
  const { lateness, stop } = watchLateness();
  const startedAt = Date.now();
  const result = await run();
  const ms = Date.now() - startedAt - lateness(startedAt, Date.now());
  stop();
  return [result, ms];
}

describe.for(WAYS)('a wait by %s', ([, wait]) => {
  it('ends in its time with what is known, when ICE hangs', async () => {
    const id = add();
    await read(id);
    gateway.emulator.faults.add({ ...HANG, jobId: id });
    const [{ data, errors }, ms] = await timed(() => wait(id, 'status'));
    expect([data, errors]).toEqual([{ packageJob: { status: 'INIT' } }, undefined]);
    expect(ms).toBeLessThan(1000 + GRACE_MS);
  });

  it('ends in its time with an error, when ICE hangs and nothing is known', async () => {
    const id = add();
    gateway.emulator.faults.add({ ...HANG, jobId: id });
    const [{ data, errors }, ms] = await timed(() => wait(id, 'status'));
    expect(data).toEqual({ packageJob: null });
    expect(errors).toMatchObject([{ path: ['packageJob'], extensions: { code: 'UPSTREAM_TIMEOUT' } }]);
    expect(ms).toBeLessThan(1000 + GRACE_MS);
  });

  it('ends in its time with a state that was only listed, and an error for what the list left out', async () => {
    const id = add();
    gateway.emulator.faults.add({ ...HANG, jobId: id });
    await gateway.query('{ packageJobs(first: 1) { nodes { id } } }');
    const [{ data, errors }, ms] = await timed(() => wait(id, 'status outputUrl'));
    expect(data).toEqual({ packageJob: { status: 'INIT', outputUrl: null } });
    expect(errors).toMatchObject([
      { path: ['packageJob', 'outputUrl'], extensions: { code: 'UPSTREAM_TIMEOUT' } },
    ]);
    expect(ms).toBeLessThan(1000 + GRACE_MS);
  });

  it('ends with a state as fresh as any read brings, of a job that is read rarely', async () => {
    const id = add(600_000);
    const stream = await openEventStream(gateway.url, [id]);
    await stream.until(/INIT/);
    gateway.emulator.jobs.finish(id);
    offsetMs += 3000;
    const [{ data }, ms] = await timed(() => wait(id, 'status outputUrl'));
    expect(data).toEqual({ packageJob: { status: 'SUCCESS', outputUrl: expect.any(String) } });
    expect(ms).toBeLessThan(1000);
    // Who listened all the time is told with it.
    await stream.until(/SUCCESS/);
    stream.leave();
  });
});

describe('a wait', () => {
  it('shows at its end what was read within the age of a state, where nothing has changed', async () => {
    const id = add(600_000);
    await read(id);
    const { data } = await gateway.query(waiting('FINISHED', 'status observedAt'), { id });
    const job = data?.['packageJob'] as { observedAt: string } | undefined;
    expect(Date.now() + offsetMs - Date.parse(job?.observedAt ?? '')).toBeLessThanOrEqual(2000 + GRACE_MS);
  });

  it('is answered as any read is, when ICE has failed for longer than a state may be stale', async () => {
    const id = add();
    await read(id);
    gateway.emulator.faults.add({
      kind: 'status',
      status: 403,
      code: 'Forbidden.RAM',
      jobId: id,
      times: 'always',
    });
    offsetMs += 31_000;
    const [{ data, errors }, ms] = await timed(() => gateway.query(waiting('CHANGE', 'status'), { id }));
    expect(data).toEqual({ packageJob: null });
    expect(errors).toMatchObject([{ extensions: { code: 'UPSTREAM_REJECTED' } }]);
    expect(ms).toBeLessThan(1000 + GRACE_MS);
  });

  it('ends the operation in its time, with an error for a read beside it that ICE does not answer', async () => {
    const [id, hanging] = [add(), add()];
    gateway.emulator.faults.add({ ...HANG, jobId: hanging });
    const query = `query ($id: ID!, $hanging: ID!) {
      packageJob(id: $id, wait: { timeoutSeconds: 1 }) { status }
      node(id: $hanging) { id }
    }`;
    const [{ data, errors }, ms] = await timed(() => gateway.query(query, { id, hanging }));
    expect(data).toEqual({ packageJob: { status: 'INIT' }, node: null });
    expect(errors).toMatchObject([{ path: ['node'], extensions: { code: 'UPSTREAM_TIMEOUT' } }]);
    expect(ms).toBeLessThan(1000 + GRACE_MS);
  });

  it('for a job whose end was listed holds on until its address is known, where that is selected', async () => {
    const id = add();
    gateway.emulator.resetRequests();
    const waited = gateway.query(
      'query ($id: ID!) { packageJob(id: $id, wait: { timeoutSeconds: 20 }) { status outputUrl } }',
      { id },
    );
    await vi.waitFor(() => expect(gateway.emulator.countRequests('GetPackageJob')).toBe(1));
    gateway.emulator.faults.add({ kind: 'status', status: 503, jobId: id, times: 4 });
    gateway.emulator.jobs.finish(id);
    await gateway.query('{ packageJobs(first: 1) { nodes { id status } } }');
    const { data, errors } = await waited;
    expect(errors).toBeUndefined();
    expect(data).toEqual({ packageJob: { status: 'SUCCESS', outputUrl: expect.any(String) } });
  });
});
