import { describe, expect, test } from 'vitest';
import type { Emulator, FaultRule } from '../../src/emulator/server.ts';
import { isWholeReply, rawExchange, signV3Request, toBytes } from './support/client.ts';
import type { RawResult } from './support/client.ts';
import { fixtures } from './support/fixtures.ts';
import type { EmulatorFixtures, TestClock } from './support/fixtures.ts';

const it = test.extend<EmulatorFixtures>(fixtures);

const SUBMISSION = {
  Inputs: '[{"Input":{"Type":"OSS","Media":"oss://bucket/a.mp4"}}]',
  Output: '{"Type":"OSS","Media":"oss://bucket/a.m3u8"}',
};

/** Sends ListPackageJobs on its own connection and returns the raw response. */
function rawList(
  { emulator, clock }: { emulator: Emulator; clock: TestClock },
  until: (received: string) => boolean = isWholeReply,
): Promise<RawResult> {
  const signed = signV3Request('ListPackageJobs', {}, { ...emulator, at: clock.now });
  return rawExchange(emulator.endpoint, toBytes(signed), until);
}

function hasBodyStarted(received: string): boolean {
  return received.includes('"RequestId"');
}

describe('a response fault', () => {
  it.for([
    [{ kind: 'status', status: 503 }, 503, 'ServiceUnavailable'],
    [{ kind: 'status', status: 500 }, 500, 'InternalError'],
    [{ kind: 'status', status: 502 }, 502, 'InternalError'],
    [{ kind: 'status', status: 400, code: 'Throttling.Api' }, 400, 'Throttling.Api'],
    [{ kind: 'status', status: 200, code: 'Odd', message: 'Odd.' }, 200, 'Odd'],
    [{ kind: 'throttle' }, 400, 'Throttling.User'],
    [{ kind: 'throttle', code: 'RequestsTooFrequent' }, 403, 'RequestsTooFrequent'],
    [{ kind: 'throttle', status: 429 }, 429, 'Throttling.User'],
  ] as const)('%j gives %i %s', async ([fault, status, code], { emulator, call }) => {
    emulator.faults.add(fault);
    expect(await call('ListPackageJobs')).toMatchObject({ status, json: { Code: code } });
  });

  it('has the body that the fault names', async ({ emulator, call }) => {
    const bodies = ['json', 'xml', 'html', 'empty'] as const;
    emulator.faults.add(...bodies.map((body) => ({ kind: 'status', status: 502, body }) as const));
    const replies = [
      await call('ListPackageJobs'),
      await call('ListPackageJobs'),
      await call('ListPackageJobs'),
      await call('ListPackageJobs'),
    ];
    expect(replies.map(({ status }) => status)).toEqual([502, 502, 502, 502]);
    expect(replies.map(({ headers }) => headers['content-type'])).toEqual([
      'application/json;charset=utf-8',
      'text/xml;charset=utf-8',
      'text/html;charset=utf-8',
      undefined,
    ]);
    expect(replies[1]?.text).toContain('<Code>InternalError</Code>');
    expect(replies[3]?.text).toBe('');
  });

  it('has the time until a retry in milliseconds, unless it is null', async ({ emulator, call }) => {
    emulator.faults.add({ kind: 'throttle', retryAfterMs: 80 }, { kind: 'throttle', retryAfterMs: null });
    expect((await call('ListPackageJobs')).headers['x-acs-retry-after']).toBe('80');
    expect((await call('ListPackageJobs')).headers).not.toHaveProperty('x-acs-retry-after');
  });

  it('can be a page of HTML with status 200', async ({ emulator, call }) => {
    emulator.faults.add({ kind: 'html' });
    const { status, headers, text } = await call('ListPackageJobs');
    expect([status, headers['content-type']]).toEqual([200, 'text/html;charset=utf-8']);
    expect(text).toMatch(/^<!DOCTYPE html>/);
  });

  it('can be 2 MiB of JSON, or the given size', async ({ emulator, call }) => {
    emulator.faults.add({ kind: 'oversize' }, { kind: 'oversize', bytes: 3_000_000 });
    for (const bytes of [2 * 1024 * 1024, 3_000_000]) {
      const { text, json } = await call('ListPackageJobs');
      expect(text.length).toBeGreaterThanOrEqual(bytes);
      expect(json).toHaveProperty('RequestId');
    }
  });

  it('can be any body', async ({ emulator, call }) => {
    emulator.faults.add(
      { kind: 'body', body: '[1' },
      { kind: 'body', body: 'a', status: 201, contentType: 'text/plain' },
    );
    expect(await call('ListPackageJobs')).toMatchObject({ status: 200, text: '[1' });
    const { status, headers, text } = await call('ListPackageJobs');
    expect([status, headers['content-type'], text]).toEqual([201, 'text/plain', 'a']);
  });

  it('does not run the action', async ({ emulator, call }) => {
    emulator.faults.add({ kind: 'status', status: 500 });
    await call('SubmitPackageJob', SUBMISSION);
    expect(emulator.jobs.size).toBe(0);
  });
});

