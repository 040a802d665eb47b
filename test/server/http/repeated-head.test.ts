import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Refusal } from '../../../src/server/http/refusal.ts';
import { checkHeadsOnce } from '../../../src/server/http/repeated-head.ts';

const REFUSAL: Refusal = { status: 400, code: 'BAD_REQUEST', message: 'refused' };

interface Head {
  readonly method: string;
  readonly url: string;
  readonly httpVersion: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

const FIRST: Head = {
  method: 'POST',
  url: '/graphql',
  httpVersion: '1.1',
  headers: [
    ['Host', 'a.example'],
    ['Content-Length', '10'],
    ['x-request-id', 'one'],
    ['Authorization', 'Bearer one'],
    ['accept', '*/*'],
  ],
};

function requestOf(
  socket: Socket,
  { method, url, httpVersion, headers }: Head,
  host?: string,
): IncomingMessage {
  const request = Object.assign(new IncomingMessage(socket), { method, url, httpVersion });
  request.rawHeaders = headers.flat();
  request.headers = Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));
  if (host !== undefined) request.headers.host = host;
  return request;
}

const withHeader = (name: string, value: string): Head => ({
  ...FIRST,
  headers: FIRST.headers.map(([key, known]) => [key, key === name ? value : known] as const),
});

/** How often the check of a head ran for these requests, on one connection. */
function checksOf(...requests: readonly (readonly [head: Head, host?: string | undefined])[]): number {
  const socket = new Socket();
  let checks = 0;
  const check = checkHeadsOnce({
    counted: () => {
      checks += 1;
      return undefined;
    },
  });
  for (const [head, host] of requests) check(requestOf(socket, head, host), { key: 'client' });
  return checks;
}

describe('the head of a request', () => {
  it('is checked once for a connection that repeats it', () => {
    expect(checksOf([FIRST], [FIRST], [FIRST])).toBe(1);
  });

  it.for([
    ['Content-Length', '11'],
    ['x-request-id', 'two'],
    ['Authorization', 'Bearer two'],
  ] as const)('is the same with another %s', ([name, value]) => {
    expect(checksOf([FIRST], [withHeader(name, value)])).toBe(1);
  });

  it.for<readonly [difference: string, head: Head, host?: string | undefined]>([
    ['method', { ...FIRST, method: 'GET' }],
    ['target', { ...FIRST, url: '/graphql?query={a}' }],
    ['version', { ...FIRST, httpVersion: '1.0' }],
    ['host', withHeader('Host', 'b.example')],
    ['authority in its target', FIRST, 'b.example'],
    ['header', withHeader('accept', 'image/png')],
    ['length of nothing', withHeader('Content-Length', '0')],
    ['header more', { ...FIRST, headers: [...FIRST.headers, ['origin', 'https://evil.example']] }],
    ['header less', { ...FIRST, headers: FIRST.headers.slice(0, -1) }],
    ['order', { ...FIRST, headers: FIRST.headers.toReversed() }],
    ['name', { ...FIRST, headers: [['Content-Type', 'a.example'], ...FIRST.headers.slice(1)] }],
  ])('is checked again with another %s', ([, head, host]) => {
    expect(checksOf([FIRST], [head, host])).toBe(2);
  });

  it('is checked on each connection', () => {
    let checks = 0;
    const check = checkHeadsOnce({ counted: () => void (checks += 1) });
    for (const socket of [new Socket(), new Socket()]) check(requestOf(socket, FIRST), { key: 'client' });
    expect(checks).toBe(2);
  });

  it('is refused as often as it comes', () => {
    const socket = new Socket();
    const check = checkHeadsOnce({ passes: () => undefined, refuses: () => REFUSAL });
    for (let count = 0; count < 3; count += 1)
      expect(check(requestOf(socket, FIRST), { key: 'client' })).toBe(REFUSAL);
  });

  it('with very many headers is checked each time', () => {
    const many = {
      ...FIRST,
      headers: Array.from({ length: 40 }, (_, index) => [`x-${String(index)}`, ''] as const),
    };
    expect(checksOf([many], [many])).toBe(2);
  });

  it.for<readonly [what: string, head: Head]>([
    ['header', { ...FIRST, headers: [...FIRST.headers, ['cookie', 'a'.repeat(4096)]] }],
    ['target', { ...FIRST, url: `/graphql?query=${'a'.repeat(4096)}` }],
  ])('with a very long %s is checked each time', ([, head]) => {
    expect(checksOf([head], [head])).toBe(2);
  });

  it('that offers an upgrade is checked each time, as it may be taken once and not another time', () => {
    const offer: Head = {
      ...FIRST,
      method: 'GET',
      headers: [...FIRST.headers, ['upgrade', 'websocket'], ['connection', 'upgrade']],
    };
    expect(checksOf([offer], [offer])).toBe(2);
  });
});
