import { describe, expect, it } from 'vitest';
import { startEmulator, type FaultRule } from '../src/emulator/server.ts';
import { examine } from '../src/examine.ts';
import { run } from './support/process.ts';

const SECRET = 'canary-that-must-not-be-written';

/** What a person reads who asks whether the account works. */
async function lookAt(env: Record<string, string>) {
  const lines: string[] = [];
  const isWell = await examine({ HOME: '/nowhere', ...env }, (what, finding) =>
    lines.push(`${what} ${finding}`),
  );
  return { code: isWell ? 0 : 1, text: lines.join('\n') };
}

describe('examine', () => {
  it.for<[string, FaultRule[], Record<string, string>, RegExp[], number]>([
    [
      'all is well',
      [],
      {},
      [
        /Key +environment, id ends with abcd/,
        /List +ice:ListPackageJobs works/,
        /Get +ice:GetPackageJob works/,
      ],
      0,
    ],
    [
      'a right is missing',
      [{ kind: 'status', status: 403, code: 'Forbidden.RAM', action: 'ListPackageJobs' }],
      {},
      [
        /List +ListPackageJobs failed \(Forbidden\.RAM\).* ice:ListPackageJobs/,
        /Get +ice:GetPackageJob works/,
      ],
      1,
    ],
    [
      'the key is wrong',
      [],
      { ALIBABA_CLOUD_ACCESS_KEY_SECRET: SECRET },
      [/SignatureDoesNotMatch.*refused the key/],
      1,
    ],
    [
      'the clock is off',
      [{ kind: 'clockSkew', skewMs: 20 * 60_000, times: 'always' }],
      {},
      [/Clock +.* is 20 min behind that of ICE/, /ListPackageJobs works/],
      0,
    ],
    [
      'ICE is not activated',
      [{ kind: 'status', status: 403, code: 'OperationDenied' }],
      {},
      [/not activated/],
      1,
    ],
    [
      'a variable is misspelt',
      [],
      { JOB_MAX_AGE: '5' },
      [/JOB_MAX_AGE is no variable of the gateway: is JOB_MAX_AGE_MS meant/],
      0,
    ],
    [
      'nobody listens',
      [],
      { ICE_ENDPOINT: 'http://127.0.0.1:1' },
      [/ECONNREFUSED.*check the network, ICE_ENDPOINT/],
      1,
    ],
  ])('says as text, in few lines, that %s', async ([, faults, env, patterns, code]) => {
    const keys = { accessKeyId: 'example-access-key-abcd', accessKeySecret: 'not-a-real-secret' };
    const emulator = await startEmulator({ credentials: [keys] });
    emulator.faults.add(...faults);
    const result = await lookAt({
      ICE_ENDPOINT: emulator.endpoint,
      ALIBABA_CLOUD_ACCESS_KEY_ID: keys.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: keys.accessKeySecret,
      ...env,
    });
    await emulator.close();
    for (const pattern of patterns) expect(result.text).toMatch(pattern);
    expect(result.code).toBe(code);
    expect(result.text).not.toMatch(/canary|example-access-key|not-a-real-secret|\{"/);
    expect(result.text.trim().split('\n').length).toBeLessThan(10);
  });

  it('says why there is no key, and what would be one', async () => {
    const { code, text } = await lookAt({ UPSTREAM: 'ice', ALIBABA_CLOUD_ECS_METADATA_DISABLED: 'true' });
    expect(text).toMatch(/No key to sign with \(NoCredentials\)\. Set ALIBABA_CLOUD_ACCESS_KEY_ID/);
    expect(code).toBe(1);
  });

  it('writes lines of text, and exits with 1 when something is wrong', async () => {
    const program = run('doctor.ts', {
      HOME: '/nowhere',
      ICE_ENDPOINT: 'http://127.0.0.1:1',
      ALIBABA_CLOUD_ECS_METADATA_DISABLED: 'true',
    });
    expect(await program.ended).toBe(1);
    expect(program.output()).toMatch(
      /^ICE +http:\/\/127\.0\.0\.1:1, by ICE_ENDPOINT\nProxy +none\nKey +No key/,
    );
  });

  it('says that the emulator runs when nothing names an account', async () => {
    const { code, text } = await lookAt({});
    expect(text).toMatch(/built-in emulator/);
    expect(code).toBe(0);
  });

  it('lists what is wrong with the variables', async () => {
    const { code, text } = await lookAt({ ICE_REGION: 'nowhere' });
    expect(text).toMatch(/ICE_REGION must be one of/);
    expect(code).toBe(1);
  });
});
