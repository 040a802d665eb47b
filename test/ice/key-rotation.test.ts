import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import type { Fault } from '../../src/emulator/faults.ts';
import type { Emulator, EmulatorCredentials } from '../../src/emulator/server.ts';
import type { CallRecord } from '../../src/ice/client.ts';
import type { IceSubmission } from '../../src/ice/submission.ts';
import { connectUpstream } from '../../src/upstream.ts';
import { createEvents } from '../support/events.ts';
import { makeFolder } from '../support/folder.ts';
import { it } from '../support/it.ts';
import { serve } from '../support/loopback.ts';

const LIMITS = { attemptTimeoutMs: 2000, callsPerSecond: 10_000, maxConcurrency: 100 };
const OLD = { accessKeyId: 'example-access-key-old1', accessKeySecret: 'not-a-real-secret' };
const NEW = { accessKeyId: 'example-access-key-new1', accessKeySecret: 'not-a-real-secret-2' };

/** A client whose keys stand in a file of the CLI, which the test rewrites. */
function connect(emulator: Emulator, keys: EmulatorCredentials, now: () => number = Date.now) {
  const cliFile = join(makeFolder(), 'config.json');
  const events = createEvents().ice;
  const write = ({ accessKeyId, accessKeySecret, securityToken }: EmulatorCredentials) => {
    const mode =
      securityToken === undefined ? { mode: 'AK' } : { mode: 'StsToken', sts_token: securityToken };
    const members = { ...mode, access_key_id: accessKeyId, access_key_secret: accessKeySecret };
    writeFileSync(cliFile, JSON.stringify({ current: 'main', profiles: [{ name: 'main', ...members }] }));
  };
  write(keys);
  const upstream = { endpoint: new URL(emulator.endpoint), credentials: undefined, keySettings: { cliFile } };
  const lookUps: string[] = [];
  events.on('keysFound', ({ id }) => lookUps.push(id));
  const corrections: number[] = [];
  events.on('clockCorrected', (differenceMs) => corrections.push(differenceMs));
  const ice = connectUpstream(upstream, LIMITS, events, now);
  const context = { signal: new AbortController().signal, client: '', turnKey: {}, onCall: () => undefined };
  return { ice, write, lookUps, corrections, read: (id: string) => ice.getPackageJob(id, context), context };
}

/** Makes 100 reads a second and tells when any failed. `steps` are taken before the reads of these numbers. */
async function readOften(
  read: (id: string) => Promise<unknown>,
  emulator: Emulator,
  count: number,
  steps: Readonly<Record<number, () => void>>,
): Promise<number[]> {
  const id = emulator.jobs.add();
  const startedAt = performance.now();
  const failedAt: number[] = [];
  const reads: Promise<unknown>[] = [];
  for (let number = 0; number < count; number += 1) {
    await pause(Math.max(0, startedAt + 10 * number - performance.now()));
    steps[number]?.();
    reads.push(read(id).catch(() => failedAt.push(performance.now())));
  }
  await Promise.all(reads);
  return failedAt;
}

const MEDIA = { type: 'OSS', media: 'oss://bucket/a.mp4' } as const;
const SUBMISSION: IceSubmission = {
  inputs: [MEDIA],
  output: MEDIA,
  name: null,
  pipelineId: null,
  priority: null,
  userData: null,
};

