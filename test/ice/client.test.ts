import { describe, expect } from 'vitest';
import type { Fault } from '../../src/emulator/server.ts';
import { createIceClient, type CallRecord } from '../../src/ice/client.ts';
import { staticCredentials } from '../../src/ice/credentials.ts';
import { IceError } from '../../src/ice/errors.ts';
import { it } from '../support/it.ts';
import { createEvents } from '../support/events.ts';

const failure = (result: Promise<unknown>): Promise<IceError> =>
  result.then(
    () => expect.unreachable('the call succeeded'),
    (error: unknown) => (error instanceof IceError ? error : expect.unreachable(String(error))),
  );

describe('getPackageJob', () => {
  it('reads a job', async ({ emulator, client }) => {
    const id = emulator.jobs.add({ name: 'trailer', finishTime: 0 });
    await expect(client.ice.getPackageJob(id, client.context)).resolves.toMatchObject({
      value: { id, name: 'trailer', status: 'SUCCESS' },
    });
  });

  it.for(['JobNotFound', 'ResourceNotFound', 'InvalidParameter.ResourceNotFound', 'absent'] as const)(
    'resolves to null for a job ICE does not know, told as %s',
    async (answer, { emulator, client }) => {
      emulator.jobs.unknownJob = answer;
      await expect(client.ice.getPackageJob('missing', client.context)).resolves.toMatchObject({
        value: null,
      });
      expect(emulator.countRequests()).toBe(1);
    },
  );

  it.for<[Fault, string]>([
    [{ kind: 'status', status: 500 }, 'UPSTREAM_UNAVAILABLE'],
    [{ kind: 'status', status: 503, body: 'xml' }, 'UPSTREAM_UNAVAILABLE'],
    [{ kind: 'status', status: 502, body: 'html' }, 'UPSTREAM_UNAVAILABLE'],
    [{ kind: 'status', status: 504, body: 'empty' }, 'UPSTREAM_UNAVAILABLE'],
    [{ kind: 'status', status: 403, code: 'Forbidden.RAM' }, 'UPSTREAM_REJECTED'],
    [{ kind: 'status', status: 404, code: 'InvalidAccessKeyId.NotFound' }, 'UPSTREAM_REJECTED'],
    [{ kind: 'status', status: 404, body: 'html' }, 'UPSTREAM_REJECTED'],
    [{ kind: 'status', status: 403, code: 'RequestsTooFrequent' }, 'UPSTREAM_THROTTLED'],
    [{ kind: 'status', status: 400, code: 'Throttling.User', body: 'xml' }, 'UPSTREAM_THROTTLED'],
    [{ kind: 'throttle', retryAfterMs: 10 }, 'UPSTREAM_THROTTLED'],
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
  ])(
    'reports %j as %s, after one call or, where another may succeed, three',
    async ([fault, code], { emulator, client }) => {
      emulator.faults.add({ ...fault, times: 'always' });
      const id = emulator.jobs.add();
      const error = await failure(client.ice.getPackageJob(id, client.context));
      expect(error.code).toBe(code);
      expect(emulator.countRequests()).toBe(error.retryable ? 3 : 1);
      const nonces = emulator.requests.map(({ headers }) => headers['x-acs-signature-nonce']);
      expect(new Set(nonces).size).toBe(nonces.length);
      emulator.faults.clear();
      await expect(client.ice.getPackageJob(id, client.context)).resolves.toMatchObject({ value: { id } });
    },
  );

  it('gives the answer of a later attempt, and when that began', async ({ emulator, client }) => {
    emulator.faults.add({ kind: 'status', status: 503 }, { kind: 'reset', when: 'before-headers' });
    const id = emulator.jobs.add();
    const { value, observedAt } = await client.ice.getPackageJob(id, client.context);
    expect(value).toMatchObject({ id });
    expect(emulator.countRequests()).toBe(3);
    expect(observedAt).toBeLessThanOrEqual(emulator.requests[2]?.at ?? 0);
    expect(observedAt).toBeGreaterThanOrEqual(emulator.requests[1]?.at ?? Infinity);
  });

  it('reports an endpoint that nobody listens on', async ({ emulator, client }) => {
    await emulator.close();
    const error = await failure(client.ice.getPackageJob('j1', client.context));
    expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', cause: { message: 'ECONNREFUSED' } });
  });

  it('tells how long ICE asks to wait, and its own code and request id', async ({ emulator, client }) => {
    emulator.faults.add({ kind: 'throttle', retryAfterMs: 150, times: 'always' });
    const { details } = await failure(client.ice.getPackageJob('j1', client.context));
    expect(details).toEqual({
      action: 'GetPackageJob',
      upstreamCode: 'Throttling.User',
      requestId: emulator.requests[2]?.requestId,
      status: 400,
      retryAfterMs: 150,
    });
  });

  it('keeps keys and what ICE echoes of them out of its errors', async ({ emulator, client }) => {
    const ice = createIceClient({
      endpoint: new URL(emulator.endpoint),
      credentials: staticCredentials({ accessKeyId: 'example-access-key', accessKeySecret: 'canary' }),
      timeoutMs: 500,
      callsPerSecond: 10,
      maxConcurrency: 1,
      events: createEvents().ice,
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
      events: createEvents().ice,
    });
    const controller = new AbortController();
    const call = failure(
      ice.getPackageJob('j1', {
        signal: controller.signal,
        client: '',
        turnKey: {},
        onCall: () => undefined,
      }),
    );
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

  it('records each attempt with its request id, and the code of its failure', async ({
    emulator,
    client,
  }) => {
    const records: CallRecord[] = [];
    const context = { ...client.context, onCall: (call: CallRecord) => records.push(call) };
    emulator.faults.add({ kind: 'status', status: 500 });
    await client.ice.getPackageJob(emulator.jobs.add(), context);
    const times = { durationMs: expect.any(Number), queuedMs: expect.any(Number) };
    const [first, second] = emulator.requests.map(({ requestId }) => requestId);
    expect(records).toEqual([
      { action: 'GetPackageJob', ...times, attempt: 1, requestId: first, error: 'InternalError' },
      { action: 'GetPackageJob', ...times, attempt: 2, requestId: second },
    ]);
  });

  it('records no attempt that never began', async ({ emulator, client }) => {
    const records: CallRecord[] = [];
    const onCall = (call: CallRecord) => records.push(call);
    const context = { signal: AbortSignal.abort(), client: '', turnKey: {}, onCall };
    expect((await failure(client.ice.getPackageJob('j1', context))).code).toBe('OVERLOADED');
    expect(records).toEqual([]);
    expect(emulator.countRequests()).toBe(0);
    expect(client.counters).toMatchObject({ overloaded: 1, calls: { GetPackageJob: 0 } });
  });

  it('counts attempts, retries and throttling', async ({ emulator, client }) => {
    emulator.faults.add({ kind: 'throttle', retryAfterMs: 10 });
    await client.ice.getPackageJob(emulator.jobs.add({ statusText: 'Processing' }), client.context);
    expect(client.counters).toMatchObject({
      calls: { GetPackageJob: 2, ListPackageJobs: 0 },
      retries: 1,
      throttled: 1,
      unknownTexts: 1,
    });
    expect(client.ice.state.GetPackageJob).toMatchObject({ breaker: 'closed', queued: 0 });
  });

  it('ends at once between attempts when its signal aborts, with what ICE said', async ({
    emulator,
    client,
  }) => {
    emulator.faults.add({ kind: 'throttle', retryAfterMs: 60_000 });
    const controller = new AbortController();
    const context = { ...client.context, signal: controller.signal };
    const call = failure(client.ice.getPackageJob('j1', context));
    await expect.poll(() => client.ice.state.GetPackageJob.queued).toBe(1);
    await expect.poll(() => emulator.requests[0]?.status).toBe(400);
    controller.abort();
    expect((await call).code).toBe('UPSTREAM_THROTTLED');
    expect(emulator.countRequests()).toBe(1);
  });

  it('spares an ICE that is down further calls, and those already waiting', async ({ emulator, client }) => {
    emulator.faults.add({ kind: 'status', status: 503, times: 'always' });
    const calls = Array.from({ length: 200 }, () => failure(client.ice.getPackageJob('j1', client.context)));
    const codes = new Set((await Promise.all(calls)).map(({ code }) => code));
    expect(codes).toEqual(new Set(['UPSTREAM_UNAVAILABLE']));
    // The tenth failure opens the breaker; what was in flight then has reached the socket.
    expect(emulator.countRequests()).toBeLessThanOrEqual(32 + 10);
    expect(client.ice.state.GetPackageJob.breaker).toBe('open');
    expect(client.counters.breakerOpens).toBe(1);
    const count = emulator.countRequests();
    const refused = await failure(client.ice.getPackageJob('j1', client.context));
    expect(refused.details.upstreamCode).toBeUndefined();
    expect(refused.details.retryAfterMs).toBeGreaterThan(0);
    expect(emulator.countRequests()).toBe(count);
  });

  it('serves again within five seconds of the recovery', async ({ emulator, client }) => {
    emulator.faults.add({ kind: 'status', status: 503, times: 'always' });
    const calls = Array.from({ length: 20 }, () => failure(client.ice.getPackageJob('j1', client.context)));
    await Promise.all(calls);
    emulator.faults.clear();
    const id = emulator.jobs.add();
    const isServed = () =>
      client.ice.getPackageJob(id, client.context).then(
        ({ value }) => value?.id,
        () => null,
      );
    await expect.poll(isServed, { timeout: 5000 }).toBe(id);
    expect(client.ice.state.GetPackageJob.breaker).toBe('closed');
  });

  it('is not taken for down by callers that leave', async ({ emulator, client }) => {
    emulator.faults.add({ kind: 'hang', when: 'before-headers', times: 20 });
    const id = emulator.jobs.add();
    const controller = new AbortController();
    const context = { ...client.context, signal: controller.signal };
    const calls = Array.from({ length: 20 }, () => failure(client.ice.getPackageJob(id, context)));
    await expect.poll(() => emulator.countRequests()).toBe(20);
    controller.abort();
    expect(new Set((await Promise.all(calls)).map(({ code }) => code))).toEqual(
      new Set(['UPSTREAM_TIMEOUT']),
    );
    expect(client.ice.state.GetPackageJob.breaker).toBe('closed');
  });

  it('has room for both actions at full concurrency', async ({ emulator, client: { context } }) => {
    const ice = createIceClient({
      endpoint: new URL(emulator.endpoint),
      credentials: staticCredentials(emulator.credentials),
      timeoutMs: 10_000,
      callsPerSecond: 1000,
      maxConcurrency: 32,
      events: createEvents().ice,
    });
    const release = emulator.faults.hold({ times: 'always' });
    const id = emulator.jobs.add();
    const calls = Array.from({ length: 32 }, () => [
      ice.getPackageJob(id, context),
      ice.listPackageJobs({ orderBy: 'CreateTimeDesc', pageSize: 1 }, context),
    ]);
    await expect.poll(() => emulator.maxConcurrency, { timeout: 10_000 }).toBe(64);
    release();
    await Promise.all(calls.flat());
    ice.close();
    expect(emulator.maxConcurrency).toBe(64);
  });

  it('reports members that ICE does not document and reads the rest', async ({ emulator, client }) => {
    const id = emulator.jobs.add({ statusText: 'Processing' });
    await expect(client.ice.getPackageJob(id, client.context)).resolves.toMatchObject({
      value: { status: 'UNKNOWN', statusRaw: 'Processing' },
    });
    expect(client.violations).toEqual([
      { kind: 'unknown enum text', member: 'PackageJob.Status', text: 'Processing' },
    ]);
  });
});

describe('an answer about another job', () => {
  it('is malformed, unless it masks the id asked for', async ({ emulator, client }) => {
    const id = 'ab4802364a2e49208c99efab82dfa8e8';
    emulator.faults.add({
      kind: 'body',
      body: '{"PackageJob":{"JobId":"ab4802364a2e49208c99efab82df****"}}',
    });
    expect((await client.ice.getPackageJob(id, client.context)).value?.id).toBe(
      'ab4802364a2e49208c99efab82df****',
    );
    emulator.faults.add({ kind: 'body', body: '{"PackageJob":{"JobId":"another"}}', times: 'always' });
    expect((await failure(client.ice.getPackageJob(id, client.context))).code).toBe('UPSTREAM_MALFORMED');
  });
});
