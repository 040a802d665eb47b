import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { isTarget, normalizeTarget } from '../../../src/server/http/target.ts';
import { it } from '../../support/it.ts';
import { exchange } from '../../support/wire.ts';

/** A request as far as its target goes. */
const requestOf = (url: string, method = 'GET') =>
  ({ url, method, headers: { host: 'a' } as IncomingHttpHeaders }) as IncomingMessage;

function read(url: string): readonly [string | undefined, string | undefined] {
  const request = requestOf(url);
  normalizeTarget(request);
  return [request.url, request.headers.host];
}

describe('the target of a request', () => {
  it.for([
    ['/graphql', '/graphql', 'a'],
    ['/graphql?query=%7B#', '/graphql?query=%7B#', 'a'],
    ['/graphq%6c', '/graphql', 'a'],
    ['/%67%72aphq%6C?query=%61', '/graphql?query=%61', 'a'],
    ['/a%2Fb%20c%3f', '/a%2Fb%20c%3f', 'a'],
    ['/a%2Fb%20c%ff%3f', '/#', 'a'],
    ['/a%zz%', '/#', 'a'],
    ['/graphql%?query=a', '/#', 'a'],
    ['http://b/%e2%82', '/#', 'b'],
    ['/a?b=%ff%', '/a?b=%ff%', 'a'],
    ['/%2567', '/%2567', 'a'],
    ['//b/graphql', '//b/graphql', 'a'],
    ['*', '*', 'a'],
    ['http://b/graphql', '/graphql', 'b'],
    ['HTTPS://B:443/graphq%6c?x=1', '/graphql?x=1', 'B:443'],
    ['http://b', '/', 'b'],
    ['http://b?x=1', '/?x=1', 'b'],
    ['http://[::1]:80/', '/', '[::1]:80'],
    ['http://user@b/graphql', 'http://user@b/graphql', 'a'],
    ['http:///graphql', 'http:///graphql', 'a'],
    ['http://b:99999/graphql', 'http://b:99999/graphql', 'a'],
    ['ftp://b/graphql', 'ftp://b/graphql', 'a'],
  ])('%j is read as %j of the host %s', ([url = '', target, host]) => {
    expect(read(url)).toEqual([target, host]);
  });

  it.for([
    ['/', 'GET', true],
    ['/a?b', 'GET', true],
    ['*', 'OPTIONS', true],
    ['*', 'GET', false],
    ['', 'GET', false],
    ['/a#b', 'GET', false],
    ['/a?b#c', 'GET', false],
    ['http://user@b/', 'GET', false],
    ['ftp://b/', 'GET', false],
  ] as const)('%j of %s is one: %s', ([url, method, is]) => {
    expect(isTarget(requestOf(url, method))).toBe(is);
  });

  it('names no host where the request has no Host header', () => {
    const request = requestOf('http://b/graphql');
    request.headers = {};
    normalizeTarget(request);
    expect(request.headers).toEqual({});
  });
});

/** `/graphql` with some of its characters percent-encoded, and what a router might cut off behind it. */
const spelled = fc
  .tuple(
    fc.array(fc.constantFrom('as is', 'lower', 'upper'), { minLength: 7, maxLength: 7 }),
    fc.constantFrom('', 'http://127.0.0.1', 'HTTP://127.0.0.1:80'),
    fc.constantFrom('', '#', '#a', ';', ';a', '/', '%3f', '%23', '%00'),
  )
  .map(([styles, prefix, suffix]) => {
    const characters = Array.from('graphql', (character, index) => {
      const code = `%${character.charCodeAt(0).toString(16)}`;
      return { 'as is': character, lower: code, upper: code.toUpperCase() }[styles[index] ?? 'as is'];
    });
    return `${prefix}/${characters.join('')}${suffix}`;
  });

describe('no spelling of a path', () => {
  it('leads to GraphQL around the checks', async ({ gateway }) => {
    const headers = 'host: 127.0.0.1\r\n';
    const upgrade =
      'origin: http://evil.example\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n' +
      'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-protocol: graphql-transport-ws\r\n';
    await fc.assert(
      fc.asyncProperty(spelled, async (target) => {
        const query = '?query=%7B__typename%7D';
        const answers = await Promise.all([
          exchange(gateway.url, `GET ${target}${query} HTTP/1.1\r\n${headers}connection: close\r\n\r\n`),
          exchange(gateway.url, `GET ${target} HTTP/1.1\r\n${headers}${upgrade}\r\n`),
        ]);
        for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 (?:400|403|404) /);
      }),
      { numRuns: 200 },
    );
  });
});