describe('a key that is replaced', () => {
  it('fails no read for longer than 2 s under 100 reads a second, for a handful of calls more', async ({
    emulator,
  }) => {
    emulator.setCredentials([OLD]);
    const { ice, write, read, lookUps } = connect(emulator, OLD);
    const failedAt = await readOften(read, emulator, 200, {
      60: () => write(NEW),
      80: () => emulator.setCredentials([{ ...OLD, refusal: 'InvalidAccessKeyId.Inactive' }, NEW]),
    });
    ice.close();
    const spanMs = (failedAt.at(-1) ?? 0) - (failedAt[0] ?? 0);
    expect(spanMs).toBeLessThan(2000);
    expect(failedAt.length).toBeLessThan(10);
    expect(emulator.countRequests()).toBeLessThan(200 + 20);
    expect(lookUps).toEqual(['old1', 'new1']);
  });

  it.for([
    ['InvalidAccessKeyId.Inactive', [{ ...OLD, refusal: 'InvalidAccessKeyId.Inactive' as const }, NEW]],
    ['InvalidAccessKeyId.NotFound', [NEW]],
  ] as const)(
    'fails reads up to a second after its file is rewritten, where it is refused before that: %s',
    async ([, keys], { emulator }) => {
      emulator.setCredentials([OLD]);
      const { ice, write, read, lookUps } = connect(emulator, OLD);
      let rewrittenAt = Infinity;
      const failedAt = await readOften(read, emulator, 170, {
        20: () => emulator.setCredentials(keys),
        50() {
          write(NEW);
          rewrittenAt = performance.now();
        },
      });
      ice.close();
      // The key was refused for 300 ms already.
      expect(failedAt.length).toBeGreaterThan(20);
      expect((failedAt.at(-1) ?? 0) - rewrittenAt).toBeLessThan(1200);
      expect(emulator.countRequests()).toBeLessThan(170 + 20);
      // One look-up a second, however many reads fail.
      expect(lookUps).toEqual(['old1', 'old1', 'new1']);
    },
  );

  it.for([
    ['InvalidAccessKeyId.Inactive', [{ ...OLD, refusal: 'InvalidAccessKeyId.Inactive' as const }, NEW]],
    ['InvalidSecurityToken.Expired', [{ ...OLD, refusal: 'InvalidSecurityToken.Expired' as const }, NEW]],
    ['InvalidAccessKeyId.NotFound', [NEW]],
    ['SignatureDoesNotMatch', [{ ...OLD, accessKeySecret: 'another' }, NEW]],
    ['MissingSecurityToken', [{ ...OLD, securityToken: 'token' }, NEW]],
  ] as const)('is looked up after %s, and the read is repeated once', async ([, keys], { emulator }) => {
    emulator.setCredentials([OLD]);
    const { ice, write, read } = connect(emulator, OLD);
    await read('j1');
    write(NEW);
    emulator.setCredentials(keys);
    emulator.resetRequests();
    await expect(read('j1')).resolves.toMatchObject({ value: null });
    expect(emulator.countRequests()).toBe(2);
    ice.close();
  });

  it('is got from its service under 100 reads a second when ICE says that its token has expired', async ({
    emulator,
  }) => {
    const events = createEvents().ice;
    const keySettings = { uri: `${emulator.endpoint}/credentials`, isInstanceRoleOff: true };
    const upstream = { endpoint: new URL(emulator.endpoint), credentials: undefined, keySettings };
    const ice = connectUpstream(upstream, LIMITS, events, Date.now);
    const context = {
      signal: new AbortController().signal,
      client: '',
      turnKey: {},
      onCall: () => undefined,
    };
    const read = (id: string) => ice.getPackageJob(id, context);
    await read('j1');
    const authorization = String(emulator.requests.at(-1)?.headers.authorization);
    const [, accessKeyId = ''] = /Credential=([^,]+)/.exec(authorization) ?? [];
    emulator.resetRequests();
    const failedAt = await readOften(read, emulator, 100, {
      40: () => emulator.refuseKey(accessKeyId, 'InvalidSecurityToken.Expired'),
    });
    ice.close();
    expect(failedAt).toEqual([]);
    expect(emulator.countRequests()).toBeLessThan(100 + 20);
    const signers = new Set(
      emulator.requests.map(({ headers }) => /Credential=[^,]+/.exec(String(headers.authorization))?.[0]),
    );
    expect(signers.size).toBe(2);
  });

  it('that is wrong in its file too is no storm', async ({ emulator }) => {
    emulator.setCredentials([NEW]);
    const { ice, read, lookUps } = connect(emulator, OLD);
    const results = await Promise.allSettled(Array.from({ length: 50 }, () => read('j1')));
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    expect(emulator.countRequests()).toBe(50);
    expect(lookUps.length).toBeLessThanOrEqual(2);
    ice.close();
  });

  it.for([
    ['InvalidAccessKeyId.Inactive', [{ ...OLD, refusal: 'InvalidAccessKeyId.Inactive' as const }, NEW]],
    ['InvalidSecurityToken.Expired', [{ ...OLD, refusal: 'InvalidSecurityToken.Expired' as const }, NEW]],
    ['InvalidAccessKeyId.NotFound', [NEW]],
    ['SignatureDoesNotMatch', [{ ...OLD, accessKeySecret: 'another' }, NEW]],
  ] as const)(
    'is looked up after %s, and the submission is repeated once',
    async ([, keys], { emulator }) => {
      emulator.setCredentials([OLD]);
      const { ice, write, read, context } = connect(emulator, OLD);
      await read('j1');
      write(NEW);
      emulator.setCredentials(keys);
      emulator.resetRequests();
      const attempts: [number, string | undefined][] = [];
      const onCall = ({ attempt, error }: CallRecord) => void attempts.push([attempt, error]);
      const { value } = await ice.submitPackageJob(SUBMISSION, { ...context, onCall });
      expect(emulator.jobs.get(value)).toBeDefined();
      expect(emulator.jobs.size).toBe(1);
      expect(attempts).toEqual([
        [1, expect.any(String)],
        [2, undefined],
      ]);
      expect(emulator.countRequests()).toBe(2);
      ice.close();
    },
  );

  it.for([
    ['not without another key', OLD, 1],
    ['once with another key that is wrong too', NEW, 2],
  ] as const)('has a submission repeated %s', async ([, keys, calls], { emulator }) => {
    emulator.setCredentials([OLD]);
    const { ice, write, read, context } = connect(emulator, OLD);
    await read('j1');
    write(keys);
    emulator.setCredentials([
      { accessKeyId: 'example-access-key-3', accessKeySecret: 'not-a-real-secret-3' },
    ]);
    emulator.resetRequests();
    await expect(ice.submitPackageJob(SUBMISSION, context)).rejects.toMatchObject({
      code: 'UPSTREAM_REJECTED',
      details: { action: 'SubmitPackageJob', upstreamCode: 'InvalidAccessKeyId.NotFound' },
    });
    expect(emulator.countRequests()).toBe(calls);
    expect(emulator.jobs.size).toBe(0);
    ice.close();
  });

  it.for<Fault>([
    { kind: 'status', status: 500, code: 'InvalidAccessKeyId.Inactive' },
    { kind: 'status', status: 400, code: 'SignatureNonceUsed' },
    { kind: 'reset', when: 'before-headers' },
  ])('does not repeat a submission that ICE may have taken: %j', async (fault, { emulator }) => {
    emulator.setCredentials([OLD, NEW]);
    const { ice, write, read, context } = connect(emulator, OLD);
    await read('j1');
    write(NEW);
    emulator.resetRequests();
    emulator.faults.add(fault);
    await expect(ice.submitPackageJob(SUBMISSION, context)).rejects.toMatchObject({
      code: 'UPSTREAM_TIMEOUT',
      details: { isOutcomeUnknown: true },
    });
    expect(emulator.countRequests()).toBe(1);
    ice.close();
  });
});