describe('a delivery fault', () => {
  it.for<[fault: FaultRule, received: RegExp, ending: RawResult['ending'], status: number | undefined]>([
    [{ kind: 'reset', when: 'before-headers' }, /^$/, 'reset', undefined],
    [{ kind: 'reset', when: 'after-headers' }, /^HTTP\/1\.1 200 OK\r\n[^{]*\r\n\r\n$/, 'reset', 200],
    [{ kind: 'reset', when: 'mid-body' }, /\r\n\r\n\{"RequestId":"[^}]*$/, 'reset', 200],
    [{ kind: 'truncate' }, /\r\n\r\n\{"RequestId":"[^}]*$/, 'end', 200],
    [{ kind: 'garbage', what: 'not-http' }, /^SSH-2\.0/, 'end', undefined],
    [{ kind: 'garbage', what: 'not-json' }, /application\/json[^{]*\r\n\r\n\{"RequestId": oops/, 'open', 200],
  ])('%j', async ([fault, expected, ending, status], { emulator, clock }) => {
    emulator.faults.add(fault);
    const result = await rawList({ emulator, clock });
    expect(result.received).toMatch(expected);
    expect(result.ending).toBe(ending);
    await expect.poll(() => emulator.requests[0]?.status).toBe(status);
  });

  it('keeps the connection open in the middle of a body', async ({ emulator, clock }) => {
    emulator.faults.add({ kind: 'hang', when: 'mid-body' });
    const { received, ending } = await rawList({ emulator, clock }, hasBodyStarted);
    expect(ending).toBe('open');
    expect(isWholeReply(received)).toBe(false);
  });

  it('keeps the connection open without a response until the emulator closes', async ({
    emulator,
    clock,
  }) => {
    emulator.faults.add({ kind: 'hang', when: 'before-headers' });
    const hanging = rawList({ emulator, clock });
    await expect.poll(() => emulator.faults.list()).toEqual([]);
    await emulator.close();
    expect((await hanging).received).toBe('');
  });

  it.for<FaultRule>([{ kind: 'reset', when: 'before-headers' }, { kind: 'truncate' }])(
    '%j still creates the submitted job',
    async (fault, { emulator, call }) => {
      emulator.faults.add(fault);
      await expect(call('SubmitPackageJob', SUBMISSION)).rejects.toThrow();
      expect(emulator.jobs.size).toBe(1);
    },
  );
});

describe('a modifier fault', () => {
  it('delays the response', async ({ emulator, call }) => {
    emulator.faults.add({ kind: 'delay', delayMs: 30 });
    const before = performance.now();
    expect((await call('ListPackageJobs')).status).toBe(200);
    // Timers may fire a millisecond early.
    expect(performance.now() - before).toBeGreaterThan(28);
  });

  it('holds as many responses back as it is told to, until they are released', async ({ emulator, call }) => {
    const release = emulator.faults.hold({ action: 'GetPackageJob', times: 2 });
    const id = emulator.jobs.add({ finishTime: Infinity });
    const held = [call('GetPackageJob', { JobId: id }), call('GetPackageJob', { JobId: id })];
    await expect.poll(() => emulator.countRequests()).toBe(2);
    emulator.jobs.finish(id);
    for (const action of ['GetPackageJob', 'ListPackageJobs'] as const) {
      expect((await call(action, { JobId: id })).text).toContain('Success');
    }
    release();
    for (const { text } of await Promise.all(held)) expect(text).toContain('Init');
    // Later requests are not held.
    expect((await call('GetPackageJob', { JobId: id })).status).toBe(200);
  });

  it('shifts the clock of admission', async ({ emulator, call }) => {
    emulator.faults.add(
      { kind: 'clockSkew', skewMs: 16 * 60_000 },
      { kind: 'clockSkew', skewMs: -16 * 60_000 },
    );
    for (let index = 0; index < 2; index += 1) {
      expect((await call('ListPackageJobs')).json).toMatchObject({ Code: 'InvalidTimeStamp.Expired' });
    }
    expect((await call('ListPackageJobs')).status).toBe(200);
  });

  it('makes lists show an earlier state, while GetPackageJob shows the current one', async ({
    emulator,
    call,
    clock,
  }) => {
    emulator.jobs.add({ jobId: 'running', finishTime: Infinity });
    clock.now += 60_000;
    emulator.jobs.finish('running');
    emulator.jobs.add({ jobId: 'new' });
    emulator.faults.add({ kind: 'listLag', lagMs: 5_000, times: 'always' });
    expect((await call('ListPackageJobs')).json).toMatchObject({
      PackageJobList: { PackageJobs: [{ JobId: 'running', Status: 'Init' }] },
    });
    expect((await call('GetPackageJob', { JobId: 'running' })).json).toMatchObject({
      PackageJob: { Status: 'Success' },
    });
    clock.now += 5_000;
    expect((await call('ListPackageJobs', { Status: 'Success' })).json).toMatchObject({
      PackageJobList: { PackageJobs: [{ JobId: 'running' }] },
    });
  });

  it('replaces members of one job, in both read actions', async ({ emulator, call }) => {
    for (const jobId of ['a', 'b']) emulator.jobs.add({ jobId });
    emulator.faults.add({ kind: 'patch', jobId: 'a', patch: { Priority: 'high', Inputs: null }, times: 2 });
    const patched = { JobId: 'a', Priority: 'high', Inputs: null };
    expect((await call('GetPackageJob', { JobId: 'b' })).json).toMatchObject({ PackageJob: { Priority: 6 } });
    expect((await call('GetPackageJob', { JobId: 'a' })).json).toMatchObject({ PackageJob: patched });
    expect((await call('ListPackageJobs')).json).toMatchObject({
      PackageJobList: { PackageJobs: [{ JobId: 'b', Priority: 6 }, patched] },
    });
    expect(emulator.faults.list()).toEqual([]);
  });

  it('combines with a fault that decides the outcome', async ({ emulator, call }) => {
    emulator.faults.add({ kind: 'delay', delayMs: 1 }, { kind: 'status', status: 503 });
    expect((await call('ListPackageJobs')).status).toBe(503);
    expect(emulator.faults.list()).toEqual([]);
  });
});

describe('FaultInjector', () => {
  it('uses faults in the order they were added, one per request, `times` times', async ({
    emulator,
    call,
  }) => {
    emulator.faults.add({ kind: 'status', status: 500, times: 2 }, { kind: 'status', status: 503 });
    const statuses: number[] = [];
    for (let index = 0; index < 4; index += 1) statuses.push((await call('ListPackageJobs')).status);
    expect(statuses).toEqual([500, 500, 503, 200]);
  });

  it('applies only to the action and the job that the fault names', async ({ emulator, call }) => {
    emulator.jobs.add({ jobId: 'a' });
    emulator.faults.add({ kind: 'status', status: 500, action: 'GetPackageJob', jobId: 'a' });
    expect((await call('ListPackageJobs', { JobId: 'a' })).status).toBe(200);
    expect((await call('GetPackageJob', { JobId: 'b' })).status).toBe(404);
    expect((await call('GetPackageJob', { JobId: 'a' })).status).toBe(500);
  });

  it('keeps a fault with `always` until it is cleared', async ({ emulator, call }) => {
    emulator.faults.add({ kind: 'status', status: 500, times: 'always' });
    for (let index = 0; index < 3; index += 1) expect((await call('ListPackageJobs')).status).toBe(500);
    expect(emulator.faults.list()).toEqual([{ kind: 'status', status: 500, times: 'always' }]);
    emulator.faults.clear();
    expect((await call('ListPackageJobs')).status).toBe(200);
  });

  it('does not use up a fault on a request that is not admitted', async ({ emulator, call }) => {
    emulator.faults.add({ kind: 'status', status: 500 });
    expect((await call('ListPackageJobs', {}, { at: 0 })).status).toBe(400);
    expect(emulator.faults.list()).toEqual([{ kind: 'status', status: 500, times: 1 }]);
  });

  it.for([0, -1, 1.5, Number.NaN])('refuses the number of times %d', (times, { emulator }) => {
    expect(() => emulator.faults.add({ kind: 'truncate', times })).toThrow(RangeError);
  });
});
