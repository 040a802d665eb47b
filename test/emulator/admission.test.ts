import { describe, expect, test } from 'vitest';
import { DEFAULT_CREDENTIALS, startEmulator } from '../../src/emulator/server.ts';
import { exchange, REQUIRED_HEADERS, signV1Request, signV3Request, wireTime } from './support/client.ts';
import type { SignOptions } from './support/client.ts';
import { fixtures } from './support/fixtures.ts';
import type { EmulatorFixtures } from './support/fixtures.ts';

const it = test.extend<EmulatorFixtures>(fixtures);

const [STATIC_KEY, SESSION_KEY] = DEFAULT_CREDENTIALS;
const SESSION_KEY_WITHOUT_TOKEN = {
  accessKeyId: SESSION_KEY.accessKeyId,
  accessKeySecret: SESSION_KEY.accessKeySecret,
};

interface RefusalCase {
  readonly rule: string;
  readonly code: string;
  readonly status?: number;
  readonly scheme?: 'V1' | 'V3';
  readonly action?: string;
  readonly options?: Partial<SignOptions>;
}

const CASES: readonly RefusalCase[] = [
  { rule: 'an unknown action (V3)', code: 'InvalidAction.NotFound', status: 404, action: 'CancelPackageJob' },
  { rule: 'an unknown action (V1)', code: 'InvalidAction.NotFound', status: 404, action: 'x', scheme: 'V1' },
  { rule: 'another version', code: 'InvalidVersion', options: { version: '2014-06-18' } },
  {
    rule: 'an unknown key',
    code: 'InvalidAccessKeyId.NotFound',
    status: 404,
    options: { credentials: { ...STATIC_KEY, accessKeyId: 'x' } },
  },
  {
    rule: 'another secret (V3)',
    code: 'SignatureDoesNotMatch',
    options: { credentials: { ...STATIC_KEY, accessKeySecret: 'x' } },
  },
  {
    rule: 'another secret (V1)',
    code: 'SignatureDoesNotMatch',
    scheme: 'V1',
    options: { credentials: { ...STATIC_KEY, accessKeySecret: 'x' } },
  },
  {
    rule: 'a session key without its token',
    code: 'MissingSecurityToken',
    options: { credentials: SESSION_KEY_WITHOUT_TOKEN },
  },
  {
    rule: 'a token that belongs to no key',
    code: 'InvalidSecurityToken.Malformed',
    options: { credentials: { ...SESSION_KEY, securityToken: 'x' } },
  },
  {
    rule: "another key's token",
    code: 'InvalidSecurityToken.MismatchWithAccessKey',
    options: { credentials: { ...STATIC_KEY, securityToken: SESSION_KEY.securityToken ?? '' } },
  },
  {
    rule: 'a time with a fraction',
    code: 'InvalidTimeStamp.Format',
    options: { system: { 'x-acs-date': '2026-11-22T20:23:49.000Z' } },
  },
  {
    rule: 'a day that does not exist',
    code: 'InvalidTimeStamp.Format',
    scheme: 'V1',
    options: { system: { Timestamp: '2026-02-31T00:00:00Z' } },
  },
  {
    rule: 'a wrong body hash',
    code: 'SignatureDoesNotMatch',
    options: { system: { 'x-acs-content-sha256': '0'.repeat(64) } },
  },
  {
    rule: 'an incomplete Authorization',
    code: 'IncompleteSignature',
    options: { system: { authorization: 'ACS3-HMAC-SHA256 Credential=x' } },
  },
  {
    rule: 'another algorithm (V3)',
    code: 'InvalidSignatureMethod',
    options: { system: { authorization: 'ACS3-HMAC-SM3 Credential=x,SignedHeaders=host,Signature=x' } },
  },
  {
    rule: 'another algorithm (V1)',
    code: 'InvalidSignatureMethod',
    scheme: 'V1',
    options: { system: { SignatureMethod: 'HMAC-MD5' } },
  },
  {
    rule: 'another signature version',
    code: 'InvalidSignatureVersion',
    scheme: 'V1',
    options: { system: { SignatureVersion: '2.0' } },
  },
  { rule: 'no signature', code: 'IncompleteSignature', scheme: 'V1', options: { system: { Signature: '' } } },
  {
    rule: 'another format',
    code: 'InvalidParameter.Format',
    scheme: 'V1',
    options: { system: { Format: 'YAML' } },
  },
  { rule: 'no Action', code: 'MissingAction', scheme: 'V1', options: { system: { Action: undefined } } },
  { rule: 'no Version', code: 'MissingVersion', scheme: 'V1', options: { system: { Version: undefined } } },
  ...['AccessKeyId', 'SignatureMethod', 'SignatureVersion', 'SignatureNonce', 'Timestamp'].map(
    (name): RefusalCase => ({
      rule: `no ${name}`,
      code: `Missing${name}`,
      scheme: 'V1',
      options: { system: { [name]: undefined } },
    }),
  ),
  ...REQUIRED_HEADERS.filter((name) => name !== 'host').map((name): RefusalCase => ({
    rule: `no ${name}`,
    code: 'MissingParameter',
    options: { system: { [name]: undefined } },
  })),
];

