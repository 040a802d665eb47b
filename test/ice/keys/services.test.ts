import { afterEach, describe, expect, it } from 'vitest';
import { createServerClock } from '../../../src/ice/clock.ts';
import { chooseSource } from '../../../src/ice/keys/choose-source.ts';
import { instanceRole } from '../../../src/ice/keys/instance-role.ts';
import { createServices } from '../../../src/ice/keys/service.ts';
import { NO_PROXIES } from '../../../src/ice/proxy.ts';
import { serve, startProxy, type LoopbackServer } from '../../support/loopback.ts';

const KEYS = {
  AccessKeyId: 'example-access-key',
  AccessKeySecret: 'not-a-real-secret',
  SecurityToken: 'not-a-real-token',
  Expiration: '2030-01-01T00:00:00Z',
};
const closing: LoopbackServer[] = [];

afterEach(async () => {
  for (const server of closing.splice(0)) await server.close();
});

function servicesOf(proxies = NO_PROXIES) {
  const clock = createServerClock(Date.now, () => undefined);
  return createServices({ proxies, clock, machineNow: Date.now });
}

describe('a URI', () => {
  it('gives keys, and its failures as codes', async () => {
    const answers = [200, 404, 500];
    const service = await serve((_request, response) => {
      response.statusCode = answers.shift() ?? 200;
      response.end(JSON.stringify({ Code: 'Success', ...KEYS, more: 'canary' }));
    });
    closing.push(service);
    const settings = { uri: `http://127.0.0.1:${String(service.port)}/keys`, isInstanceRoleOff: true };
    const lookUp = async () => (await chooseSource(settings, servicesOf())).lookUp();
    await expect(lookUp()).resolves.toMatchObject({ expiresAt: Date.UTC(2030, 0, 1) });
    await expect(lookUp()).rejects.toMatchObject({
      reason: 'HTTP_404',
      message: 'credentials URI: HTTP_404',
    });
    await service.close();
    await expect(lookUp()).rejects.toMatchObject({ reason: 'ECONNREFUSED' });
  });
});

describe('the role of this instance', () => {
  it('comes from the metadata service, with a token, and never through a proxy', async () => {
    const asked: (string | undefined)[] = [];
    const metadata = await serve((request, response) => {
      asked.push(
        `${request.method ?? ''} ${request.url ?? ''} ${String(request.headers['x-aliyun-ecs-metadata-token'])}`,
      );
      if (request.method === 'PUT') response.end('meta-token');
      else if (request.url?.endsWith('/') === true) response.end('role-of-node');
      else response.end(JSON.stringify({ Code: 'Success', ...KEYS }));
    });
    const proxy = await startProxy({});
    closing.push(metadata, proxy);
    const url = new URL(`http://127.0.0.1:${String(proxy.port)}`);
    const services = servicesOf({ https: url, http: url, except: '' });
    const source = instanceRole(undefined, services, `http://127.0.0.1:${String(metadata.port)}`);
    expect((await source.lookUp()).credentials.accessKeyId).toBe('example-access-key');
    const path = '/latest/meta-data/ram/security-credentials/';
    expect(asked).toEqual([
      'PUT /latest/api/token undefined',
      `GET ${path} meta-token`,
      `GET ${path}role-of-node meta-token`,
    ]);
    expect(proxy.asked).toEqual([]);
  });

  it('is asked without a token where the service gives none, and told as missing where it has none', async () => {
    const metadata = await serve((request, response) => {
      response.statusCode = 404;
      response.end(request.url);
    });
    closing.push(metadata);
    const source = instanceRole(undefined, servicesOf(), `http://127.0.0.1:${String(metadata.port)}`);
    await expect(source.lookUp()).rejects.toMatchObject({ reason: 'HTTP_404' });
  });
});
