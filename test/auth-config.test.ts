import { describe, expect, it } from 'vitest';
import { withIssuer } from '../src/auth-config.ts';
import { ConfigError, readConfig } from '../src/config.ts';

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

const ISSUER = 'https://login.example.com/';
const JWT = { AUTH: 'jwt', JWT_ISSUER: ISSUER, JWT_AUDIENCE: 'package-jobs' };

describe('AUTH=jwt', () => {
  it('takes one issuer with its audience, and has defaults for the rest', () => {
    expect(readConfig(JWT).auth).toEqual({
      isLocal: false,
      issuers: [{ issuer: ISSUER, audiences: ['package-jobs'], audienceClaim: 'aud', jwksUrl: undefined }],
      algorithms: ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'],
      clockSkewS: 30,
      claims: { scope: 'scope', scopePrefix: '', scopeDefault: [], jobs: 'job_ids', owner: undefined },
      ownerField: undefined,
      cursorSecret: undefined,
    });
  });

  it('takes several, each with an audience and an address of its own', () => {
    const env = {
      AUTH: 'jwt',
      JWT_ISSUER: 'a, b',
      JWT_AUDIENCE: 'x,y z',
      JWT_AUDIENCE_CLAIM: 'aud, client_id',
      JWT_JWKS_URL: 'https://a.example/keys,http://127.0.0.1:9/keys',
    };
    expect(readConfig(env).auth?.issuers).toEqual([
      { issuer: 'a', audiences: ['x'], audienceClaim: 'aud', jwksUrl: new URL('https://a.example/keys') },
      {
        issuer: 'b',
        audiences: ['y', 'z'],
        audienceClaim: 'client_id',
        jwksUrl: new URL('http://127.0.0.1:9/keys'),
      },
    ]);
  });

  it('lets a gateway be reached by others, by any name', () => {
    const open = { ...JWT, NODE_ENV: 'production', UPSTREAM: 'ice', HOST: '0.0.0.0' };
    expect(readConfig(open).allowedHosts).toBe('any');
    expect(readConfig({ ...open, ALLOWED_HOSTS: 'jobs.example.com' }).allowedHosts).toEqual([
      'jobs.example.com',
    ]);
    expect(problemsOf({ UPSTREAM: 'ice', HOST: '0.0.0.0', ALLOWED_HOSTS: '*' })).toEqual([
      'HOST "0.0.0.0" opens your ICE account to the network: say AUTH=jwt to ask for tokens, AUTH=none if that is meant, or use 127.0.0.1',
    ]);
  });

  it('reaches issuers through the proxies of the environment, whatever the upstream', () => {
    const proxy = { ...JWT, HTTPS_PROXY: 'http://proxy.example:3128' };
    expect(readConfig(proxy).proxies?.https?.host).toBe('proxy.example:3128');
    expect(readConfig({ ...proxy, UPSTREAM: 'ice' }).proxies?.https?.host).toBe('proxy.example:3128');
  });

  it.for<[Record<string, string>, string]>([
    [{ AUTH: 'jwt', JWT_AUDIENCE: 'a' }, 'JWT_ISSUER must be set with AUTH=jwt'],
    [{ AUTH: 'jwt', JWT_ISSUER: ISSUER }, 'JWT_AUDIENCE must be set with AUTH=jwt'],
    [{ ...JWT, JWT_AUDIENCE: 'a,b' }, 'JWT_AUDIENCE must have as many items as JWT_ISSUER, one for each'],
    [
      { ...JWT, JWT_JWKS_URL: 'https://a.example,https://b.example' },
      'JWT_JWKS_URL must have as many items as JWT_ISSUER, one for each',
    ],
    [
      { ...JWT, JWT_ISSUER: `${ISSUER},${ISSUER}`, JWT_AUDIENCE: 'a,b' },
      'JWT_ISSUER must not name an issuer twice',
    ],
    [
      { ...JWT, JWT_ISSUER: 'http://login.example.com' },
      'JWT_ISSUER must be an https URL (http on loopback), or JWT_JWKS_URL be set, got "http://login.example.com"',
    ],
    [
      { ...JWT, JWT_JWKS_URL: 'http://login.example.com/keys' },
      'JWT_JWKS_URL must be https URLs (http on loopback), separated by commas, got "http://login.example.com/keys"',
    ],
    [
      { ...JWT, JWT_ALGORITHMS: 'HS256' },
      'JWT_ALGORITHMS must be some of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, separated by commas, got "HS256"',
    ],
    [
      { ...JWT, JWT_ALGORITHMS: 'none' },
      'JWT_ALGORITHMS must be some of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, separated by commas, got "none"',
    ],
    [{ ...JWT, JWT_CLOCK_SKEW_S: '301' }, 'JWT_CLOCK_SKEW_S must be an integer from 0 to 300, got "301"'],
    [
      { ...JWT, JWT_AUDIENCE_CLAIM: 'aud,client_id' },
      'JWT_AUDIENCE_CLAIM must have as many items as JWT_ISSUER, one for each',
    ],
    [
      { ...JWT, SCOPE_DEFAULT: 'jobs:write' },
      'SCOPE_DEFAULT must be some of jobs:read, jobs:submit, separated by commas, got "jobs:write"',
    ],
    [{ ...JWT, SCOPE_PREFIX: 'a b' }, 'SCOPE_PREFIX must be a text without spaces, got "a b"'],
    [{ ...JWT, SCOPE_CLAIM: '' }, 'SCOPE_CLAIM must be the name of a claim, got an empty value'],
    [{ ...JWT, OWNER_CLAIM: 'sub' }, 'OWNER_CLAIM and OWNER_FIELD must be set together'],
    [{ ...JWT, CURSOR_SECRET: 'short' }, 'CURSOR_SECRET must have 16 characters or more'],
    [{ JWT_ISSUER: ISSUER }, 'JWT_ISSUER has no effect without AUTH=jwt'],
  ])('refuses %j', ([env, problem]) => {
    expect(problemsOf(env)).toEqual([problem]);
  });
});

