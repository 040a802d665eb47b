import { pino } from 'pino';
import { describe, expect } from 'vitest';
import { createJobs, EVERY_JOB } from '../../../src/jobs/jobs.ts';
import { logEvents } from '../../../src/telemetry/log.ts';
import { createEvents } from '../../support/events.ts';
import { post, startGateway } from '../../support/gateway.ts';
import { it } from '../../support/it.ts';
import { createServerOf } from '../../support/server.ts';
import { exchange } from '../../support/wire.ts';

const broken = (): Promise<never> => Promise.reject(new TypeError('canary'));

const json = { 'content-type': 'application/json' };

describe('refusals below GraphQL', () => {
  it.for([
    ['an unknown path', 'GET', '/nothing', {}, undefined, 404, /nothing at this path/],
    ['another method', 'PUT', '/graphql', json, '{}', 405, '/graphql takes GET, HEAD, OPTIONS, POST'],
    ['another method', 'DELETE', '/graphql', {}, undefined, 405, '/graphql takes GET, HEAD, OPTIONS, POST'],
    ['a write to a page', 'POST', '/readyz', json, '{}', 405, '/readyz takes GET, HEAD, OPTIONS'],
    ['a write to the board', 'POST', '/board', json, '{}', 405, '/board takes GET, HEAD, OPTIONS'],
    [
      'a body of 300 KiB',
      'POST',
      '/graphql',
      json,
      'x'.repeat(300 * 1024),
      413,
      'The request body is over 262144 bytes',
    ],
    [
      'a form',
      'POST',
      '/graphql',
      { 'content-type': 'application/x-www-form-urlencoded' },
      'query=a',
      415,
      /Media Type/,
    ],
    [
      'plain text',
      'POST',
      '/graphql',
      { 'content-type': 'text/plain' },
      '{"query":"{a}"}',
      415,
      /Media Type/,
    ],
    [
      'a body without a type',
      'POST',
      '/graphql',
      { 'content-type': '' },
      '{"query":"{a}"}',
      415,
      /Media Type/,
    ],
    ['invalid JSON', 'POST', '/graphql', json, '{"query":', 400, /not valid JSON/],
    ['an empty body', 'POST', '/graphql', json, '', 400, /empty/],
    ['a path that is no text', 'GET', '/%ff', {}, undefined, 400, /must be a path, percent-encoded in UTF-8/],
    ['a list of operations', 'POST', '/graphql', json, '[{"query":"{__typename}"}]', 400, /batching/],
    ['no operation', 'POST', '/graphql', json, '{"variables":{}}', 400, /non-empty `query`/],
    ['a query that is no text', 'POST', '/graphql', json, '{"query":7}', 400, /must be strings/],
    [
      'variables that are no object',
      'POST',
      '/graphql',
      json,
      '{"query":"{__typename}","variables":[]}',
      400,
      /object/,
    ],
    [
      'a key that reaches for the prototype',
      'POST',
      '/graphql',
      json,
      '{"__proto__":{"query":"{a}"}}',
      400,
      /JSON/,
    ],
  ] as const)(
    'answer %s (%s %s) in the shape of GraphQL errors',
    async ([, method, path, headers, body, status, message], { gateway }) => {
      const init: RequestInit = { method, headers, body: body ?? null };
      const response = await fetch(gateway.url + path, init);
      expect(response.status).toBe(status);
      expect(response.headers.get('content-type')).toMatch(/^application\/json/);
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(await response.json()).toEqual({
        errors: [
          {
            message: expect.stringMatching(message),
            extensions: {
              code: 'BAD_REQUEST',
              retryable: false,
              requestId: response.headers.get('x-request-id'),
            },
          },
        ],
      });
      expect(gateway.emulator.countRequests()).toBe(0);
    },
  );

  it.for([
    ['headers over 16 KiB', `GET /graphql HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
    ['no HTTP', 'hello\r\n\r\n', 400],
  ] as const)('answer %s before there is a request', async ([, bytes, status], { gateway }) => {
    const [head = '', body = ''] = (await exchange(gateway.url, bytes)).split('\r\n\r\n');
    expect(head).toContain(`HTTP/1.1 ${String(status)} `);
    expect(head).toContain('cache-control: no-store');
    expect(JSON.parse(body)).toMatchObject({
      errors: [{ extensions: { code: 'BAD_REQUEST', retryable: false } }],
    });
  });

  it('mask an unexpected error, and log it with its stack', async () => {
    const lines: string[] = [];
    const logger = pino({}, { write: (line: string) => lines.push(line) });
    const events = createEvents();
    logEvents(events, logger);
    const access = {
      get: broken,
      peek: () => undefined,
      renew: unused,
      maxAgeMs: 1000,
      peekFresh: () => undefined,
      served: unused,
      check: unused,
      holds: unused,
      checkReads: () => undefined,
      absence: unused,
      freshAbsence: unused,
      countListener: unused,
      refresh: unused,
      list: broken,
      listen: unused,
      follow: unused,
      canSubmit: true,
      submit: broken,
      freshForMs: unused,
      pollAfterMs: unused,
      isTimed: unused,
    };
    const jobs = createJobs(access, EVERY_JOB);
    const app = await createServerOf({ jobsFor: () => jobs, logger, app: { events: events.server } });
    app.get('/broken', broken);
    const url = await app.listen({ port: 0 });
    const answer = await post(url, { query: '{ packageJob(id: "a") { id } packageJobs { nodes { id } } }' });
    const page = await fetch(`${url}/broken`);
    const pageBody = await page.text();
    await app.close();

    const requestId = answer.headers.get('x-request-id');
    const masked = {
      message: 'Internal server error',
      extensions: { code: 'INTERNAL_SERVER_ERROR', requestId },
    };
    expect(answer.errors).toMatchObject([masked, masked]);
    expect(page.status).toBe(500);
    expect(JSON.stringify(answer.errors) + pageBody).not.toContain('canary');
    expect(lines.filter((line) => line.includes('TypeError: canary\\n    at'))).toHaveLength(3);
  });
});

describe('a method that a path does not take', () => {
  it('is answered with those it takes', async ({ gateway }) => {
    const response = await fetch(`${gateway.url}/graphql`, { method: 'PUT' });
    expect(response.headers.get('allow')).toBe('GET, HEAD, OPTIONS, POST');
  });
});

describe('request ids', () => {
  it('are the client’s own where they are fit for a log, and new otherwise', async ({ gateway }) => {
    const idFor = async (id: string) =>
      (await fetch(`${gateway.url}/livez`, { headers: { 'x-request-id': id } })).headers;
    expect((await idFor('trace-1.a')).get('x-request-id')).toBe('trace-1.a');
    expect((await idFor('a b"')).get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
    expect((await idFor('x'.repeat(65))).get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
  });
});

const preflight = async (url: string, origin: string) => {
  const headers = {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type',
  };
  const response = await fetch(`${url}/graphql`, { method: 'OPTIONS', headers });
  return response.headers.get('access-control-allow-origin');
};

describe('cross-origin requests', () => {
  it('are allowed from this machine alone by default', async ({ gateway }) => {
    const allowed = ['http://localhost:5173', 'http://127.0.0.1:3000', 'https://[::1]:8443'];
    for (const origin of allowed) expect(await preflight(gateway.url, origin)).toBe(origin);
    for (const origin of ['https://example.com', 'http://localhost.example.com', 'null']) {
      expect(await preflight(gateway.url, origin)).toBeNull();
    }
  });

  it('are allowed from the origins configured alone', async () => {
    const gateway = await startGateway({
      env: { CORS_ORIGINS: 'https://a.example.com, https://b.example.com' },
    });
    const answers = ['https://a.example.com', 'https://b.example.com', 'http://localhost:5173'].map(
      (origin) => preflight(gateway.url, origin),
    );
    expect(await Promise.all(answers)).toEqual(['https://a.example.com', 'https://b.example.com', null]);
    await gateway.close();
  });
});

describe('health', () => {
  it('is alive, and ready once ICE has accepted a signed call', async ({ gateway }) => {
    const [alive, ready] = await Promise.all(['/livez', '/readyz'].map((path) => fetch(gateway.url + path)));
    expect([alive?.status, ready?.status]).toEqual([200, 200]);
  });
});

function unused(): never {
  throw new Error('not used');
}
