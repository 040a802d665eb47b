import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from '../src/config.ts';
import { ICE_REGIONS } from '../src/variables.ts';

const CANARY = 'canary-secret';

/** The problems reported for these variables, a line each. */
function problemsOf(env: Record<string, string>): string[] {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n  ').slice(1);
    throw error;
  }
  return [];
}

describe('readConfig', () => {
  it('runs on the emulator, on loopback, with everything a developer wants, when nothing is set', () => {
    expect(readConfig({})).toEqual({
      production: false,
      host: '127.0.0.1',
      metrics: { host: '127.0.0.1', port: 9464 },
      tracing: undefined,
      port: 4000,
      allowedHosts: 'loopback',
      trustedProxies: 0,
      auth: undefined,
      proxies: undefined,
      upstream: { kind: 'emulator' },
      redis: undefined,
      callsPerSecond: 50,
      maxConcurrency: 32,
      attemptTimeoutMs: 5000,
      operationTimeoutMs: 10_000,
      freshness: { unfinishedMs: 1000, finishedMs: 86_400_000, missingMs: 1000, staleIfErrorMs: 60_000 },
      maxJobs: 100_000,
      isJitOn: true,
      answersMaxBytes: 67_108_864,
      isListBatchingOn: true,
      allowSubmit: true,
      persistedOperations: undefined,
      persistedOnly: false,
      pollInterval: { minMs: 1000, maxMs: 15_000 },
      watchShare: 0.25,
      streams: { max: 10_000, maxPerClient: 1000, keepAliveMs: 12_000 },
      corsOrigins: 'loopback',
      ide: true,
      introspection: true,
      logLevel: 'info',
    });
  });

  it('turns the conveniences of development off in production', () => {
    const production = { NODE_ENV: 'production', UPSTREAM: 'ice', ALLOWED_HOSTS: '*' };
    const config = readConfig(production);
    expect(config).toMatchObject({ production: true, corsOrigins: [], ide: false, introspection: false });
  });

  it('shows the schema where the IDE is on, unless that is not wanted', () => {
    const ide = { NODE_ENV: 'production', UPSTREAM: 'ice', ALLOWED_HOSTS: '*', IDE: 'true' };
    expect(readConfig(ide)).toMatchObject({ ide: true, introspection: true });
    expect(readConfig({ ...ide, INTROSPECTION: 'false' })).toMatchObject({ ide: true, introspection: false });
    expect(readConfig({ IDE: 'false' })).toMatchObject({ ide: false, introspection: true });
  });

  it.for<[Record<string, string>, string]>([
    [{ ICE_REGION: 'cn-beijing' }, 'https://ice.cn-beijing.aliyuncs.com'],
    [
      { ICE_ENDPOINT: 'https://ice-vpc.cn-shanghai.aliyuncs.com' },
      'https://ice-vpc.cn-shanghai.aliyuncs.com',
    ],
    [{ ICE_ENDPOINT: 'http://127.0.0.1:8791', ICE_REGION: 'us-west-1' }, 'http://127.0.0.1:8791'],
    [{ UPSTREAM: 'ice' }, 'https://ice.cn-shanghai.aliyuncs.com'],
    [
      {
        ALIBABA_CLOUD_ACCESS_KEY_ID: 'example-access-key',
        ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'not-a-real-secret',
      },
      'https://ice.cn-shanghai.aliyuncs.com',
    ],
  ])('takes ICE for upstream with %j', ([env, origin]) => {
    const { upstream } = readConfig(env);
    expect(upstream.kind === 'ice' ? upstream.endpoint.origin : 'emulator').toBe(origin);
  });

  it('reads how long states may be kept, and whether lists may replace gets', () => {
    const env = {
      JOB_MAX_AGE_MS: '500',
      FINISHED_JOB_MAX_AGE_S: '60',
      STALE_IF_ERROR_S: '0',
      ICE_LIST_BATCHING: 'off',
    };
    expect(readConfig(env)).toMatchObject({
      freshness: { unfinishedMs: 500, finishedMs: 60_000, missingMs: 1000, staleIfErrorMs: 0 },
      isListBatchingOn: false,
    });
  });

  it.for<[Record<string, string>, boolean]>([
    [{ UPSTREAM: 'emulator' }, true],
    [{ UPSTREAM: 'emulator', ALLOW_SUBMIT: 'false' }, false],
    [{ UPSTREAM: 'ice' }, false],
    [{ ICE_REGION: 'cn-beijing' }, false],
    [{ UPSTREAM: 'ice', ALLOW_SUBMIT: 'true' }, true],
  ])('allows submitting to the emulator, and to ICE when told so: %j %s', ([env, allowSubmit]) => {
    expect(readConfig(env)).toMatchObject({ allowSubmit });
  });

  it('keeps to the emulator when told so, whatever else is set', () => {
    expect(readConfig({ UPSTREAM: 'emulator', ICE_REGION: 'cn-beijing' }).upstream).toEqual({
      kind: 'emulator',
    });
  });

  it('takes static keys, with and without a token, and none', () => {
    const keys = { ALIBABA_CLOUD_ACCESS_KEY_ID: 'id', ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'secret' };
    const credentials = { accessKeyId: 'id', accessKeySecret: 'secret' };
    expect(readConfig(keys).upstream).toMatchObject({ credentials });
    const withToken = { credentials: { ...credentials, securityToken: 'token' } };
    expect(readConfig({ ...keys, ALIBABA_CLOUD_SECURITY_TOKEN: 'token' }).upstream).toMatchObject(withToken);
    expect(readConfig({ UPSTREAM: 'ice' }).upstream).toMatchObject({ credentials: undefined });
  });

  it.for<[string, string, string]>([
    ['PORT', '65536', 'PORT must be an integer from 0 to 65535, got "65536"'],
    ['PORT', '', 'PORT must be an integer from 0 to 65535, got an empty value'],
    ['PORT', ' 80', 'PORT must be an integer from 0 to 65535, got " 80"'],
    ['PORT', '4e3', 'PORT must be an integer from 0 to 65535, got "4e3"'],
    ['HOST', '', 'HOST must be a host name or an IP address, got an empty value'],
    ['HOST', 'http://a', 'HOST must be a host name or an IP address, got "http://a"'],
    ['UPSTREAM', 'aws', 'UPSTREAM must be one of emulator, ice, got "aws"'],
    [
      'ICE_REGION',
      'eu-central-1',
      `ICE_REGION must be one of ${ICE_REGIONS.join(', ')} (set ICE_ENDPOINT for any other), got "eu-central-1"`,
    ],
    ['ICE_CALLS_PER_SECOND', '0', 'ICE_CALLS_PER_SECOND must be an integer from 1 to 10000, got "0"'],
    ['ICE_MAX_CONCURRENCY', '1001', 'ICE_MAX_CONCURRENCY must be an integer from 1 to 1000, got "1001"'],
    ['ICE_TIMEOUT_MS', '5s', 'ICE_TIMEOUT_MS must be an integer from 10 to 60000, got "5s"'],
    ['REQUEST_TIMEOUT_MS', '-1', 'REQUEST_TIMEOUT_MS must be an integer from 10 to 300000, got "-1"'],
    ['JOB_MAX_AGE_MS', '99', 'JOB_MAX_AGE_MS must be an integer from 100 to 60000, got "99"'],
    ['FINISHED_JOB_MAX_AGE_S', '0', 'FINISHED_JOB_MAX_AGE_S must be an integer from 1 to 31536000, got "0"'],
    [
      'MISSING_JOB_MAX_AGE_MS',
      '',
      'MISSING_JOB_MAX_AGE_MS must be an integer from 100 to 60000, got an empty value',
    ],
    ['STALE_IF_ERROR_S', '86401', 'STALE_IF_ERROR_S must be an integer from 0 to 86400, got "86401"'],
    ['CACHE_MAX_JOBS', '99', 'CACHE_MAX_JOBS must be an integer from 100 to 10000000, got "99"'],
    ['ICE_LIST_BATCHING', 'true', 'ICE_LIST_BATCHING must be one of on, off, got "true"'],
    ['POLL_MIN_MS', '99', 'POLL_MIN_MS must be an integer from 100 to 60000, got "99"'],
    ['POLL_MAX_MS', '600001', 'POLL_MAX_MS must be an integer from 100 to 600000, got "600001"'],
    ['WATCH_SHARE', '1.1', 'WATCH_SHARE must be a number from 0.01 to 1, got "1.1"'],
    ['WATCH_SHARE', '0.00', 'WATCH_SHARE must be a number from 0.01 to 1, got "0.00"'],
    ['WATCH_SHARE', '25%', 'WATCH_SHARE must be a number from 0.01 to 1, got "25%"'],
    ['AUTH', 'basic', 'AUTH must be one of none, jwt, local, got "basic"'],
    [
      'CORS_ORIGINS',
      '*',
      'CORS_ORIGINS must be origins such as https://app.example.com, separated by commas, got "*"',
    ],
    [
      'CORS_ORIGINS',
      'https://a.example.com, https://*.example.com',
      'CORS_ORIGINS takes no wildcards: name each origin, such as https://app.example.com, got "https://a.example.com, https://*.example.com"',
    ],
    [
      'CORS_ORIGINS',
      'https://a.example.com/',
      'CORS_ORIGINS must be origins such as https://app.example.com, separated by commas, got "https://a.example.com/"',
    ],
    ['PATH_PREFIX', '/', 'PATH_PREFIX must be a path such as /jobs, got "/"'],
    ['PATH_PREFIX', 'jobs', 'PATH_PREFIX must be a path such as /jobs, got "jobs"'],
    ['PATH_PREFIX', '/jobs/', 'PATH_PREFIX must be a path such as /jobs, got "/jobs/"'],
    ['ALLOW_SUBMIT', 'on', 'ALLOW_SUBMIT must be true or false, got "on"'],
    ['IDE', 'yes', 'IDE must be true or false, got "yes"'],
    ['INTROSPECTION', '', 'INTROSPECTION must be true or false, got an empty value'],
    ['PERSISTED_OPERATIONS', '', 'PERSISTED_OPERATIONS must be the path of a manifest, got an empty value'],
    [
      'PERSISTED_ONLY',
      'true',
      'PERSISTED_ONLY needs PERSISTED_OPERATIONS: without a manifest nothing could run',
    ],
    [
      'LOG_LEVEL',
      'loud',
      'LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent, got "loud"',
    ],
  ])('refuses %s of %j', ([name, value, problem]) => {
    expect(problemsOf({ UPSTREAM: 'emulator', [name]: value })).toEqual([problem]);
  });

  it.for([
    ['http://ice.cn-shanghai.aliyuncs.com'],
    ['https://ice.cn-shanghai.aliyuncs.com/path'],
    ['https://user:password@ice.cn-shanghai.aliyuncs.com'],
    ['ftp://127.0.0.1'],
    ['ice.cn-shanghai.aliyuncs.com'],
    [''],
  ])('refuses %j as ICE_ENDPOINT, without showing it', ([endpoint]) => {
    expect(problemsOf({ ICE_ENDPOINT: endpoint ?? '' })).toEqual([
      'ICE_ENDPOINT must be an https origin such as https://ice.cn-shanghai.aliyuncs.com (http on loopback)',
    ]);
  });

  it('refuses half a key pair, a token alone, and keys that cannot be right, without showing them', () => {
    const problems = [
      ...problemsOf({ ALIBABA_CLOUD_ACCESS_KEY_SECRET: CANARY }),
      ...problemsOf({ UPSTREAM: 'ice', ALIBABA_CLOUD_SECURITY_TOKEN: CANARY }),
      ...problemsOf({ ALIBABA_CLOUD_ACCESS_KEY_ID: CANARY, ALIBABA_CLOUD_ACCESS_KEY_SECRET: `${CANARY}\n` }),
      ...problemsOf({
        UPSTREAM: 'emulator',
        ALIBABA_CLOUD_ACCESS_KEY_ID: '',
        ALIBABA_CLOUD_ACCESS_KEY_SECRET: '',
      }),
    ];
    expect(problems.filter((problem) => /must be set together|needs|must be/.test(problem))).toHaveLength(
      problems.length,
    );
    expect(problems.length).toBeGreaterThanOrEqual(5);
    expect(problems.join()).not.toContain(CANARY);
  });

  it('asks for a word before it opens a real account to the network', () => {
    const open = { HOST: '0.0.0.0', ALLOWED_HOSTS: 'jobs.example.com' };
    expect(problemsOf({ ...open, UPSTREAM: 'ice' })).toEqual([
      expect.stringMatching(/^HOST "0\.0\.0\.0" opens your ICE account/),
    ]);
    expect(problemsOf({ ...open, UPSTREAM: 'ice', AUTH: 'none' })).toEqual([]);
    expect(problemsOf({ ...open, UPSTREAM: 'emulator' })).toEqual([]);
    for (const HOST of ['localhost', '127.0.0.2', '::1'])
      expect(problemsOf({ UPSTREAM: 'ice', HOST })).toEqual([]);
  });

  it('asks for UPSTREAM in production', () => {
    expect(problemsOf({ NODE_ENV: 'production', ALLOWED_HOSTS: '*' })).toEqual([
      'UPSTREAM must be set with NODE_ENV=production: emulator or ice',
    ]);
  });

  it.for([{ NODE_ENV: 'production' }, { HOST: '0.0.0.0' }, { HOST: '::' }, { HOST: 'jobs.example.com' }])(
    'asks for ALLOWED_HOSTS with %j, as others than this machine may come by a name',
    (env) => {
      const { NODE_ENV = '', HOST = '127.0.0.1' } = env as { NODE_ENV?: string; HOST?: string };
      const all = { UPSTREAM: 'emulator', NODE_ENV, HOST };
      expect(problemsOf(all)).toEqual([
        'ALLOWED_HOSTS must be set with NODE_ENV=production, or a HOST that others can reach: ' +
          'the host names that requests are made to, such as jobs.example.com, separated by commas; * says any',
      ]);
      expect(problemsOf({ ...all, ALLOWED_HOSTS: 'jobs.example.com' })).toEqual([]);
      expect(readConfig({ ...all, ALLOWED_HOSTS: '*' }).allowedHosts).toBe('any');
    },
  );

  it('reads the hosts that requests may be made to in one form', () => {
    const ALLOWED_HOSTS = 'Jobs.example.com., 10.0.0.5 ,[2001:DB8:0::1],bücher.example';
    const hosts = ['jobs.example.com', '10.0.0.5', '[2001:db8::1]', 'xn--bcher-kva.example'];
    expect(readConfig({ ALLOWED_HOSTS }).allowedHosts).toEqual(hosts);
  });

  it.for<[string, number | readonly string[]]>([
    ['1', 1],
    ['32', 32],
    ['10.0.0.0/8', ['10.0.0.0/8']],
    ['192.0.2.1, fd00::/8 , ::1', ['192.0.2.1', 'fd00::/8', '::1']],
  ])('reads TRUST_PROXY=%s', ([TRUST_PROXY, trustedProxies]) => {
    expect(readConfig({ TRUST_PROXY }).trustedProxies).toEqual(trustedProxies);
  });

  it.for([
    '',
    '0',
    '33',
    '-1',
    '1.5',
    'true',
    'all',
    '10.0.0.0/0',
    '10.0.0.0/33',
    '10.0.0.0/8/8',
    '10.0.0/8',
    '::/129',
    'fe80::1%eth0',
    '::ffff:10.0.0.0/104',
    '10.0.0.1:80',
    '10.0.0.1,,10.0.0.2',
  ])('refuses TRUST_PROXY=%j', (TRUST_PROXY) => {
    expect(problemsOf({ TRUST_PROXY })).toEqual([
      expect.stringMatching(
        /^TRUST_PROXY must be the number of proxies, 1 to 32, or their addresses such as 10\.0\.0\.0\/8, separated by commas, got /,
      ),
    ]);
  });

  it.for([
    '',
    'https://jobs.example.com',
    'jobs.example.com:443',
    '*, a',
    'a,,b',
    '*.example.com',
    '::1',
    'a b',
  ])('refuses ALLOWED_HOSTS=%j', (ALLOWED_HOSTS) => {
    expect(problemsOf({ ALLOWED_HOSTS, NODE_ENV: 'production', UPSTREAM: 'emulator' })).toEqual([
      expect.stringMatching(
        /^ALLOWED_HOSTS must be \* or host names such as jobs\.example\.com, without a port, separated by commas, got /,
      ),
    ]);
  });

  it('refuses a POLL_MIN_MS over POLL_MAX_MS', () => {
    expect(problemsOf({ POLL_MIN_MS: '2000', POLL_MAX_MS: '1000' })).toEqual([
      'POLL_MIN_MS (2000) must not exceed POLL_MAX_MS (1000)',
    ]);
  });

  it('reports everything at once', () => {
    const env = { PORT: 'a', HOST: '', ICE_TIMEOUT_MS: '0', IDE: '1', ICE_ENDPOINT: 'x', LOG_LEVEL: '' };
    expect(problemsOf(env)).toHaveLength(6);
  });
});
