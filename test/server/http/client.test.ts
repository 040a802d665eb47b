import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createClientOf, type TrustedProxies } from '../../../src/server/http/client.ts';
import { startGateway } from '../../support/gateway.ts';
import { openSocket } from '../../support/socket.ts';

/** The key of a client whose request came from `peer` with this `X-Forwarded-For`. */
function keyOf(trusted: TrustedProxies, peer: string | undefined, header?: string): string {
  const request = {
    socket: { remoteAddress: peer },
    headers: header === undefined ? {} : { 'x-forwarded-for': header },
  } as unknown as IncomingMessage;
  return createClientOf(trusted)(request).key;
}

describe('without trusted proxies', () => {
  it('a client is the address of its connection, whatever it says', () => {
    expect(keyOf(0, '203.0.113.7')).toBe('203.0.113.7');
    expect(keyOf(0, '203.0.113.7', '198.51.100.1')).toBe('203.0.113.7');
    expect(keyOf(0, '::ffff:203.0.113.7')).toBe('203.0.113.7');
    expect(keyOf(0, '2001:db8:1:2::3')).toBe('2001:db8:1:2::/64');
    expect(keyOf(0, 'fe80::1%eth0')).toBe('fe80:0:0:0::/64');
  });

  it('a connection without an address is no one that limits do not hold for', () => {
    expect(keyOf(0, undefined)).toBe('unknown');
    expect(keyOf(1, undefined, 'nobody')).toBe('unknown');
  });

  it('stays the same for as long as the connection is used', () => {
    const socket = { remoteAddress: '203.0.113.7' as string | undefined };
    const clientOf = createClientOf(0);
    const request = { socket, headers: {} } as unknown as IncomingMessage;
    const before = clientOf(request);
    socket.remoteAddress = undefined;
    expect(clientOf(request)).toBe(before);
  });
});

describe('behind a number of proxies', () => {
  it.for<[number, string | undefined, string]>([
    [1, '203.0.113.7', '203.0.113.7'],
    [1, '198.51.100.1, 203.0.113.7', '203.0.113.7'],
    [2, '198.51.100.1, 203.0.113.7, 10.0.0.2', '203.0.113.7'],
    [2, '203.0.113.7', '203.0.113.7'],
    [2, '203.0.113.7, unknown', '203.0.113.7'],
    [1, ' 203.0.113.7:41234 ', '203.0.113.7'],
    [1, '[2001:db8:1:2::3]:443', '2001:db8:1:2::/64'],
    [1, '2001:db8:1:2::3', '2001:db8:1:2::/64'],
    [1, '::ffff:203.0.113.7', '203.0.113.7'],
    [1, '198.51.100.1, , 203.0.113.7,,', '203.0.113.7'],
    // What is no address leaves the one that said so.
    [1, 'unknown', '10.0.0.1'],
    [1, '198.51.100.1, garbage', '10.0.0.1'],
    [2, 'garbage, 203.0.113.7', '203.0.113.7'],
    [1, '', '10.0.0.1'],
    [1, ',,,', '10.0.0.1'],
    [1, undefined, '10.0.0.1'],
  ])('%i, X-Forwarded-For %j is of %s', ([proxies, header, key]) => {
    expect(keyOf(proxies, '10.0.0.1', header)).toBe(key);
  });
});

describe('behind proxies with addresses', () => {
  const NETWORKS = ['10.0.0.0/8', '192.0.2.1', 'fd00::/8'];

  it.for<[string, string | undefined, string]>([
    ['10.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['::ffff:10.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['fd00::1', '203.0.113.7', '203.0.113.7'],
    ['10.0.0.1', '198.51.100.1, 203.0.113.7, 192.0.2.1, 10.9.9.9', '203.0.113.7'],
    ['10.0.0.1', '2001:db8:1:2::3, [fd00::2]:80', '2001:db8:1:2::/64'],
    // Whoever is no proxy is the client, whatever it says.
    ['203.0.113.7', '198.51.100.1', '203.0.113.7'],
    ['192.0.2.2', '198.51.100.1', '192.0.2.2'],
    ['2001:db8:1:2::3', '198.51.100.1', '2001:db8:1:2::/64'],
    // All are proxies: the client is the furthest.
    ['10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['10.0.0.1', 'unknown', '10.0.0.1'],
    ['10.0.0.1', '198.51.100.1, unknown, 10.0.0.2', '10.0.0.2'],
    ['10.0.0.1', undefined, '10.0.0.1'],
  ])('a request from %s with X-Forwarded-For %j is of %s', ([peer, header, key]) => {
    expect(keyOf(NETWORKS, peer, header)).toBe(key);
  });

  it('a header costs no more the longer it is', () => {
    const header = `198.51.100.1${', 10.0.0.2'.repeat(1000)}`;
    expect(keyOf(NETWORKS, '10.0.0.1', header)).toBe('10.0.0.2');
  });
});

describe('a limit for each client', () => {
  const statusOf = (url: string, forwardedFor: string) =>
    openSocket(url, { headers: { 'x-forwarded-for': forwardedFor } }).then(
      ({ socket }) => {
        sockets.push(socket);
        return 'open';
      },
      (error: unknown) => (error instanceof Error ? error.message : error),
    );
  const sockets: { terminate(): void }[] = [];

  it.for([
    ['1', 'open', 'Unexpected server response: 429'],
    ['127.0.0.0/8, ::1', 'open', 'Unexpected server response: 429'],
    ['10.0.0.0/8', 'Unexpected server response: 429', 'Unexpected server response: 429'],
  ] as const)('behind TRUST_PROXY=%s holds for whom the proxy names', async ([TRUST_PROXY, other, same]) => {
    const gateway = await startGateway({ env: { TRUST_PROXY, MAX_STREAMS_PER_ADDRESS: '1' } });
    expect(await statusOf(gateway.url, '203.0.113.7')).toBe('open');
    expect(await statusOf(gateway.url, '203.0.113.8')).toBe(other);
    expect(await statusOf(gateway.url, '198.51.100.1, 203.0.113.7')).toBe(same);
    for (const socket of sockets.splice(0)) socket.terminate();
    await gateway.close();
  });
});
