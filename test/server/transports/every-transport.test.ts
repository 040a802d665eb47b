import { createClient as createSseClient } from 'graphql-sse';
import { describe, expect } from 'vitest';
import type { TestGateway } from '../../support/gateway.ts';
import { it } from '../../support/it.ts';
import { openSocket } from '../../support/socket.ts';

interface Failed {
  readonly message: string;
  readonly extensions: Readonly<Record<string, unknown>>;
}

type Variables = Record<string, unknown>;

/** The first error of an operation, by each transport, without its request id. */
async function errorsOf(gateway: TestGateway, query: string, variables: Variables = {}): Promise<Failed[]> {
  const { errors = [] } = await gateway.query(query, variables);
  const { socket, send, message } = await openSocket(gateway.url);
  send({ id: '1', type: 'subscribe', payload: { query, variables } });
  const { payload } = await message(({ type }) => type === 'next' || type === 'error');
  socket.close();
  const overSocket = Array.isArray(payload) ? payload : (payload as { errors: unknown[] }).errors;
  const results = createSseClient({ url: `${gateway.url}/graphql`, retryAttempts: 0 }).iterate({
    query,
    variables,
  });
  const { value } = await results.next();
  const firsts = [errors[0], overSocket[0], (value as { errors: unknown[] }).errors[0]] as Failed[];
  return firsts.map(({ message, extensions: { requestId, ...extensions } }) => {
    expect(requestId).toMatch(/^[\w-]{36}$/);
    return { message, extensions };
  });
}

const JOB = '{ packageJob(id: "a") { id } }';

describe('HTTP, WebSocket and server-sent events', () => {
  it.for([
    { code: 'GRAPHQL_PARSE_FAILED', query: '{', variables: {} },
    { code: 'GRAPHQL_VALIDATION_FAILED', query: '{ x }', variables: {} },
    { code: 'OPERATION_TOO_COMPLEX', query: `{ ${'a: __typename '.repeat(101)} }`, variables: {} },
    { code: 'BAD_USER_INPUT', query: '{ packageJob(id: "a b") { id } }', variables: {} },
    {
      code: 'BAD_USER_INPUT',
      query: 'query($id: ID!) { packageJob(id: $id) { id } }',
      variables: { id: [] },
    },
    {
      code: 'BAD_USER_INPUT',
      query: '{ packageJob(id: "a", wait: {timeoutSeconds: 56}) { id } }',
      variables: {},
    },
  ])('refuse $query with the same $code', async ({ code, query, variables }, { gateway }) => {
    const [http, ...streams] = await errorsOf(gateway, query, variables);
    expect(http?.extensions).toMatchObject({ code });
    expect(streams).toEqual([http, http]);
  });

  it('tell a failure of ICE in the same words', async ({ gateway }) => {
    gateway.emulator.faults.add({ kind: 'status', status: 403, code: 'Forbidden.RAM', times: 'always' });
    const [http, ...streams] = await errorsOf(gateway, JOB);
    expect(http?.extensions).toMatchObject({ code: 'UPSTREAM_REJECTED', retryable: false });
    const { upstream: _, ...rest } = http?.extensions ?? {};
    for (const { message, extensions } of streams)
      expect([message, extensions]).toMatchObject([http?.message, rest]);
  });

  it('by HTTP alone there is no subscription', async ({ gateway }) => {
    const answer = await gateway.query('subscription { packageJobUpdated(ids: ["a"]) { id } }');
    expect(answer).toMatchObject({ status: 400, errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
  });

  it('clients that take streams among others get JSON for a query and a stream for a subscription', async ({
    gateway,
  }) => {
    const accept = 'application/graphql-response+json, application/json, text/event-stream, multipart/mixed';
    const ask = (query: string) =>
      fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept },
        body: JSON.stringify({ query }),
      });
    const query = await ask('{ __typename }');
    expect(query.headers.get('content-type')).toMatch(/^application\/graphql-response\+json/);
    expect(await query.json()).toEqual({ data: { __typename: 'Query' } });
    const stream = await ask('subscription { packageJobUpdated(ids: ["unknown"]) { id } }');
    expect(stream.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(await stream.text()).toMatch(
      /event: next\ndata: .*`ids\[0\]` names no job that ICE knows.*\n\nevent: complete/,
    );
  });
});

describe('a query that waits', () => {
  it('is answered with the current state when the time is up, and says when to ask again', async ({
    gateway,
  }) => {
    const id = gateway.emulator.jobs.add({ finishTime: Infinity });
    const { data, errors, headers } = await gateway.query(waitFor(id));
    expect([data, errors]).toMatchObject([{ packageJob: { status: 'INIT', pollAfterMs: 1000 } }, undefined]);
    expect([headers.get('retry-after'), headers.get('preference-applied')]).toEqual(['1', null]);
  });

  it('is answered when the job finishes, and for all who asked alike by one call a sweep', async ({
    gateway,
  }) => {
    const id = gateway.emulator.jobs.add({ finishTime: Date.now() + 1500 });
    const query = `{ packageJob(id: "${id}", wait: { timeoutSeconds: 20 }) { status outputUrl } }`;
    const answers = await Promise.all(Array.from({ length: 50 }, () => gateway.query(query)));
    for (const { data } of answers) expect(data).toMatchObject({ packageJob: { status: 'SUCCESS' } });
    expect(gateway.emulator.countRequests()).toBeLessThan(6);
  });

  it('can be asked for by Prefer, which is said to have been applied where it was', async ({ gateway }) => {
    const id = gateway.emulator.jobs.add({ finishTime: Infinity });
    const prefer = { prefer: 'wait=1' };
    const plain = await gateway.query(`{ packageJob(id: "${id}") { status } }`, {}, prefer);
    expect([plain.data, plain.headers.get('preference-applied')]).toEqual([
      { packageJob: { status: 'INIT' } },
      'wait=1',
    ]);
    const own = await gateway.query(waitFor(id), {}, { prefer: 'wait=50' });
    const other = await gateway.query(`{ node(id: "${id}") { id } }`, {}, prefer);
    expect([own, other].map(({ headers }) => headers.get('preference-applied'))).toEqual([null, null]);
  });
});

function waitFor(id: string): string {
  return `{ packageJob(id: "${id}", wait: { timeoutSeconds: 1 }) { status pollAfterMs } }`;
}
