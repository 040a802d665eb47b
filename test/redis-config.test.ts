import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from '../src/config.ts';
import { commandsOf } from './support/markdown.ts';

const SECRET = 'canary-secret';
const KEYS = {
  ALIBABA_CLOUD_ACCESS_KEY_ID: 'example-access-key',
  ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'not-a-real-secret',
};
const ROLE = {
  ALIBABA_CLOUD_ROLE_ARN: 'acs:ram::1234567890123456:role/gateway',
  ALIBABA_CLOUD_OIDC_PROVIDER_ARN: 'acs:ram::1234567890123456:oidc-provider/ack',
  ALIBABA_CLOUD_OIDC_TOKEN_FILE: '/run/token',
};

function problemOf(env: Record<string, string>): string {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
}

const server = {
  sentinelGroup: undefined,
  isTls: false,
  username: undefined,
  password: undefined,
  database: 0,
};

describe('REDIS_URL', () => {
  it('is such as the documentation has it', () => {
    const lines = commandsOf('docs/replicas.md', 'REDIS_URL=').split('\n');
    const urls = lines.map((line) => /^REDIS_URL=(\S+)/.exec(line)?.[1]?.replaceAll(/<(\w+)>/g, '$1') ?? '');
    expect(urls.map((url) => readConfig({ ...KEYS, REDIS_URL: url }).redis?.address)).toMatchObject([
      { isTls: false, password: 'password', sentinelGroup: undefined },
      { isTls: true, username: 'user', password: 'password', sentinelGroup: undefined },
      { nodes: [{ host: 's1' }, { host: 's2' }], sentinelGroup: 'group' },
    ]);
  });

  it.for<[string, object]>([
    ['redis://redis.example.com', { nodes: [{ host: 'redis.example.com', port: 6379 }] }],
    ['redis://127.0.0.1:7000/3', { nodes: [{ host: '127.0.0.1', port: 7000 }], database: 3 }],
    ['redis://[::1]:7000/', { nodes: [{ host: '::1', port: 7000 }] }],
    [
      'rediss://app:p%40ss%3A@redis.example.com',
      {
        nodes: [{ host: 'redis.example.com', port: 6379 }],
        isTls: true,
        username: 'app',
        password: 'p@ss:',
      },
    ],
    ['redis://:a:b@h', { nodes: [{ host: 'h', port: 6379 }], password: 'a:b' }],
    [
      'redis+sentinel://:secret@s1,s2:7001/main/2',
      {
        nodes: [
          { host: 's1', port: 26_379 },
          { host: 's2', port: 7001 },
        ],
        sentinelGroup: 'main',
        password: 'secret',
        database: 2,
      },
    ],
    [
      'rediss+sentinel://s1/main',
      { nodes: [{ host: 's1', port: 26_379 }], sentinelGroup: 'main', isTls: true },
    ],
  ])('%s says where Redis is', ([REDIS_URL, address]) => {
    expect(readConfig({ REDIS_URL }).redis?.address).toEqual({ ...server, ...address });
  });

  it.for<[string, string]>([
    ['', 'must be a URL such as redis://'],
    [`http://:${SECRET}@redis.example.com`, 'must be a URL such as redis://'],
    [`redis://:${SECRET}`, 'must have hosts with ports from 1 to 65535'],
    [`redis://:${SECRET}@with@h`, 'special characters of a password are percent-encoded'],
    [`redis://:${SECRET}@h?tls=true`, 'must be a URL such as redis://'],
    [`redis://:${SECRET}%zz@h`, 'must have a user and password that are percent-encoded'],
    [`redis://:${SECRET}@h:70000`, 'must have hosts with ports from 1 to 65535'],
    [`redis://:${SECRET}@h/main`, 'must end with the number of a database'],
    [`redis://:${SECRET}@h1,h2`, 'must have one host'],
    [`redis+sentinel://:${SECRET}@h1,h2`, 'must name the group of servers'],
    [`redis+sentinel://:${SECRET}@h1/main/x`, 'must end with the number of a database'],
  ])('%s is refused, and its password is not shown', ([REDIS_URL, problem]) => {
    const text = problemOf({ REDIS_URL });
    expect(text).toContain(`REDIS_URL ${problem.startsWith('special') ? 'must be a URL' : problem}`);
    expect(text).toContain(problem);
    expect(text).not.toContain(SECRET);
  });

  it.for<[Record<string, string>, string | undefined]>([
    [KEYS, 'example-access-key'],
    [ROLE, '1234567890123456'],
    [{ ...KEYS, REDIS_NAMESPACE: ' jobs ' }, 'jobs'],
    [{ UPSTREAM: 'ice', REDIS_NAMESPACE: 'jobs' }, 'jobs'],
    [{}, 'emulator'],
  ])('goes with an account that all replicas have: %j %s', ([env, account]) => {
    expect(readConfig({ ...env, REDIS_URL: 'redis://h' }).redis?.account).toBe(account);
  });

  it.for<[Record<string, string>]>([
    [{ UPSTREAM: 'ice' }],
    [{ ...KEYS, ALIBABA_CLOUD_SECURITY_TOKEN: 'token' }],
    [{ ALIBABA_CLOUD_ECS_METADATA: 'a-role' }],
  ])('needs REDIS_NAMESPACE where the keys do not tell the account: %j', ([env]) => {
    expect(problemOf({ ...env, REDIS_URL: 'redis://h' })).toContain('REDIS_URL needs REDIS_NAMESPACE');
    expect(problemOf(env)).toBe('');
  });

  it('is not needed for the namespace to be checked', () => {
    expect(problemOf({ REDIS_NAMESPACE: ' ' })).toContain(
      'REDIS_NAMESPACE must be set to a value or left out',
    );
    expect(readConfig({ REDIS_NAMESPACE: 'jobs' }).redis).toBeUndefined();
  });
});
