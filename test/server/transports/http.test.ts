import { request } from 'node:http';
import { buildClientSchema, getIntrospectionQuery } from 'graphql';
import { describe, expect } from 'vitest';
import { startGateway } from '../../support/gateway.ts';
import { it } from '../../support/it.ts';

const BY_ID = 'query ($ids: [ID!]!) { packageJobsById(ids: $ids) { id } }';
const get = async (url: string, parameters: Record<string, string>, headers: Record<string, string>) =>
  fetch(`${url}/graphql?${new URLSearchParams(parameters).toString()}`, { headers });

const ICE_REQUEST_ID = expect.stringMatching(/^[\dA-F]{8}(-[\dA-F]{4}){3}-[\dA-F]{12}$/);

describe('introspection', () => {
  it('is within the limits as tools send it', async ({ gateway }) => {
    const { data } = await gateway.query(
      getIntrospectionQuery({ inputValueDeprecation: true, descriptions: true }),
    );
    const schema = buildClientSchema(data as unknown as Parameters<typeof buildClientSchema>[0]);
    expect(schema.getQueryType()?.getFields()).toHaveProperty('packageJobsById');
  });

  it('can be turned off, and names are not suggested then', async () => {
    const gateway = await startGateway({ env: { INTROSPECTION: 'false' } });
    const { errors } = await gateway.query('{ __schema { types { name } } }');
    const misspelt = await gateway.query('{ packageJo(id: "a") { id } }');
    await gateway.close();
    expect(errors?.[0]?.extensions['code']).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(misspelt.errors?.[0]?.message).not.toContain('packageJob');
  });
});

describe('GET /graphql', () => {
  it('answers queries', async ({ gateway }) => {
    const parameters = { query: BY_ID, variables: '{"ids":["no-such-job"]}' };
    const response = await get(gateway.url, parameters, { 'apollo-require-preflight': '1' });
    expect(await response.json()).toEqual({ data: { packageJobsById: [null] } });
  });

  it('is refused without a header that browsers preflight', async ({ gateway }) => {
    const response = await get(gateway.url, { query: '{ __typename }' }, {});
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      errors: [
        {
          message: expect.stringContaining('Cross-Site Request Forgery'),
          extensions: { code: 'BAD_REQUEST' },
        },
      ],
    });
  });

  it('answers persisted queries once they are known', async ({ gateway }) => {
    const query = '{ packageJob(id: "no-such-job") { id } }';
    const sha256Hash = Buffer.from(
      await crypto.subtle.digest('SHA-256', new TextEncoder().encode(query)),
    ).toString('hex');
    const extensions = JSON.stringify({ persistedQuery: { version: 1, sha256Hash } });
    const headers = { 'apollo-require-preflight': '1' };
    const miss = await get(gateway.url, { extensions }, headers);
    expect(await miss.json()).toMatchObject({
      errors: [
        {
          message: 'PersistedQueryNotFound',
          extensions: { code: 'PERSISTED_QUERY_NOT_FOUND', retryable: true },
        },
      ],
    });
    await get(gateway.url, { extensions, query }, headers);
    const hit = await get(gateway.url, { extensions }, headers);
    expect(await hit.json()).toEqual({ data: { packageJob: null } });
    const wrong = await get(gateway.url, { extensions, query: '{ __typename }' }, headers);
    expect(wrong.status).toBe(400);
    expect(await wrong.json()).toMatchObject({
      errors: [{ extensions: { code: 'BAD_REQUEST', retryable: false } }],
    });
  });
});

