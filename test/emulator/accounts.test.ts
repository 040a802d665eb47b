import { request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { startEmulator, type EmulatorCredentials } from '../../src/emulator/server.ts';
import { createCertificate } from '../support/tls.ts';
import { exchange, signV3Request } from './support/client.ts';
import { fixtures } from './support/fixtures.ts';
import type { EmulatorFixtures } from './support/fixtures.ts';

const it = test.extend<EmulatorFixtures>(fixtures);

const ROLE = { RoleArn: 'acs:ram::1:role/r', RoleSessionName: 'test' };
const OIDC = { ...ROLE, OIDCProviderArn: 'acs:ram::1:oidc-provider/p', OIDCToken: 'example-token' };

const get = (endpoint: string, path: string, method = 'GET') =>
  exchange(endpoint, { method, path, headers: {}, body: '' });

/** Asks STS, which takes this without a signature. */
const assumeWithOidc = (endpoint: string, parameters: Readonly<Record<string, string>> = OIDC) =>
  exchange(endpoint, {
    method: 'POST',
    path: '/?Action=AssumeRoleWithOIDC&Version=2015-04-01&Format=JSON',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(parameters).toString(),
  });

/** The key in a response of a service. */
function keyIn(value: unknown): EmulatorCredentials {
  const { AccessKeyId, AccessKeySecret, SecurityToken } = value as Record<string, string>;
  return {
    accessKeyId: AccessKeyId ?? '',
    accessKeySecret: AccessKeySecret ?? '',
    securityToken: SecurityToken ?? '',
  };
}

describe('an access key', () => {
  it('is refused from now on, and accepted again', async ({ emulator, call }) => {
    const { accessKeyId } = emulator.credentials;
    for (const refusal of ['InvalidAccessKeyId.Inactive', 'InvalidSecurityToken.Expired'] as const) {
      emulator.refuseKey(accessKeyId, refusal);
      for (let time = 0; time < 3; time += 1)
        expect((await call('ListPackageJobs')).json).toMatchObject({ Code: refusal });
    }
    emulator.refuseKey(accessKeyId, undefined);
    expect((await call('ListPackageJobs')).status).toBe(200);
    expect(() => emulator.refuseKey('nobody', undefined)).toThrow('there is no access key nobody');
  });

  it('that lacks a right is refused for that action alone, with the RAM action', async ({
    emulator,
    call,
  }) => {
    emulator.faults.add({ kind: 'noPermission', action: 'ListPackageJobs', times: 'always' });
    expect(await call('ListPackageJobs')).toMatchObject({
      status: 403,
      json: { Code: 'NoPermission', AccessDeniedDetail: { AuthAction: 'ice:ListPackageJobs' } },
    });
    expect((await call('GetPackageJob', { JobId: 'j1' })).json).toMatchObject({ Code: 'JobNotFound' });
  });

  it('sees no jobs in another region', async ({ emulator, call }) => {
    const JobId = emulator.jobs.add();
    emulator.faults.add({ kind: 'otherRegion', times: 'always' });
    expect((await call('GetPackageJob', { JobId })).json).toMatchObject({ Code: 'JobNotFound' });
    expect((await call('ListPackageJobs')).json).toMatchObject({ PackageJobList: { PackageJobs: [] } });
  });
});

describe('a firewall', () => {
  it('throttles with a page of its own and a plain Retry-After, in seconds or as a date', async ({
    emulator,
    call,
  }) => {
    const fault = { kind: 'throttle', status: 429, body: 'html', retryAfterMs: 2000 } as const;
    emulator.faults.add({ ...fault, header: 'retry-after' }, { ...fault, header: 'retry-after-date' });
    const first = await call('ListPackageJobs');
    expect([first.status, first.headers['retry-after'], first.headers['x-acs-retry-after']]).toEqual([
      429,
      '2',
      undefined,
    ]);
    expect(first.text).toContain('<html>');
    const { headers } = await call('ListPackageJobs');
    expect(Date.parse(headers['retry-after'] ?? '')).toBeGreaterThan(Date.now() - 1000);
  });
});

describe('services that give keys', () => {
  it.for([
    ['a credentials URI', async (at: string) => (await get(at, '/credentials')).json],
    ['STS, for an OIDC token', async (at: string) => (await assumeWithOidc(at)).json['Credentials']],
    [
      'the metadata service',
      async (at: string) => {
        expect((await get(at, '/latest/api/token', 'PUT')).text).toMatch(/^[0-9a-f]{32}$/);
        const folder = '/latest/meta-data/ram/security-credentials/';
        const role = (await get(at, folder)).text;
        expect((await get(at, `${folder}another`)).status).toBe(404);
        return (await get(at, `${folder}${role}`)).json;
      },
    ],
  ] as const)('are there: ICE takes a key of %s until it expires', async ([, ask], { emulator, clock }) => {
    const key = keyIn(await ask(emulator.endpoint));
    const list = () => {
      const options = { endpoint: emulator.endpoint, credentials: key, at: clock.now };
      return exchange(emulator.endpoint, signV3Request('ListPackageJobs', {}, options));
    };
    expect((await list()).status).toBe(200);
    clock.now += 3_600_000;
    expect((await list()).json).toMatchObject({ Code: 'InvalidSecurityToken.Expired' });
  });

  it('have a role taken with a key alone that is good', async ({ emulator, clock }) => {
    const assume = (credentials: EmulatorCredentials) => {
      const options = { endpoint: emulator.endpoint, credentials, at: clock.now, version: '2015-04-01' };
      return exchange(emulator.endpoint, signV3Request('AssumeRole', ROLE, options));
    };
    expect((await assume(emulator.credentials)).json).toMatchObject({
      Credentials: { SecurityToken: expect.any(String) },
    });
    const wrong = { ...emulator.credentials, accessKeySecret: 'wrong' };
    expect((await assume(wrong)).json).toMatchObject({ Code: 'SignatureDoesNotMatch' });
    expect((await assumeWithOidc(emulator.endpoint, ROLE)).json).toMatchObject({
      Code: 'MissingOIDCProviderArn',
    });
  });

  it('fail by faults that name them, and by no other', async ({ emulator }) => {
    const code = 'AuthenticationFail.OIDCToken.Expired';
    emulator.faults.add({ kind: 'status', status: 503, times: 'always' });
    expect((await assumeWithOidc(emulator.endpoint)).status).toBe(200);
    emulator.faults.clear();
    emulator.faults.add({ kind: 'status', status: 400, code, action: 'AssumeRoleWithOIDC' });
    expect((await assumeWithOidc(emulator.endpoint)).json).toMatchObject({ Code: code });
    expect((await assumeWithOidc(emulator.endpoint)).status).toBe(200);
    // None of it is a call of ICE.
    expect(emulator.countRequests()).toBe(0);
  });
});

/** What a proxy answers to CONNECT. */
function tunnel(endpoint: string, target: string) {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number | undefined;
    socket: Socket;
  }>();
  const { hostname, port } = new URL(endpoint);
  httpRequest({ hostname, port, method: 'CONNECT', path: target })
    .on('connect', ({ statusCode }, socket) => resolve({ status: statusCode, socket }))
    .on('error', reject)
    .end();
  return promise;
}