describe('AUTH=local', () => {
  const LOCAL = { AUTH: 'local' };

  it('accepts nobody until the emulator is there, and then its tokens alone', () => {
    const config = readConfig(LOCAL);
    expect(config.auth).toMatchObject({
      isLocal: true,
      issuers: [],
      claims: { scope: 'scope', scopeDefault: [], jobs: 'job_ids', owner: 'sub' },
      ownerField: 'owner',
    });
    const issuer = 'http://127.0.0.1:9';
    expect(withIssuer(config, issuer).auth?.issuers).toEqual([
      { issuer, audiences: ['package-jobs'], audienceClaim: 'aud', jwksUrl: undefined },
    ]);
  });

  it.for<Record<string, string>>([{}, { AUTH: 'none' }, JWT])('adds no issuer with %j', (env) => {
    const config = readConfig(env);
    expect(withIssuer(config, 'http://127.0.0.1:9')).toBe(config);
  });

  it('reaches its issuer on this machine directly', () => {
    expect(readConfig({ ...LOCAL, HTTP_PROXY: 'http://proxy.example:3128' }).proxies).toBeUndefined();
  });

  it.for<[Record<string, string>, string[]]>([
    [
      { NODE_ENV: 'production', UPSTREAM: 'emulator' },
      ['AUTH=local is for development: with NODE_ENV=production say AUTH=jwt'],
    ],
    [{ UPSTREAM: 'ice' }, ['AUTH=local is for the built-in emulator: with an ICE account say AUTH=jwt']],
    [
      { ICE_ENDPOINT: 'http://127.0.0.1:8791' },
      ['AUTH=local is for the built-in emulator: with an ICE account say AUTH=jwt'],
    ],
    [
      { NODE_ENV: 'production', UPSTREAM: 'ice', HOST: '0.0.0.0' },
      [
        'AUTH=local is for development: with NODE_ENV=production say AUTH=jwt',
        'AUTH=local is for the built-in emulator: with an ICE account say AUTH=jwt',
      ],
    ],
    [
      { JWT_ISSUER: ISSUER, OWNER_CLAIM: 'email' },
      ['JWT_ISSUER has no effect with AUTH=local', 'OWNER_CLAIM has no effect with AUTH=local'],
    ],
  ])('is refused with %j', ([env, problems]) => {
    expect(problemsOf({ ...LOCAL, ...env })).toEqual(problems);
  });
});
