import { request, type OutgoingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createChecks } from '../../../src/server/http/checks.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';

const QUERY = '{ packageJob(id: "ab4802364a2e49208c99efab82dfa8e8") { id } }';
const BODY = JSON.stringify({ query: QUERY });
const SEARCH = `?${new URLSearchParams({ query: QUERY }).toString()}`;
const JSON_TYPE = { 'content-type': 'application/json' };
const ORIGIN = 'https://app.example.com';

interface Sent {
  readonly method: string;
  readonly path?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

interface Got {
  readonly status: number;
  readonly code: unknown;
  readonly data: unknown;
  readonly isReadableByApp: boolean;
}

/** Sends just these headers, among them those that `fetch` does not let a program set. */
function send(url: string, { method, path = '', headers = {}, body }: Sent): Promise<Got> {
  const { promise, resolve, reject } = Promise.withResolvers<Got>();
  const options = { method, agent: false, headers: { origin: ORIGIN, ...headers } };
  const outgoing = request(`${url}/graphql${path}`, options);
  outgoing.once('error', reject);
  outgoing.once('response', (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    response.once('end', () => {
      const { errors, data } = JSON.parse(text) as {
        errors?: { extensions: { code?: unknown } }[];
        data?: unknown;
      };
      const code = errors?.[0]?.extensions.code;
      const isReadableByApp = response.headers['access-control-allow-origin'] === ORIGIN;
      resolve({ status: response.statusCode ?? 0, code, data, isReadableByApp });
    });
  });
  outgoing.end(body);
  return promise;
}

const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
  'sec-websocket-protocol': 'graphql-transport-ws',
};

/** Requests that a check refuses, by the name of the check. Each asks for what is in memory, as far as it can. */
const REFUSED: Readonly<Record<string, readonly (readonly [string, Sent, number, string])[]>> = {
  host: [
    [
      'a POST',
      { method: 'POST', headers: { ...JSON_TYPE, host: 'evil.example.com' }, body: BODY },
      421,
      'BAD_REQUEST',
    ],
    [
      'a GET',
      { method: 'GET', path: SEARCH, headers: { ...JSON_TYPE, host: '127.0.0.1.evil.example.com' } },
      421,
      'BAD_REQUEST',
    ],
  ],
  origin: [
    [
      'a page',
      { method: 'GET', headers: { ...UPGRADE, origin: 'https://evil.example.com' } },
      403,
      'FORBIDDEN',
    ],
  ],
  mediaType: [
    ['a text', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: BODY }, 415, 'BAD_REQUEST'],
    [
      'a form',
      { method: 'POST', headers: { 'content-type': 'multipart/form-data' }, body: BODY },
      415,
      'BAD_REQUEST',
    ],
    [
      'a near miss',
      { method: 'POST', headers: { 'content-type': 'application/jsonp' }, body: BODY },
      415,
      'BAD_REQUEST',
    ],
    ['nothing declared', { method: 'POST', body: BODY }, 415, 'BAD_REQUEST'],
  ],
  csrf: [
    ['a link', { method: 'GET', path: SEARCH }, 400, 'BAD_REQUEST'],
    [
      'a link with a simple type',
      { method: 'GET', path: SEARCH, headers: { 'content-type': 'text/plain; charset=utf-8' } },
      400,
      'BAD_REQUEST',
    ],
    [
      'an empty header',
      { method: 'GET', path: SEARCH, headers: { 'apollo-require-preflight': '' } },
      400,
      'BAD_REQUEST',
    ],
    ['a body of nothing', { method: 'POST', headers: { 'content-length': '0' } }, 400, 'BAD_REQUEST'],
  ],
  // A stopping gateway is in `test/server/stop.test.ts`, on both routes.
  draining: [],
};

/** Refusals that are no checks: they need the body, or its document. */
const OTHERS: readonly (readonly [string, Sent, number, string])[] = [
  [
    'a body of 300 KiB',
    { method: 'POST', headers: JSON_TYPE, body: BODY.padEnd(300 * 1024) },
    413,
    'BAD_REQUEST',
  ],
  ['another method', { method: 'PUT', headers: JSON_TYPE, body: BODY }, 405, 'BAD_REQUEST'],
  ['an unknown path', { method: 'POST', path: '/x', headers: JSON_TYPE, body: BODY }, 404, 'BAD_REQUEST'],
];

const ROUTES = [
  ['from memory', { JIT: 'on', ANSWERS_MAX_MB: '64' }],
  ['by Apollo Server', { JIT: 'off', ANSWERS_MAX_MB: '0' }],
] as const;

describe.for(ROUTES)('where the operation is answered %s', ([route, env]) => {
  let gateway: TestGateway;
  let lines: string[] = [];
  const servedFromMemory = () => lines.filter((line) => line.includes('answered from memory')).length;

  beforeAll(async () => {
    gateway = await startGateway({
      env: { ...env, CORS_ORIGINS: ORIGIN },
      onLogLine: (line) => lines.push(line),
    });
    const allowed = { ...JSON_TYPE, 'apollo-require-preflight': '1' };
    for (let time = 0; time < 3; time += 1) {
      await send(gateway.url, { method: 'POST', headers: allowed, body: BODY });
      await send(gateway.url, { method: 'GET', path: SEARCH, headers: allowed });
    }
  });
  afterAll(() => gateway.close());

  it('is served so', async () => {
    lines = [];
    const good = await send(gateway.url, { method: 'POST', headers: JSON_TYPE, body: BODY });
    expect(good).toMatchObject({ status: 200, data: { packageJob: {} } });
    expect(servedFromMemory()).toBe(route === 'from memory' ? 1 : 0);
  });

  it.for(Object.entries(REFUSED).flatMap(([check, rows]) => rows.map((row) => [check, ...row] as const)))(
    'the check %s refuses %s',
    async ([, , sent, status, code]) => {
      lines = [];
      const got = await send(gateway.url, sent);
      expect(got).toEqual({
        status,
        code,
        data: undefined,
        isReadableByApp: sent.headers?.['origin'] === undefined,
      });
      expect(servedFromMemory()).toBe(0);
    },
  );

  it.for(OTHERS)('%s is refused', async ([, sent, status, code]) => {
    expect(await send(gateway.url, sent)).toMatchObject({ status, code, data: undefined });
  });
});

describe('the list of checks', () => {
  it('is covered whole by these tests', () => {
    const checks = createChecks({ stopping: AbortSignal.abort(), isHostChecked: true, corsOrigins: [] });
    expect(Object.keys(REFUSED).toSorted()).toEqual(Object.keys(checks).toSorted());
  });
});
