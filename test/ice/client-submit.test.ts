import { describe, expect } from 'vitest';
import type { Fault } from '../../src/emulator/server.ts';
import { createIceClient } from '../../src/ice/client.ts';
import { staticCredentials } from '../../src/ice/credentials.ts';
import { IceError } from '../../src/ice/errors.ts';
import type { IceSubmission } from '../../src/ice/submission.ts';
import { it } from '../support/it.ts';
import { createEvents } from '../support/events.ts';

const SUBMISSION: IceSubmission = {
  inputs: [{ type: 'OSS', media: 'oss://bucket/video.mp4' }],
  output: { type: 'OSS', media: 'oss://bucket/video.m3u8' },
  name: null,
  pipelineId: null,
  priority: null,
  userData: null,
};

const failure = (result: Promise<unknown>): Promise<IceError> =>
  result.then(
    () => expect.unreachable('the call succeeded'),
    (error: unknown) => (error instanceof IceError ? error : expect.unreachable(String(error))),
  );

describe('submitPackageJob', () => {
  it('gives the id of the new job', async ({ emulator, client }) => {
    const { value: id } = await client.ice.submitPackageJob(SUBMISSION, client.context);
    expect(emulator.jobs.get(id)).toMatchObject({ Status: 'Init' });
    expect(client.counters.calls.SubmitPackageJob).toBe(1);
  });

  it('takes no connection that was used before, which ICE might just be closing', async ({
    emulator,
    client,
  }) => {
    for (let call = 0; call < 3; call += 1) await client.ice.submitPackageJob(SUBMISSION, client.context);
    expect(emulator.requests.map(({ headers }) => headers.connection)).toEqual(['close', 'close', 'close']);
  });

  it.for<[Fault, string, number]>([
    [{ kind: 'hang', when: 'before-headers' }, 'UPSTREAM_TIMEOUT', 1],
    [{ kind: 'hang', when: 'mid-body' }, 'UPSTREAM_TIMEOUT', 1],
    [{ kind: 'reset', when: 'before-headers' }, 'UPSTREAM_UNAVAILABLE', 1],
    [{ kind: 'reset', when: 'after-headers' }, 'UPSTREAM_UNAVAILABLE', 1],
    [{ kind: 'reset', when: 'mid-body' }, 'UPSTREAM_UNAVAILABLE', 1],
    [{ kind: 'truncate' }, 'UPSTREAM_UNAVAILABLE', 1],
    [{ kind: 'garbage', what: 'not-http' }, 'UPSTREAM_UNAVAILABLE', 1],
    [{ kind: 'garbage', what: 'not-json' }, 'UPSTREAM_MALFORMED', 1],
    [{ kind: 'status', status: 500 }, 'UPSTREAM_UNAVAILABLE', 0],
    [{ kind: 'status', status: 503, body: 'xml' }, 'UPSTREAM_UNAVAILABLE', 0],
    [{ kind: 'status', status: 502, body: 'html' }, 'UPSTREAM_UNAVAILABLE', 0],
    [{ kind: 'status', status: 408, body: 'empty' }, 'UPSTREAM_TIMEOUT', 0],
    [{ kind: 'html' }, 'UPSTREAM_MALFORMED', 0],
    [{ kind: 'oversize' }, 'UPSTREAM_MALFORMED', 0],
    [{ kind: 'body', body: '{"RequestId":"A-1"}' }, 'UPSTREAM_MALFORMED', 0],
    [{ kind: 'body', body: '{"JobId":true}' }, 'UPSTREAM_MALFORMED', 0],
    [{ kind: 'body', body: '{"JobId":"two words"}' }, 'UPSTREAM_MALFORMED', 0],
  ])(
    'is sent once and tells nothing of the outcome after %j, which is %s',
    async ([fault, cause, jobs], { emulator, client }) => {
      emulator.faults.add({ ...fault, times: 'always' });
      const error = await failure(client.ice.submitPackageJob(SUBMISSION, client.context));
      expect(error).toMatchObject({
        code: 'UPSTREAM_TIMEOUT',
        retryable: false,
        details: { action: 'SubmitPackageJob', isOutcomeUnknown: true },
        cause: { code: cause },
      });
      expect(emulator.countRequests()).toBe(1);
      expect(emulator.jobs.size).toBe(jobs);
    },
  );

  it.for<[Fault, string, boolean]>([
    [{ kind: 'throttle', retryAfterMs: 70 }, 'UPSTREAM_THROTTLED', true],
    [{ kind: 'throttle', code: 'RequestsTooFrequent', status: 403 }, 'UPSTREAM_THROTTLED', true],
    [{ kind: 'status', status: 403, code: 'Forbidden.RAM' }, 'UPSTREAM_REJECTED', false],
    [{ kind: 'status', status: 400, code: 'InvalidParameter' }, 'UPSTREAM_REJECTED', false],
  ])('is sent once and refused after %j: %s', async ([fault, code, retryable], { emulator, client }) => {
    emulator.faults.add(fault);
    const error = await failure(client.ice.submitPackageJob(SUBMISSION, client.context));
    expect(error).toMatchObject({ code, retryable });
    expect(error.details).not.toHaveProperty('isOutcomeUnknown');
    expect(emulator.countRequests()).toBe(1);
  });

  it('may be tried again when there was no connection to send it on', async ({ emulator, client }) => {
    await emulator.close();
    const error = await failure(client.ice.submitPackageJob(SUBMISSION, client.context));
    expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: true });
  });

  it('may be tried again when ICE counted as down', async ({ emulator, client }) => {
    emulator.faults.add({ kind: 'status', status: 503, times: 10 });
    const submit = () => failure(client.ice.submitPackageJob(SUBMISSION, client.context));
    for (let call = 0; call < 10; call += 1) expect((await submit()).retryable).toBe(false);
    expect(await submit()).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: true });
    expect(emulator.countRequests()).toBe(10);
    // Reads have a breaker of their own.
    await expect(client.ice.getPackageJob('missing', client.context)).resolves.toMatchObject({ value: null });
  });

  it('may be tried again when there were no keys in time', async ({ emulator, client }) => {
    const ice = createIceClient({
      endpoint: new URL(emulator.endpoint),
      credentials: () => new Promise(() => undefined),
      timeoutMs: 500,
      callsPerSecond: 10,
      maxConcurrency: 1,
      events: createEvents().ice,
    });
    const controller = new AbortController();
    const call = failure(ice.submitPackageJob(SUBMISSION, { ...client.context, signal: controller.signal }));
    controller.abort();
    expect(await call).toMatchObject({ code: 'UPSTREAM_TIMEOUT', retryable: true });
    ice.close();
    expect(emulator.countRequests()).toBe(0);
  });

  it('goes on when its caller leaves after it was sent', async ({ emulator, client }) => {
    const release = emulator.faults.hold();
    const controller = new AbortController();
    const call = client.ice.submitPackageJob(SUBMISSION, { ...client.context, signal: controller.signal });
    await expect.poll(() => emulator.countRequests()).toBe(1);
    controller.abort();
    release();
    const { value: id } = await call;
    expect(emulator.jobs.get(id)).toBeDefined();
  });

  it('is never sent when its caller leaves before its turn', async ({ emulator, client }) => {
    const ice = createIceClient({
      endpoint: new URL(emulator.endpoint),
      credentials: staticCredentials(emulator.credentials),
      timeoutMs: 500,
      callsPerSecond: 10,
      maxConcurrency: 1,
      events: createEvents().ice,
    });
    const release = emulator.faults.hold();
    const first = ice.submitPackageJob(SUBMISSION, client.context);
    const controller = new AbortController();
    const second = failure(
      ice.submitPackageJob(SUBMISSION, { ...client.context, signal: controller.signal }),
    );
    await expect.poll(() => ice.state.SubmitPackageJob.queued).toBe(1);
    controller.abort();
    expect(await second).toMatchObject({ code: 'OVERLOADED', retryable: true });
    release();
    await first;
    ice.close();
    expect(emulator.countRequests()).toBe(1);
  });
});