describe('an operation', () => {
  it('ends at its deadline, with the jobs that were read', async () => {
    const gateway = await startGateway({ env: { REQUEST_TIMEOUT_MS: '1500' } });
    const ids = [gateway.emulator.jobs.add(), gateway.emulator.jobs.add()];
    gateway.emulator.faults.add({ kind: 'hang', when: 'mid-body', jobId: ids[1] ?? '' });
    const { data, errors } = await gateway.query(BY_ID, { ids });
    await gateway.close();
    expect(data).toEqual({ packageJobsById: [{ id: ids[0] }, null] });
    expect(errors).toMatchObject([
      { path: ['packageJobsById', 1], extensions: { code: 'UPSTREAM_TIMEOUT' } },
    ]);
  });

  it('answers OVERLOADED for reads that were still waiting at its deadline', async () => {
    const gateway = await startGateway({ env: { REQUEST_TIMEOUT_MS: '300', ICE_MAX_CONCURRENCY: '1' } });
    const ids = [gateway.emulator.jobs.add(), gateway.emulator.jobs.add()];
    gateway.emulator.faults.add({ kind: 'hang', when: 'before-headers' });
    const { errors } = await gateway.query(BY_ID, { ids });
    await gateway.close();
    expect(errors?.map(({ extensions }) => [extensions['code'], extensions['retryAfterMs']])).toEqual([
      ['UPSTREAM_TIMEOUT', undefined],
      ['OVERLOADED', 1000],
    ]);
  });

  it('gives its calls up when its client leaves, so that others can be made', async () => {
    const gateway = await startGateway({ env: { ICE_MAX_CONCURRENCY: '1' } });
    const ids = [gateway.emulator.jobs.add(), gateway.emulator.jobs.add()];
    gateway.emulator.faults.add({ kind: 'hang', when: 'before-headers' });
    const body = JSON.stringify({ query: BY_ID, variables: { ids: ids.slice(0, 1) } });
    const client = request(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    client.on('error', () => undefined).end(body);
    await expect.poll(() => gateway.emulator.countRequests()).toBe(1);
    client.destroy();
    const startedAt = performance.now();
    const { data } = await gateway.query(BY_ID, { ids: ids.slice(1) });
    await gateway.close();
    expect(data).toEqual({ packageJobsById: [{ id: ids[1] }] });
    // Long before the limit of 5 s that one attempt has.
    expect(performance.now() - startedAt).toBeLessThan(4000);
  });

  it('tells in Server-Timing what it cost, and in extensions when asked', async ({ gateway }) => {
    const ids = [gateway.emulator.jobs.add(), gateway.emulator.jobs.add()];
    const first = await gateway.query(BY_ID, { ids }, { 'x-upstream-receipt': '1' });
    expect(first.extensions).toEqual({
      upstream: {
        calls: 2,
        coalesced: 0,
        cacheHits: 0,
        stale: 0,
        queuedMs: expect.any(Number),
        requestIds: [ICE_REQUEST_ID, ICE_REQUEST_ID],
      },
      cost: { requested: 3, actual: 3 },
    });
    expect(first.headers.get('server-timing')).toMatch(
      /^upstream;desc="2 calls";dur=\d+, queue;dur=\d+, cache;desc="0 hits/,
    );
    const second = await gateway.query(BY_ID, { ids });
    expect(second.extensions).toBeUndefined();
    expect(second.headers.get('server-timing')).toContain('cache;desc="2 hits, 0 coalesced"');
  });

  it('tells when an answer is stale, as ICE fails', async () => {
    const gateway = await startGateway({ env: { JOB_MAX_AGE_MS: '100' } });
    const ids = [gateway.emulator.jobs.add({ finishTime: Infinity })];
    const FIELDS = 'query ($ids: [ID!]!) { packageJobsById(ids: $ids) { id observedAt } }';
    const fresh = await gateway.query(FIELDS, { ids });
    gateway.emulator.faults.add({ kind: 'status', status: 403, code: 'Forbidden.RAM', times: 'always' });
    await expect
      .poll(async () => (await gateway.query(FIELDS, { ids })).headers.get('server-timing'))
      .toContain('stale;desc="1 stale"');
    const stale = await gateway.query(FIELDS, { ids }, { 'x-upstream-receipt': '1' });
    await gateway.close();
    expect(stale.errors).toBeUndefined();
    expect(stale.data).toEqual(fresh.data);
    expect(stale.extensions).toMatchObject({ upstream: { cacheHits: 0, stale: 1 } });
  });

  it('is logged when its client leaves', async () => {
    const lines: string[] = [];
    const gateway = await startGateway({ onLogLine: (line) => lines.push(line) });
    const id = gateway.emulator.jobs.add();
    gateway.emulator.faults.add({ kind: 'hang', when: 'before-headers' });
    const controller = new AbortController();
    const left = fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-request-id': 'left' },
      body: JSON.stringify({ query: BY_ID, variables: { ids: [id] } }),
      signal: controller.signal,
    });
    await expect.poll(() => gateway.emulator.countRequests()).toBe(1);
    controller.abort();
    await expect(left).rejects.toThrow('aborted');
    await expect.poll(() => lines.filter((line) => line.includes('"requestId":"left"'))).toHaveLength(1);
    expect(lines.find((line) => line.includes('"requestId":"left"'))).toContain(
      'the client has disconnected',
    );
    await gateway.close();
  });

  it('is logged with its request id, name, duration and calls, and without its variables', async () => {
    const lines: string[] = [];
    const gateway = await startGateway({ onLogLine: (line) => lines.push(line) });
    const id = gateway.emulator.jobs.add();
    const { headers } = await gateway.query('query Watch($id: ID!) { packageJob(id: $id) { id } }', { id });
    await gateway.close();
    const line = lines.find((each) => each.includes('"operationName"')) ?? '';
    expect(JSON.parse(line)).toMatchObject({
      level: 30,
      requestId: headers.get('x-request-id'),
      operationName: 'Watch',
      method: 'POST',
      path: '/graphql',
      status: 200,
      durationMs: expect.any(Number),
      receipt: { calls: 1, cacheHits: 0 },
      calls: [{ action: 'GetPackageJob', requestId: gateway.emulator.requests[0]?.requestId }],
    });
    expect(line).not.toContain(id);
  });
});
