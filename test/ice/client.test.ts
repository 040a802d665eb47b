import { describe, expect } from 'vitest';
import type { FaultRule } from '../../src/emulator/server.ts';
import { createIceClient, type CallRecord } from '../../src/ice/client.ts';
import { staticCredentials } from '../../src/ice/credentials.ts';
import { IceError } from '../../src/ice/errors.ts';
import { it } from '../support/it.ts';

const failure = (result: Promise<unknown>): Promise<IceError> =>
  result.then(
    () => expect.unreachable('the call succeeded'),
    (error: unknown) => (error instanceof IceError ? error : expect.unreachable(String(error))),
  );

describe('getPackageJob', () => {
  it('reads a job', async ({ emulator, client }) => {
    const id = emulator.jobs.add({ name: 'trailer', finishTime: 0 });
    await expect(client.ice.getPackageJob(id, client.context)).resolves.toMatchObject({
      id,
      name: 'trailer',
      status: 'SUCCESS',
    });
  });

  it.for(['JobNotFound', 'ResourceNotFound', 'InvalidParameter.ResourceNotFound', 'absent'] as const)(
    'resolves to null for a job ICE does not know, told as %s',
    async (answer, { emulator, client }) => {
      emulator.jobs.unknownJob = answer;
      await expect(client.ice.getPackageJob('missing', client.context)).resolves.toBeNull();
    },
  );

  it.for<[FaultRule, string]>([
    [{ kind: 'status', status: 500 }, 'UPSTREAM_UNAVAILABLE'],
    [{ kind: 'status', status: 503, body: 'xml' }, 'UPSTREAM_UNAVAILABLE'],
    [{ kind: 'status', status: 502, body: 'html' }, 'UPSTREAM_UNAVAILABLE'],
    [{ kind: 'status', status: 504, body: 'empty' }, 'UPSTREAM_UNAVAILABLE'],
    [{ kind: 'status', status: 403, code: 'Forbidden.RAM' }, 'UPSTREAM_REJECTED'],
    [{ kind: 'status', status: 404, code: 'InvalidAccessKeyId.NotFound' }, 'UPSTREAM_REJECTED'],
    [{ kind: 'status', status: 404, body: 'html' }, 'UPSTREAM_REJECTED'],
    [{ kind: 'status', status: 403, code: 'RequestsTooFrequent' }, 'UPSTREAM_THROTTLED'],
    [{ kind: 'status', status: 400, code: 'Throttling.User', body: 'xml' }, 'UPSTREAM_THROTTLED'],
    [{ kind: 'throttle' }, 'UPSTREAM_THROTTLED'],
    [{ kind: 'html' }, 'UPSTREAM_MALFORMED'],
    [{ kind: 'oversize' }, 'UPSTREAM_MALFORMED'],
    [{ kind: 'garbage', what: 'not-json' }, 'UPSTREAM_MALFORMED'],
    [{ kind: 'body', body: '{"PackageJob":{"JobId":"j1"' }, 'UPSTREAM_MALFORMED'],
    [{ kind: 'body', body: '{"PackageJob":[]}' }, 'UPSTREAM_MALFORMED'],
    [{ kind: 'body', body: '{"Code":"SomethingNew"}' }, 'UPSTREAM_REJECTED'],
    [{ kind: 'garbage', what: 'not-http' }, 'UPSTREAM_UNAVAILABLE'],
    [{ kind: 'reset', when: 'before-headers' }, 'UPSTREAM_UNAVAILABLE'],
    [{ kind: 'reset', when: 'after-headers' }, 'UPSTREAM_UNAVAILABLE'],
    [{ kind: 'reset', when: 'mid-body' }, 'UPSTREAM_UNAVAILABLE'],
    [{ kind: 'truncate' }, 'UPSTREAM_UNAVAILABLE'],
    [{ kind: 'hang', when: 'before-headers' }, 'UPSTREAM_TIMEOUT'],
    [{ kind: 'hang', when: 'mid-body' }, 'UPSTREAM_TIMEOUT'],
  ])('reports %j as %s, after one call', async ([fault, code], { emulator, client }) => {
    emulator.faults.add(fault);
    const id = emulator.jobs.add();
    const error = await failure(client.ice.getPackageJob(id, client.context));
    expect(error.code).toBe(code);
    expect(emulator.countRequests()).toBe(1);
    await expect(client.ice.getPackageJob(id, client.context)).resolves.toMatchObject({ id });
  });

  it('reports an endpoint that nobody listens on', async ({ emulator, client }) => {
    await emulator.close();
    const error = await failure(client.ice.getPackageJob('j1', client.context));
    expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', cause: 'ECONNREFUSED' });
  });

  it('tells how long ICE asks to wait, and its own code and request id', async ({ emulator, client }) => {
    emulator.faults.add({ kind: 'throttle', retryAfterMs: 1500 });
    const { details } = await failure(client.ice.getPackageJob('j1', client.context));
    expect(details).toEqual({
      action: 'GetPackageJob',
      upstreamCode: 'Throttling.User',
      requestId: emulator.requests[0]?.requestId,
      retryAfterMs: 1500,
    });
  });

  it('keeps keys and what ICE echoes of them out of its errors', async ({ emulator, client }) => {
    const ice = createIceClient({
      endpoint: new URL(emulator.endpoint),
      credentials: staticCredentials({ accessKeyId: 'example-access-key', accessKeySecret: 'canary' }),
      timeoutMs: 500,
      callsPerSecond: 10,
      maxConcurrency: 1,
      report: () => undefined,
    });
    const error = await failure(ice.getPackageJob('j1', client.context));
    ice.close();
    expect(error.details.upstreamCode).toBe('SignatureDoesNotMatch');
    expect(JSON.stringify([error, error.message, error.stack, error.cause])).not.toMatch(
      /canary|example-access-key/,
    );
  });

  it('ends when its signal aborts, as a timeout', async ({ emulator, client }) => {
    emulator.faults.add({ kind: 'hang', when: 'before-headers' });
    const controller = new AbortController();
    const id = emulator.jobs.add();
    const call = failure(client.ice.getPackageJob(id, { ...client.context, signal: controller.signal }));
    await expect.poll(() => emulator.countRequests()).toBe(1);
    controller.abort();
    expect((await call).code).toBe('UPSTREAM_TIMEOUT');
  });

  it('ends when its signal aborts while keys are still being looked for', async ({ emulator }) => {
    const ice = createIceClient({
      endpoint: new URL(emulator.endpoint),
      credentials: () => new Promise(() => undefined),
      timeoutMs: 500,
      callsPerSecond: 10,
      maxConcurrency: 1,
      report: () => undefined,
    });
    const controller = new AbortController();
    const call = failure(ice.getPackageJob('j1', { signal: controller.signal, record: () => undefined }));
    controller.abort();
    expect((await call).code).toBe('UPSTREAM_TIMEOUT');
    expect(emulator.countRequests()).toBe(0);
  });

  it('signs every call with a nonce of its own', async ({ emulator, client }) => {
    const id = emulator.jobs.add();
    for (let call = 0; call < 5; call += 1) await client.ice.getPackageJob(id, client.context);
    const nonces = emulator.requests.map(({ headers }) => headers['x-acs-signature-nonce']);
    expect(new Set(nonces).size).toBe(5);
  });

  it('records each call with its request id, and the code of its failure', async ({ emulator, client }) => {
    const records: CallRecord[] = [];
    const context = { ...client.context, record: (call: CallRecord) => records.push(call) };
    const id = emulator.jobs.add();
    await client.ice.getPackageJob(id, context);
    emulator.faults.add({ kind: 'status', status: 500 });
    await failure(client.ice.getPackageJob(id, context));
    expect(records).toEqual([
      { action: 'GetPackageJob', durationMs: expect.any(Number), requestId: emulator.requests[0]?.requestId },
      {
        action: 'GetPackageJob',
        durationMs: expect.any(Number),
        requestId: emulator.requests[1]?.requestId,
        error: 'InternalError',
      },
    ]);
  });

  it('reports members that ICE does not document and reads the rest', async ({ emulator, client }) => {
    const id = emulator.jobs.add({ statusText: 'Processing' });
    await expect(client.ice.getPackageJob(id, client.context)).resolves.toMatchObject({
      status: 'UNKNOWN',
      statusRaw: 'Processing',
    });
    expect(client.oddities).toEqual([
      { kind: 'unknown enum text', member: 'PackageJob.Status', text: 'Processing' },
    ]);
  });
});

describe('listPackageJobs', () => {
  it('reads a page in order, and the token of the next', async ({ emulator, client }) => {
    const ids = [0, 1, 2].map((second) =>
      emulator.jobs.add({ createTime: Date.UTC(2026, 0, 1, 0, 0, second) }),
    );
    const first = await client.ice.listPackageJobs({ orderBy: 'CreateTimeAsc', pageSize: 2 }, client.context);
    expect(first.jobs.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const nextPageToken = first.nextPageToken ?? '';
    const second = await client.ice.listPackageJobs(
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
    emulator.faults.add({ kind: 'body', body: '{"RequestId":"1"}' });
    const error = await failure(
      client.ice.listPackageJobs({ orderBy: 'CreateTimeDesc', pageSize: 1 }, client.context),
    );
    expect(error.code).toBe('UPSTREAM_MALFORMED');
  });
});