describe('a clock that is off', () => {
  it.for([20, -20, 5 * 60, -5 * 60, 16])(
    'by %i minutes is corrected once, however many calls there are',
    async (minutes, { emulator }) => {
      emulator.setCredentials([OLD]);
      const { ice, read, corrections } = connect(emulator, OLD, () => Date.now() + minutes * 60_000);
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, (_, index) => read(`j${String(index)}`)),
      );
      expect(results.every(({ status }) => status === 'fulfilled')).toBe(true);
      for (let call = 0; call < 5; call += 1) await read('j1');
      expect(corrections).toHaveLength(1);
      expect(emulator.countRequests()).toBeLessThanOrEqual(45);
      ice.close();
    },
  );

  it("fails no submission, which is repeated once by ICE's date", async ({ emulator }) => {
    emulator.setCredentials([OLD]);
    const { ice, context } = connect(emulator, OLD, () => Date.now() + 60 * 60_000);
    const { value } = await ice.submitPackageJob(SUBMISSION, context);
    expect(emulator.jobs.get(value)).toBeDefined();
    expect(emulator.jobs.size).toBe(1);
    expect(emulator.countRequests()).toBe(2);
    ice.close();
  });

  it('is corrected again when it moves while the gateway runs', async ({ emulator }) => {
    emulator.setCredentials([OLD]);
    const off = { minutes: 0 };
    const { ice, read, corrections } = connect(emulator, OLD, () => Date.now() + off.minutes * 60_000);
    for (const minutes of [0, 180, -180, 0]) {
      off.minutes = minutes;
      for (let call = 0; call < 3; call += 1) await read('j1');
    }
    expect(corrections.map((differenceMs) => Math.round(differenceMs / 60_000))).toEqual([-180, 180, 0]);
    ice.close();
  });
});

describe('a source of keys that hangs', () => {
  it('stalls no call longer than the limit of a call', async ({ emulator }) => {
    const silent = await serve(() => undefined);
    const events = createEvents().ice;
    const keySettings = { uri: `http://127.0.0.1:${String(silent.port)}/`, isInstanceRoleOff: true };
    const upstream = { endpoint: new URL(emulator.endpoint), credentials: undefined, keySettings };
    const ice = connectUpstream(upstream, { ...LIMITS, attemptTimeoutMs: 300 }, events, Date.now);
    const startedAt = performance.now();
    const calls = Array.from({ length: 20 }, () =>
      ice.getPackageJob('j1', {
        signal: new AbortController().signal,
        client: '',
        turnKey: {},
        onCall: () => undefined,
      }),
    );
    for (const call of calls) {
      await expect(call).rejects.toMatchObject({
        code: 'UPSTREAM_TIMEOUT',
        details: { action: 'Credentials' },
      });
    }
    expect(performance.now() - startedAt).toBeLessThan(2000);
    // Nobody takes ICE for down because of it.
    expect(ice.state.GetPackageJob.breaker).toBe('closed');
    ice.close();
    await silent.close();
  });
});
