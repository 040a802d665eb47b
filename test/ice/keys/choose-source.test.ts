import { describe, expect, it } from 'vitest';
import { chooseSource } from '../../../src/ice/keys/choose-source.ts';
import {
  AK,
  CANARY,
  KEYS,
  ROLE,
  credentials,
  lookUp,
  pathOf,
  profile,
  reasonOf,
  servicesOf,
  startService,
  write,
  useKeyServices,
} from './support/key-services.ts';

useKeyServices();

describe('the role of an OIDC token', () => {
  it('is taken at STS, through the proxy, with the token as it is now', async () => {
    const { asked, proxy, proxies } = await startService((_request, body) =>
      credentials(`id-${String(body.length)}`),
    );
    const tokenFile = write('token', 'token-1\n');
    const services = servicesOf(proxies);
    const settings = { oidc: { ...ROLE, tokenFile }, sts: { region: 'cn-beijing' } };
    const { name, keys } = await lookUp(settings, services);
    expect(name).toBe('OIDC role');
    expect(keys).toMatchObject({
      credentials: { accessKeySecret: 'not-a-real-secret', securityToken: 'not-a-real-token' },
      expiresAt: Date.UTC(2030, 0, 1),
    });
    write('token', 'token-2');
    await lookUp(settings, services);
    expect(asked.map(({ body }) => body.get('OIDCToken'))).toEqual(['token-1', 'token-2']);
    expect(asked[0]?.url.searchParams.get('Action')).toBe('AssumeRoleWithOIDC');
    expect(proxy.asked).toEqual(['sts.cn-beijing.aliyuncs.com:443', 'sts.cn-beijing.aliyuncs.com:443']);
  });

  it('is the source even when STS refuses it, whatever else there is', async () => {
    const { proxies } = await startService((_request, _body, response) => {
      response.statusCode = 400;
      return { Code: 'AuthenticationFail.OIDCToken.Expired', Message: `token ${CANARY} expired` };
    });
    const cliFile = write('config.json', profile({ mode: 'AK', ...AK }));
    const settings = { cliFile, oidc: { ...ROLE, tokenFile: write('token', CANARY) } };
    expect(await reasonOf(settings, servicesOf(proxies))).toBe('AuthenticationFail.OIDCToken.Expired');
  });

  it.for<[string, number, string, string]>([
    ['a page of a proxy', 503, '<html>', 'HTTP_503'],
    ['no JSON', 200, CANARY, 'InvalidAnswer'],
    ['no keys', 200, '{"Credentials":{"AccessKeyId":"id"}}', 'InvalidAnswer'],
    ['a code that is none', 403, `{"Code":"not a code ${CANARY}"}`, 'HTTP_403'],
  ])('tells %s as a code', async ([, status, body, reason]) => {
    const { proxies } = await startService((_request, _body, response) => {
      response.statusCode = status;
      response.end(body);
    });
    const settings = { oidc: { ...ROLE, tokenFile: write('token', CANARY) } };
    expect(await reasonOf(settings, servicesOf(proxies))).toBe(reason);
  });

  it('tells a token file that cannot be read', async () => {
    expect(await reasonOf({ oidc: { ...ROLE, tokenFile: pathOf('none') } })).toBe('TokenFileUnreadable');
  });
});

