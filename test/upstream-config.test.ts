import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from '../src/config.ts';
import { makeFolder } from './support/folder.ts';

const RRSA = {
  ALIBABA_CLOUD_ROLE_ARN: 'acs:ram::1:role/r',
  ALIBABA_CLOUD_OIDC_PROVIDER_ARN: 'acs:ram::1:oidc-provider/p',
  ALIBABA_CLOUD_OIDC_TOKEN_FILE: '/var/run/token',
};

function readUpstream(env: Record<string, string>) {
  const { upstream } = readConfig({ HOME: '/nowhere', ...env });
  if (upstream.kind !== 'ice') throw new Error('the emulator is upstream');
  return upstream;
}

function problemsOf(env: Record<string, string>): string {
  try {
    readUpstream(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
}

const homeWith = (profiles: object[], current = 'main') =>
  makeFolder({ '.aliyun/config.json': JSON.stringify({ current, profiles }) });

describe('ICE is upstream', () => {
  it.for([
    RRSA,
    { ALIBABA_CLOUD_PROFILE: 'team' },
    { ALIBABA_CLOUD_CREDENTIALS_FILE: '/etc/credentials' },
    { ALIBABA_CLOUD_ECS_METADATA: 'role' },
    { ALIBABA_CLOUD_CREDENTIALS_URI: 'http://127.0.0.1/keys' },
  ])('when a source of keys is named by %j alone', (env) => {
    expect(readUpstream(env)).toMatchObject({ kind: 'ice', credentials: undefined });
  });

  it('with the settings of its keys', () => {
    expect(readUpstream({ ...RRSA, ALIBABA_CLOUD_STS_REGION: 'cn-beijing' }).keySettings).toMatchObject({
      oidc: { roleArn: 'acs:ram::1:role/r', tokenFile: '/var/run/token' },
      sts: { region: 'cn-beijing', isVpc: false },
      cliFile: '/nowhere/.aliyun/config.json',
      sdkFile: { path: '/nowhere/.alibabacloud/credentials', isNamed: false },
    });
    const off = readUpstream({ UPSTREAM: 'ice', ALIBABA_CLOUD_CLI_PROFILE_DISABLED: 'true' });
    expect(off.keySettings.cliFile).toBeUndefined();
  });

  it.for([
    [{ ALIBABA_CLOUD_ROLE_ARN: 'r' }, /must be set together/],
    [{ ALIBABA_CLOUD_OIDC_TOKEN_FILE: '/t', ALIBABA_CLOUD_OIDC_PROVIDER_ARN: 'p' }, /must be set together/],
    [{ ALIBABA_CLOUD_CREDENTIALS_URI: 'ftp://canary@host' }, /ALIBABA_CLOUD_CREDENTIALS_URI must be an http/],
    [{ UPSTREAM: 'ice', ALIBABA_CLOUD_ECS_METADATA_DISABLED: 'yes' }, /must be true or false/],
  ] as const)('and half a source is a problem: %j', ([env, problem]) => {
    expect(problemsOf(env)).toMatch(problem);
    expect(problemsOf(env)).not.toContain('canary');
  });
});

describe('the region', () => {
  it.for([
    [{ ALIBABA_CLOUD_REGION_ID: 'cn-beijing' }, 'cn-beijing', 'ALIBABA_CLOUD_REGION_ID'],
    [{ ALIBABA_CLOUD_REGION_ID: 'cn-beijing', ICE_REGION: 'us-west-1' }, 'us-west-1', 'ICE_REGION'],
    [{}, 'cn-shanghai', undefined],
  ] as const)('of %j is %s', ([env, region, endpointFrom]) => {
    const { endpoint, endpointFrom: from } = readUpstream({ UPSTREAM: 'ice', ...env });
    expect([endpoint.origin, from]).toEqual([`https://ice.${region}.aliyuncs.com`, endpointFrom]);
  });

  it('is that of the profile whose keys are used', () => {
    const HOME = homeWith([
      { name: 'main', region_id: 'cn-hangzhou' },
      { name: 'team', region_id: 'cn-shenzhen' },
    ]);
    const regionOf = (env: Record<string, string>) =>
      readUpstream({ UPSTREAM: 'ice', HOME, ...env }).endpoint.hostname;
    expect(regionOf({})).toBe('ice.cn-hangzhou.aliyuncs.com');
    expect(regionOf({ ALIBABA_CLOUD_PROFILE: 'team' })).toBe('ice.cn-shenzhen.aliyuncs.com');
    expect(regionOf({ ALIBABA_CLOUD_REGION_ID: 'cn-beijing' })).toBe('ice.cn-beijing.aliyuncs.com');
    expect(regionOf({ ALIBABA_CLOUD_CLI_PROFILE_DISABLED: 'true' })).toBe('ice.cn-shanghai.aliyuncs.com');
    expect(regionOf(RRSA)).toBe('ice.cn-shanghai.aliyuncs.com');
    expect(regionOf({ ICE_ENDPOINT: 'https://ice-vpc.cn-beijing.aliyuncs.com' })).toBe(
      'ice-vpc.cn-beijing.aliyuncs.com',
    );
  });

  it('must have ICE, whoever names it', () => {
    expect(problemsOf({ UPSTREAM: 'ice', ALIBABA_CLOUD_REGION_ID: 'eu-central-1' })).toMatch(
      /ICE is not in the region eu-central-1 that ALIBABA_CLOUD_REGION_ID names: set ICE_REGION/,
    );
    const HOME = homeWith([{ name: 'main', region_id: 'cn-hongkong' }]);
    expect(problemsOf({ UPSTREAM: 'ice', HOME })).toMatch(/cn-hongkong that the profile of the CLI names/);
    expect(problemsOf({ UPSTREAM: 'ice', HOME, ICE_REGION: 'cn-beijing' })).toBe('');
  });
});

const proxiesOf = (env: Record<string, string>) => {
  const { https, http, except } = readUpstream({ UPSTREAM: 'ice', ...env }).proxies;
  return [https?.href, http?.href, except];
};

describe('proxies', () => {
  it.for([
    [{}, [undefined, undefined, '']],
    [{ HTTPS_PROXY: 'http://p:3128', NO_PROXY: 'a,b' }, ['http://p:3128/', undefined, 'a,b']],
    [{ HTTPS_PROXY: 'http://a:1', https_proxy: 'http://b:2' }, ['http://b:2/', undefined, '']],
    [{ ALL_PROXY: 'http://p:1', HTTP_PROXY: 'http://q:2' }, ['http://p:1/', 'http://q:2/', '']],
    [{ ALL_PROXY: 'http://p:1', HTTPS_PROXY: '' }, [undefined, 'http://p:1/', '']],
    [{ HTTPS_PROXY: 'p.example:8080' }, ['http://p.example:8080/', undefined, '']],
    [{ HTTPS_PROXY: 'user:pass@p.example:8080' }, ['http://user:pass@p.example:8080/', undefined, '']],
    [{ HTTPS_PROXY: 'http://p.example' }, ['http://p.example:1080/', undefined, '']],
    [{ HTTPS_PROXY: 'http://p.example:80' }, ['http://p.example/', undefined, '']],
    [{ HTTPS_PROXY: 'https://p.example' }, ['https://p.example/', undefined, '']],
  ] as const)('of %j are read as curl reads them', ([env, expected]) => {
    expect(proxiesOf(env)).toEqual(expected);
  });

  it.for(['socks5://canary@p:1', 'http://', 'http://canary%@p:1', 'http://a b'])(
    '%j is a problem',
    (value) => {
      expect(problemsOf({ UPSTREAM: 'ice', HTTPS_PROXY: value })).toMatch(
        /HTTPS_PROXY must be an http or https URL/,
      );
      expect(problemsOf({ UPSTREAM: 'ice', HTTPS_PROXY: value })).not.toContain('canary');
      expect(readConfig({ HTTPS_PROXY: value }).upstream).toEqual({ kind: 'emulator' });
    },
  );
});
