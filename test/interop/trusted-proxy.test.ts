import { describe, expect, it, onTestFinished } from 'vitest';
import { startGateway } from '../support/gateway.ts';
import { nginx, startSending } from './support/nginx.ts';

const HOST = 'jobs.example.com';

const opening = (forwardedFor = '', origin = `https://${HOST}`) =>
  `GET /graphql HTTP/1.1\r\nhost: ${HOST}\r\norigin: ${origin}\r\n${forwardedFor}connection: Upgrade\r\nupgrade: websocket\r\n` +
  'sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n' +
  'sec-websocket-protocol: graphql-transport-ws\r\n\r\n';

/** Opens WebSockets through nginx, and gives the status of each. */
async function startBehindNginx(env: Readonly<Record<string, string>>) {
  const gateway = await startGateway({
    env: { NODE_ENV: 'production', ALLOWED_HOSTS: HOST, MAX_STREAMS_PER_ADDRESS: '1', ...env },
  });
  onTestFinished(() => gateway.close());
  const send = await startSending(gateway.url);
  return async (address: string, bytes = opening()) => Number((await send(address, bytes)).split(' ', 2)[1]);
}

describe.skipIf(nginx.skip)(`behind ${nginx.label} as a reverse proxy`, () => {
  it.for(['1', '127.0.0.1'])('each client has limits of its own with TRUST_PROXY=%s', async (TRUST_PROXY) => {
    const open = await startBehindNginx({ TRUST_PROXY });
    expect(await open('203.0.113.7')).toBe(101);
    expect(await open('203.0.113.7')).toBe(429);
    // What a client says of itself is left of what nginx says of it.
    expect(await open('203.0.113.7', opening('x-forwarded-for: 198.51.100.1\r\n'))).toBe(429);
    expect(await open('203.0.113.7', opening('forwarded: for=198.51.100.1\r\n'))).toBe(429);
    const others = Array.from({ length: 100 }, (_, index) => open(`198.51.100.${String(index + 1)}`));
    expect(new Set(await Promise.all(others))).toEqual(new Set([101]));
    expect(await open('2001:db8:1:2::3')).toBe(101);
    expect(await open('2001:db8:1:2:ffff::4')).toBe(429);
    expect(await open('2001:db8:1:3::3')).toBe(101);
  });

  it('all clients are one without TRUST_PROXY', async () => {
    const open = await startBehindNginx({});
    expect(await open('203.0.113.7')).toBe(101);
    expect(await open('203.0.113.8')).toBe(429);
  });

  it('a page of another site opens nothing, by whatever name', async () => {
    const open = await startBehindNginx({ TRUST_PROXY: '1' });
    expect(await open('203.0.113.7', opening('', 'https://evil.example'))).toBe(403);
    const rebound = opening('', 'https://evil.example').replace(HOST, 'evil.example');
    expect(await open('203.0.113.7', rebound)).toBe(421);
  });
});