describe('a profile of the CLI', () => {
  it.for([
    [{ mode: 'AK', ...AK }, KEYS],
    [
      { mode: 'StsToken', ...AK, sts_token: 'token' },
      { ...KEYS, securityToken: 'token' },
    ],
    [
      {
        mode: 'External',
        process_command: `echo '{"mode":"AK","access_key_id":"by-command","access_key_secret":"s"}'`,
      },
      { accessKeyId: 'by-command', accessKeySecret: 's' },
    ],
  ] as const)('gives the keys of %j', async ([members, expected]) => {
    const { name, keys } = await lookUp({ cliFile: write('config.json', profile(members)) });
    expect(name).toBe('CLI profile');
    expect(keys.credentials).toEqual(expected);
  });

  it('is read again at each look-up', async () => {
    const cliFile = write('config.json', profile({ mode: 'AK', ...AK }));
    const source = await chooseSource({ cliFile }, servicesOf());
    await source.lookUp();
    write('config.json', profile({ mode: 'AK', ...AK, access_key_id: 'new' }));
    expect((await source.lookUp()).credentials.accessKeyId).toBe('new');
    write('config.json', '{"profiles": [{"name');
    await expect(source.lookUp()).rejects.toMatchObject({ reason: 'FileInvalid' });
  });

  it('takes a role with the keys of another profile, signed by the clock of STS', async () => {
    const isLate = { answers: 0 };
    const { asked, proxies } = await startService((_request, _body, response) => {
      isLate.answers += 1;
      if (isLate.answers > 1) return credentials('by-role');
      response.statusCode = 400;
      return { Code: 'InvalidTimeStamp.Expired' };
    });
    const profiles = [
      { name: 'main', mode: 'ChainableRamRoleArn', source_profile: 'keys', ram_role_arn: ROLE.roleArn },
      { name: 'keys', mode: 'AK', ...AK },
    ];
    const cliFile = write('config.json', { current: 'main', profiles });
    const { keys } = await lookUp(
      { cliFile },
      servicesOf(proxies, () => Date.now() + 2 * 3_600_000),
    );
    expect(keys.credentials.accessKeyId).toBe('by-role');
    expect(asked.map(({ url }) => url.searchParams.get('RoleArn'))).toEqual([ROLE.roleArn, ROLE.roleArn]);
    const signedAt = Date.parse(String(asked[1]?.headers['x-acs-date']));
    expect(Math.abs(signedAt - Date.now())).toBeLessThan(60_000);
    expect(asked[1]?.headers.authorization).toContain('Credential=example-access-key,');
  });

  it('gives the keys of a login by CloudSSO while it lasts', async () => {
    const { asked, proxies } = await startService(() => ({
      CloudCredential: credentials('by-sso').Credentials,
    }));
    const members = {
      mode: 'CloudSSO',
      access_token: 'example-token',
      cloud_sso_sign_in_url: 'https://signin.example.com',
      cloud_sso_account_id: '1',
      cloud_sso_access_config: 'c',
    };
    const until = (seconds: number) => ({
      ...members,
      cloud_sso_access_token_expire: Date.now() / 1000 + seconds,
    });
    const cliFile = write('config.json', profile(until(60)));
    expect((await lookUp({ cliFile }, servicesOf(proxies))).keys.credentials.accessKeyId).toBe('by-sso');
    expect(asked[0]?.headers.authorization).toBe('Bearer example-token');
    write('config.json', profile(until(-60)));
    expect(await reasonOf({ cliFile }, servicesOf(proxies))).toBe('LoginExpired');
  });

  it.for<[unknown, string]>([
    [`{"access_key_secret":"${CANARY}"`, 'FileInvalid'],
    ['[]', 'FileInvalid'],
    [profile({ mode: 'AK', access_key_id: CANARY }), 'ProfileIncomplete'],
    [profile({ mode: 'RamRoleArn', ...AK }), 'ProfileIncomplete'],
    [profile({ mode: CANARY }), 'UnsupportedMode'],
    [profile({ mode: 'External', process_command: `false ${CANARY}` }), 'CommandFailed'],
    [profile({ mode: 'External', process_command: `echo ${CANARY}` }), 'InvalidAnswer'],
    [
      profile({ mode: 'ChainableRamRoleArn', source_profile: 'main', ram_role_arn: 'r' }),
      'ProfileIncomplete',
    ],
  ])('tells what is wrong with it as a code, and gives way to no other: %j', async ([content, reason]) => {
    const sdkFile = write(
      'credentials',
      '[default]\ntype = access_key\naccess_key_id = other\naccess_key_secret = s\n',
    );
    const cliFile = write('config.json', content);
    expect(await reasonOf({ cliFile, sdkFile: { path: sdkFile, isNamed: false } })).toBe(reason);
  });
});

describe('a profile of the SDKs', () => {
  it('is used where the CLI has no such profile', async () => {
    const cliFile = write('config.json', profile({ mode: 'AK', ...AK }));
    const path = write(
      'credentials',
      '[team]\ntype = access_key\naccess_key_id = by-ini\naccess_key_secret = s\n',
    );
    const settings = { cliFile, sdkFile: { path, isNamed: false }, profile: 'team' };
    const { name, keys } = await lookUp(settings);
    expect([name, keys.credentials.accessKeyId]).toEqual(['SDK profile', 'by-ini']);
    expect(await reasonOf({ ...settings, profile: 'nobody' })).toBe('ProfileNotFound');
  });

  it('is the source when its file was named, even if that is missing', async () => {
    expect(await reasonOf({ sdkFile: { path: pathOf('none'), isNamed: true } })).toBe('FileMissing');
  });
});

describe('no source at all', () => {
  it('is told as NoCredentials', async () => {
    expect(await reasonOf({})).toBe('NoCredentials');
  });
});
