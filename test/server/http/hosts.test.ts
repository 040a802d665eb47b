import { describe, expect } from 'vitest';
import { startGateway } from '../../support/gateway.ts';
import { it } from '../../support/it.ts';
import { openSocket } from '../../support/socket.ts';
import { exchange } from '../../support/wire.ts';

const PRODUCTION = { NODE_ENV: 'production' };

/** The status of a request for a path that names this host, by any version of HTTP. */
async function statusAs(url: string, host: string | undefined, path = '/nothing', version = '1.1') {
  const line = host === undefined ? '' : `host:${host}\r\n`;
  const text = await exchange(url, `GET ${path} HTTP/${version}\r\n${line}connection: close\r\n\r\n`);
  expect(text).toMatch(/"extensions":\{"code":"BAD_REQUEST"|"status":"(alive|ready)"/);
  return Number(text.split(' ', 2)[1]);
}

describe('a gateway on loopback in development', () => {
  it('answers requests that name this machine alone, whatever a site’s own name resolves to', async ({
    gateway: { url },
  }) => {
    for (const host of [
      'localhost',
      ' LOCALHOST:4000 ',
      '127.0.0.1:80',
      '127.1.2.3',
      '[::1]:4000',
      'localhost.',
    ])
      expect([host, await statusAs(url, host)]).toEqual([host, 404]);
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example:4000',
      '192.168.0.1',
    ])
      expect([host, await statusAs(url, host)]).toEqual([host, 421]);
  });

  it('refuses what is no host with 400', async ({ gateway: { url } }) => {
    for (const host of [
      '',
      'a b',
      'localhost, evil.example',
      'user@localhost',
      'localhost:99999',
      'localhost/x',
    ])
      expect([host, await statusAs(url, host)]).toEqual([host, 400]);
  });

  it('wants the header of HTTP/1.1, and does not know who is meant by HTTP/1.0 without it', async ({
    gateway: { url },
  }) => {
    expect(await statusAs(url, undefined)).toBe(400);
    expect(await statusAs(url, undefined, 'http://localhost/nothing')).toBe(400);
    expect(await statusAs(url, undefined, '/nothing', '1.0')).toBe(421);
    expect(await statusAs(url, 'localhost', '/nothing', '1.0')).toBe(404);
  });
});

describe('a gateway with ALLOWED_HOSTS', () => {
  it('answers to the names in the list and to no other, and to health checks by any', async () => {
    const gateway = await startGateway({
      env: { ...PRODUCTION, ALLOWED_HOSTS: 'Jobs.example.com, 10.0.0.5, [2001:db8::1], 127.0.0.1' },
    });
    const { url } = gateway;
    for (const host of ['jobs.example.com', 'JOBS.example.com.:443', '10.0.0.5:4000', '[2001:DB8:0::1]'])
      expect([host, await statusAs(url, host)]).toEqual([host, 404]);
    for (const host of ['localhost', 'example.com', 'a.jobs.example.com', 'jobs.example.com.evil.example'])
      expect([host, await statusAs(url, host)]).toEqual([host, 421]);
    for (const path of ['/livez', '/readyz', '/readyz?verbose', '/live%7A'])
      expect([path, await statusAs(url, '172.17.0.3:4000', path)]).toEqual([path, 200]);
    expect(await statusAs(url, undefined, '/livez', '1.0')).toBe(200);
    expect(await statusAs(url, 'evil.example', '/livez/')).toBe(421);
    await gateway.close();
  });

  it('takes the host of an absolute target for that of the request', async () => {
    const gateway = await startGateway({
      env: { ...PRODUCTION, ALLOWED_HOSTS: 'jobs.example.com, 127.0.0.1' },
    });
    const status = (target: string, host: string) => statusAs(gateway.url, host, target);
    expect(await status('http://jobs.example.com/nothing', 'evil.example')).toBe(404);
    expect(await status('https://jobs.example.com:443?a', 'jobs.example.com')).toBe(404);
    expect(await status('http://evil.example/nothing', 'jobs.example.com')).toBe(421);
    expect(await status('http://evil.example/readyz', 'jobs.example.com')).toBe(200);
    await gateway.close();
  });

  it('lets pages open WebSockets that it served by one of these names, and no others', async () => {
    const gateway = await startGateway({
      env: { ...PRODUCTION, ALLOWED_HOSTS: 'jobs.example.com, 127.0.0.1' },
    });
    const open = (host: string, origin: string) =>
      openSocket(gateway.url, { headers: { host, origin } }).then(
        ({ socket }) => socket.terminate(),
        (error: unknown) => error,
      );
    expect(await open('jobs.example.com', 'https://jobs.example.com')).toBeUndefined();
    expect(await open('jobs.example.com:443', 'https://jobs.example.com')).toBeUndefined();
    expect(await open('jobs.example.com', 'https://evil.example')).toMatchObject({
      message: expect.stringContaining('403'),
    });
    expect(await open('evil.example', 'https://evil.example')).toMatchObject({
      message: expect.stringContaining('421'),
    });
    await gateway.close();
  });
});

describe('a gateway with ALLOWED_HOSTS=*', () => {
  it('answers to every name, and takes no page for its own', async () => {
    const CORS_ORIGINS = 'https://app.example.com';
    const gateway = await startGateway({ env: { ...PRODUCTION, ALLOWED_HOSTS: '*', CORS_ORIGINS } });
    expect(await statusAs(gateway.url, 'whatever.example')).toBe(404);
    expect(await statusAs(gateway.url, undefined, '/nothing', '1.0')).toBe(404);
    expect(await statusAs(gateway.url, 'no host')).toBe(400);
    const open = (origin: string) =>
      openSocket(gateway.url, { headers: { host: 'evil.example', origin } }).then(
        ({ socket }) => socket.terminate(),
        (error: unknown) => error,
      );
    expect(await open('http://evil.example')).toMatchObject({ message: expect.stringContaining('403') });
    expect(await open(CORS_ORIGINS)).toBeUndefined();
    await gateway.close();
  });
});