describe('the emulator as a proxy', () => {
  it('leads tunnels to hosts of Alibaba Cloud to itself, with its certificate', async () => {
    const certificate = await createCertificate('ice.cn-beijing.aliyuncs.com', 'localhost');
    const emulator = await startEmulator({ tls: certificate });
    const { status, socket } = await tunnel(emulator.endpoint, 'ice.cn-beijing.aliyuncs.com:443');
    expect(status).toBe(200);
    const secure = connectTls({
      socket,
      servername: 'ice.cn-beijing.aliyuncs.com',
      ca: [certificate.cert],
    });
    secure.write('GET /credentials HTTP/1.1\r\nHost: sts.aliyuncs.com\r\nConnection: close\r\n\r\n');
    const chunks: Buffer[] = [];
    for await (const chunk of secure) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toContain('AccessKeyId');
    expect((await tunnel(emulator.endpoint, 'example.com:443')).status).toBe(403);
    expect(emulator.tlsEndpoint).toMatch(/^https:\/\/localhost:\d+$/);
    await emulator.close();
  });

  it('refuses as a fault says, and tunnels are none without TLS', async ({ emulator }) => {
    const target = 'ice.cn-beijing.aliyuncs.com:443';
    emulator.faults.add({ kind: 'proxy' }, { kind: 'proxy', status: 503 });
    expect((await tunnel(emulator.endpoint, target)).status).toBe(407);
    expect((await tunnel(emulator.endpoint, target)).status).toBe(503);
    expect((await tunnel(emulator.endpoint, target)).status).toBe(502);
  });

  it('carries plain requests, and refuses these too', async ({ emulator }) => {
    const ask = () => get(emulator.endpoint, 'http://ice.cn-beijing.aliyuncs.com/credentials');
    emulator.faults.add({ kind: 'proxy', status: 403 });
    expect((await ask()).status).toBe(403);
    expect((await ask()).json).toMatchObject({ Code: 'Success' });
  });
});
