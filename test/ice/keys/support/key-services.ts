import { mkdirSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { createServerClock } from '../../../../src/ice/clock.ts';
import { chooseSource } from '../../../../src/ice/keys/choose-source.ts';
import type { KeySettings } from '../../../../src/ice/keys/key-source.ts';
import { createServices } from '../../../../src/ice/keys/service.ts';
import { NO_PROXIES, type ProxySettings } from '../../../../src/ice/proxy.ts';
import { makeFolder } from '../../../support/folder.ts';
import { serve, startProxy, type LoopbackServer } from '../../../support/loopback.ts';
import { createCertificate } from '../../../support/tls.ts';

export const CANARY = 'canary-secret';
export const ROLE = { roleArn: 'acs:ram::1:role/r', providerArn: 'acs:ram::1:oidc-provider/p' };
const certificate = await createCertificate(
  'sts.aliyuncs.com',
  'sts.cn-beijing.aliyuncs.com',
  'signin.example.com',
  'oauth.aliyun.com',
  'oauth.alibabacloud.com',
);
const closing: LoopbackServer[] = [];
let home = '';
let trustedBefore: string[];

/** Has the suite trust the services, gives each test a home, and closes its services. Every suite calls it once. */
export function useKeyServices(): void {
  beforeAll(() => {
    trustedBefore = getCACertificates('default');
    setDefaultCACertificates([...trustedBefore, certificate.cert]);
  });
  afterAll(() => setDefaultCACertificates(trustedBefore));
  beforeEach(() => {
    home = makeFolder();
  });
  afterEach(async () => {
    for (const server of closing.splice(0).toReversed()) await server.close();
  });
}

/** STS, or another service, behind a proxy that all https goes through. It notes what it is asked. */
export async function startService(
  answer: (request: IncomingMessage, body: string, response: ServerResponse) => unknown,
) {
  const asked: {
    readonly url: URL;
    readonly body: URLSearchParams;
    readonly headers: IncomingMessage['headers'];
  }[] = [];
  const service = await serve((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', `https://${request.headers.host ?? ''}`);
      asked.push({ url, body: new URLSearchParams(body), headers: request.headers });
      const result = answer(request, body, response);
      if (!response.writableEnded) response.end(JSON.stringify(result));
    });
  }, certificate);
  const proxy = await startProxy({ route: () => service.port });
  closing.push(service, proxy);
  const proxies: ProxySettings = {
    https: new URL(`http://127.0.0.1:${String(proxy.port)}`),
    http: undefined,
    except: '',
  };
  return { asked, proxy, proxies };
}

export const credentials = (id: string) => ({
  RequestId: 'A',
  Credentials: {
    AccessKeyId: id,
    AccessKeySecret: 'not-a-real-secret',
    SecurityToken: 'not-a-real-token',
    Expiration: '2030-01-01T00:00:00Z',
  },
});

export function servicesOf(proxies = NO_PROXIES, machineNow: () => number = Date.now) {
  const clock = createServerClock(machineNow, () => undefined);
  return createServices({ proxies, clock, machineNow });
}

export async function lookUp(settings: KeySettings, services = servicesOf()) {
  const source = await chooseSource({ isInstanceRoleOff: true, ...settings }, services);
  return { name: source.name, keys: await source.lookUp() };
}

/** A path in the test's folder. */
export const pathOf = (path: string) => join(home, path);

export function write(path: string, content: unknown): string {
  const file = pathOf(path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

export const profile = (members: object) => ({ current: 'main', profiles: [{ name: 'main', ...members }] });
export const AK = { access_key_id: 'example-access-key', access_key_secret: 'not-a-real-secret' };
export const KEYS = { accessKeyId: 'example-access-key', accessKeySecret: 'not-a-real-secret' };

/** The reason why a look-up gives no keys. It is all that is told of it. */
export async function reasonOf(settings: KeySettings, services = servicesOf()): Promise<string> {
  const error = await lookUp(settings, services).then(
    () => expect.unreachable('there were keys'),
    (error: unknown) => error as Error & { reason: string },
  );
  expect(JSON.stringify([error, error.message, error.stack, error.cause])).not.toContain(CANARY);
  return error.reason;
}
