import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmulator, type FaultRule } from '../src/emulator/server.ts';
import { examine } from '../src/examine.ts';
import { makeFolder } from './support/folder.ts';
import { run } from './support/process.ts';
import { createCertificate } from './support/tls.ts';

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

describe('examine of an account that the emulator plays', () => {
  const key = { accessKeyId: 'example-access-key-abcd', accessKeySecret: 'not-a-real-secret' };
  let certificate: Awaited<ReturnType<typeof createCertificate>>;
  let trusted: string[];
  beforeAll(async () => {
    certificate = await createCertificate('ice.cn-beijing.aliyuncs.com', 'sts.aliyuncs.com');
    trusted = getCACertificates('default');
    setDefaultCACertificates([...trusted, certificate.cert]);
  });
  afterAll(() => setDefaultCACertificates(trusted));

  const always = { times: 'always' } as const;
  const byKey = {
    ALIBABA_CLOUD_ACCESS_KEY_ID: key.accessKeyId,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: key.accessKeySecret,
  };
  const byRole = {
    ALIBABA_CLOUD_ROLE_ARN: 'acs:ram::1:role/r',
    ALIBABA_CLOUD_OIDC_PROVIDER_ARN: 'acs:ram::1:oidc-provider/p',
  };

  /** What is read of the account at its real names, which a proxy leads to. */
  async function lookAtAccount(
    env: Record<string, string>,
    faults: readonly FaultRule[],
    refusal?: 'InvalidAccessKeyId.Inactive' | 'InvalidAccessKeyId.NotFound' | 'InvalidSecurityToken.Expired',
  ) {
    const emulator = await startEmulator({ credentials: [key], tls: certificate, seed: 'demo' });
    emulator.faults.add(...faults);
    if (refusal !== undefined) emulator.refuseKey(key.accessKeyId, refusal);
    const token = `${makeFolder({ token: SECRET })}/token`;
    const startedAt = performance.now();
    const result = await lookAt({
      ICE_REGION: 'cn-beijing',
      HTTPS_PROXY: emulator.endpoint,
      ALIBABA_CLOUD_ECS_METADATA_DISABLED: 'true',
      ...env,
      ...(env === byRole && { ALIBABA_CLOUD_OIDC_TOKEN_FILE: token }),
    });
    const elapsedMs = performance.now() - startedAt;
    await emulator.close();
    return { ...result, elapsedMs };
  }

  it.for<[string, Record<string, string>, FaultRule[], RegExp]>([
    ['a key works', byKey, [], /^List ice:ListPackageJobs works$/m],
    ['a role works', byRole, [], /^Key OIDC role, id ends with \w{4}, for 60 min more$/m],
    [
      'there are no jobs in the region',
      byKey,
      [{ kind: 'otherRegion', ...always }],
      /no jobs in this region: check ICE_REGION/,
    ],
    [
      'the clock is behind',
      byKey,
      [{ kind: 'clockSkew', skewMs: 3 * 3_600_000, ...always }],
      /180 min behind that of ICE/,
    ],
    [
      'the clock is ahead',
      byKey,
      [{ kind: 'clockSkew', skewMs: -3 * 3_600_000, ...always }],
      /180 min ahead of that of ICE/,
    ],
  ])('says that %s, and is well', async ([, env, faults, line]) => {
    const { code, text } = await lookAtAccount(env, faults);
    expect(text).toMatch(line);
    expect(text).not.toContain(SECRET);
    expect(code).toBe(0);
  });

  it.for<[string, Record<string, string>, FaultRule[], RegExp]>([
    [
      'a right is missing',
      byKey,
      [{ kind: 'noPermission', action: 'GetPackageJob', ...always }],
      /^List ice:ListPackageJobs works\nGet GetPackageJob failed \(NoPermission\)\. .*RAM action ice:GetPackageJob$/m,
    ],
    [
      'the proxy wants a password',
      byKey,
      [{ kind: 'proxy', ...always }],
      /PROXY_407\)\. The proxy wants a user/,
    ],
    [
      'the proxy forbids the host',
      byKey,
      [{ kind: 'proxy', status: 403, ...always }],
      /PROXY_403\)\. The proxy refused/,
    ],
    [
      'the proxy is silent',
      byKey,
      [{ kind: 'proxy', isSilent: true, ...always }],
      /no answer in time: .* and the proxy/,
    ],
    [
      'a firewall throttles',
      byKey,
      [{ kind: 'throttle', status: 429, body: 'html', header: 'retry-after', ...always }],
      /Something before ICE, such as a firewall/,
    ],
    [
      'ICE throttles',
      byKey,
      [{ kind: 'throttle', code: 'Degrade.Api', ...always }],
      /Degrade\.Api\).*ICE_CALLS_PER_SECOND/,
    ],
    [
      'STS refuses the token',
      byRole,
      [
        {
          kind: 'status',
          status: 400,
          code: 'AuthenticationFail.OIDCToken.Expired',
          action: 'AssumeRoleWithOIDC',
          ...always,
        },
      ],
      /^Key OIDC role: No key to sign with \(AuthenticationFail\.OIDCToken\.Expired\)\. STS refused the token/m,
    ],
    [
      'STS hangs',
      byRole,
      [{ kind: 'hang', when: 'before-headers', action: 'AssumeRoleWithOIDC', ...always }],
      /No key to sign with \(Timeout\)/,
    ],
  ])('says that %s, within two seconds', async ([, env, faults, line]) => {
    const { code, text, elapsedMs } = await lookAtAccount(env, faults);
    expect(text).toMatch(line);
    expect(text).not.toMatch(/canary|not-a-real-secret|\{"/);
    expect(code).toBe(1);
    expect(elapsedMs).toBeLessThan(3000);
  });

  it.for([
    'InvalidAccessKeyId.Inactive',
    'InvalidAccessKeyId.NotFound',
    'InvalidSecurityToken.Expired',
  ] as const)('says that ICE refused the key: %s', async (refusal) => {
    const { code, text } = await lookAtAccount(byKey, [], refusal);
    expect(text).toMatch(`ListPackageJobs failed (${refusal}). ICE refused the key`);
    expect(code).toBe(1);
  });
});