describe('admission', () => {
  it.for(CASES)(
    'refuses $rule as $code',
    async ({ code, status = 400, scheme = 'V3', action = 'GetPackageJob', options }, { call }) => {
      const system = { ...(scheme === 'V1' && { Format: 'JSON' }), ...options?.system };
      const reply = await call(action, { JobId: 'a' }, { scheme, ...options, system });
      expect(reply).toMatchObject({ status, json: { Code: code } });
    },
  );

  it.for(['PUT', 'DELETE', 'PATCH', 'OPTIONS'])('refuses the method %s', async (method, { call }) => {
    expect(await call('GetPackageJob', { JobId: 'a' }, { method })).toMatchObject({
      status: 400,
      json: { Code: 'UnsupportedHTTPMethod' },
    });
  });

  it('refuses every path except the root', async ({ emulator, clock }) => {
    const signed = signV3Request('GetPackageJob', {}, { ...emulator, at: clock.now });
    const reply = await exchange(emulator.endpoint, { ...signed, path: '/jobs' });
    expect(reply).toMatchObject({ status: 404, json: { Code: 'InvalidApi.NotFound' } });
  });

  it('refuses an x-acs header that is not signed', async ({ emulator, clock }) => {
    const signed = signV3Request('GetPackageJob', { JobId: 'a' }, { ...emulator, at: clock.now });
    const headers = { ...signed.headers, 'x-acs-extra': '1' };
    const reply = await exchange(emulator.endpoint, { ...signed, headers });
    expect(reply.json).toMatchObject({ Code: 'IncompleteSignature' });
  });

  it('refuses a parameter that is added after signing', async ({ emulator, clock }) => {
    const signed = signV1Request(
      'GetPackageJob',
      { JobId: 'a', Format: 'JSON' },
      { ...emulator, at: clock.now },
    );
    const reply = await exchange(emulator.endpoint, { ...signed, path: `${signed.path}&JobId=b` });
    expect(reply.json).toMatchObject({ Code: 'SignatureDoesNotMatch' });
  });

  it('returns the string that it signed, in the format of each scheme', async ({ call }) => {
    const credentials = { ...STATIC_KEY, accessKeySecret: 'x' };
    const v3 = await call('GetPackageJob', { JobId: 'a' }, { credentials });
    expect(v3.json['Message']).toMatch(
      /^Specified signature does not match our calculation\. server StringToSign is \[ACS3-HMAC-SHA256\n[0-9a-f]{64}\] server CanonicalRequest is \[POST\n\/\nJobId=a\n/,
    );
    const v1 = await call('GetPackageJob', { JobId: 'a', Format: 'JSON' }, { credentials, scheme: 'V1' });
    expect(v1.json['Message']).toMatch(
      /^Specified signature is not matched with our calculation\. server string to sign is:GET&%2F&AccessKeyId%3Dexample-access-key/,
    );
  });

  it('admits a timestamp up to 15 minutes off, and not one second more', async ({ call, clock }) => {
    for (const skewMs of [-900_000, 900_000]) {
      expect((await call('ListPackageJobs', {}, { at: clock.now + skewMs })).status).toBe(200);
    }
    for (const skewMs of [-901_000, 901_000]) {
      const reply = await call('ListPackageJobs', {}, { at: clock.now + skewMs });
      expect(reply.json).toMatchObject({ Code: 'InvalidTimeStamp.Expired' });
    }
  });

  it('refuses a used nonce of the same key for 15 minutes', async ({ call, clock }) => {
    const nonce = 'once';
    expect((await call('ListPackageJobs', {}, { nonce })).status).toBe(200);
    clock.now += 15 * 60_000;
    expect((await call('ListPackageJobs', {}, { nonce })).json).toMatchObject({ Code: 'SignatureNonceUsed' });
    expect((await call('ListPackageJobs', {}, { nonce, credentials: SESSION_KEY })).status).toBe(200);
    clock.now += 1000;
    expect((await call('ListPackageJobs', {}, { nonce })).status).toBe(200);
  });

  it('does not use up the nonce of a request with a wrong signature', async ({ call }) => {
    const credentials = { ...STATIC_KEY, accessKeySecret: 'x' };
    await call('ListPackageJobs', {}, { nonce: 'once', credentials });
    expect((await call('ListPackageJobs', {}, { nonce: 'once' })).status).toBe(200);
  });

  it('throttles an action above its calls per second until the next second', async ({ clock }) => {
    const emulator = await startEmulator({ now: () => clock.now, limits: { GetPackageJob: 2 } });
    const call = (action: string) =>
      exchange(emulator.endpoint, signV3Request(action, { JobId: 'a' }, { ...emulator, at: clock.now }));
    clock.now += 250;
    expect([(await call('GetPackageJob')).status, (await call('GetPackageJob')).status]).toEqual([404, 404]);
    const throttled = await call('GetPackageJob');
    expect(throttled).toMatchObject({ status: 400, json: { Code: 'Throttling.User' } });
    expect(throttled.headers['x-acs-retry-after']).toBe('750');
    expect((await call('ListPackageJobs')).status).toBe(200);
    clock.now += 750;
    expect((await call('GetPackageJob')).status).toBe(404);
    await emulator.close();
  });

  it('admits temporary credentials in both schemes', async ({ call }) => {
    for (const scheme of ['V1', 'V3'] as const) {
      expect((await call('ListPackageJobs', {}, { scheme, credentials: SESSION_KEY })).status).toBe(200);
    }
  });

  it('sends the time of its clock in the Date header', async ({ call, clock }) => {
    const { headers } = await call('ListPackageJobs');
    expect(wireTime(Date.parse(headers.date ?? ''))).toBe(wireTime(clock.now));
  });
});
