import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import Fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { arePagesBuilt, pages } from '../../../src/server/http/pages.ts';

const app = Fastify();
let folder: string;
let directory: URL;
let port: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ide-'));
  directory = pathToFileURL(`${join(folder, 'dist')}/`);
  await mkdir(new URL('assets/', directory), { recursive: true });
  await writeFile(new URL('index.html', directory), '<!doctype html><title>IDE</title>');
  await mkdir(new URL('board/', directory));
  await writeFile(new URL('board/index.html', directory), '<!doctype html><title>Board</title>');
  await writeFile(new URL('board/player.html', directory), '<!doctype html><title>Player</title>');
  await writeFile(new URL('assets/main-abc123.js', directory), 'plain');
  await writeFile(new URL('assets/main-abc123.js.br', directory), 'brotli');
  await writeFile(new URL('assets/main-abc123.js.gz', directory), 'gzip');
  await writeFile(join(folder, 'secret.txt'), 'secret');

  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ from: 'the app' }));
  app.get('/graphql', () => ({ data: null }));
  await app.register(pages, { directory });
  port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port);
});

afterAll(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends `path` byte for byte, and no header unasked: fetch would resolve dots and add `cache-control`. */
function get(path: string, options: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, ...options }, (response) => {
      const { statusCode: status, headers } = response;
      text(response).then((body) => resolve({ status, headers, body }), reject);
    });
    sent.on('error', reject).end();
  });
}

describe('GET /', () => {
  it('answers with the page', async () => {
    const { status, headers, body } = await get('/');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(body).toContain('<title>IDE</title>');
  });

  it('lets the page be kept but asked for again', async () => {
    const { headers } = await get('/');
    expect(headers['cache-control']).toBe('no-cache');

    const again = await get('/', { headers: { 'if-none-match': headers.etag } });
    expect(again.status).toBe(304);
    expect(again.headers['cache-control']).toBe('no-cache');
    expect(again.headers['content-security-policy']).toBe(headers['content-security-policy']);
  });

  it('answers alike whatever the query', async () => {
    await expect(get('/?operation=package-jobs')).resolves.toHaveProperty('status', 200);
  });
});

describe('GET /board', () => {
  it.for(['/board', '/board/', '/board?job=j1'])('answers %s with the board', async (path) => {
    const { status, headers, body } = await get(path);
    expect(status).toBe(200);
    expect(body).toContain('<title>Board</title>');
    expect(headers['cache-control']).toBe('no-cache');
  });
});

describe('GET /assets', () => {
  it('lets a file named by its content be kept for a year', async () => {
    const { status, headers } = await get('/assets/main-abc123.js');
    expect(status).toBe(200);
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
  });

  it.for([
    { accepted: 'gzip, br', sent: 'br', body: 'brotli' },
    { accepted: 'gzip', sent: 'gzip', body: 'gzip' },
    { accepted: 'identity', sent: undefined, body: 'plain' },
  ])('sends $body to a client that accepts $accepted', async ({ accepted, sent, body }) => {
    const answer = await get('/assets/main-abc123.js', { headers: { 'accept-encoding': accepted } });
    expect(answer.body).toBe(body);
    expect(answer.headers['content-encoding']).toBe(sent);
    expect(answer.headers['content-type']).toMatch(/\/javascript; charset=utf-8$/);
    expect(answer.headers.vary).toBe('accept-encoding');
  });
});

/** What every page is held to; the IDE alone may style by attribute, and show images that are data. */
const POLICY =
  "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const IDE_POLICY = `${POLICY}; style-src 'self' 'unsafe-inline'; img-src 'self' data:`;

describe.for([
  { path: '/', policy: IDE_POLICY },
  { path: '/index.html', policy: IDE_POLICY },
  { path: '/assets/main-abc123.js', policy: IDE_POLICY },
  { path: '/board', policy: POLICY },
  { path: '/board/', policy: POLICY },
])('$path', ({ path, policy }) => {
  it('is locked down to its own origin', async () => {
    const { headers } = await get(path);
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
    expect(headers['content-security-policy']).toBe(policy);
  });

  it('answers HEAD with the headers of GET and no body', async () => {
    const [whole, head] = await Promise.all([get(path), get(path, { method: 'HEAD' })]);
    const { date: _date, ...headers } = whole.headers;
    expect(head).toMatchObject({ status: 200, headers, body: '' });
    expect(head.headers['content-length']).toBe(String(whole.body.length));
  });
});

describe('other paths', () => {
  it.for([
    '/unknown',
    '/assets',
    '/assets/',
    '/assets/unknown.js',
    '/assets/main-abc123.js.gz',
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/assets/%2e%2e%2f%2e%2e%2fsecret.txt',
    '/assets/..%5c..%5csecret.txt',
    '//secret.txt',
  ])("leave %s to the app's 404", async (path) => {
    await expect(get(path)).resolves.toMatchObject({ status: 404, body: '{"from":"the app"}' });
  });

  it.for(['/graphql', '/unknown'])('leave the headers of %s alone', async (path) => {
    const { headers } = await get(path);
    expect(headers).not.toHaveProperty('content-security-policy');
    expect(headers).not.toHaveProperty('referrer-policy');
  });
});

describe('arePagesBuilt', () => {
  it('tells a built folder from one that is not there', () => {
    expect(arePagesBuilt(directory)).toBe(true);
    expect(arePagesBuilt(new URL('missing/', directory))).toBe(false);
  });
});

const policyFor = async (query: string) =>
  String((await get(`/board/player.html${query}`)).headers['content-security-policy']);
const originOf = (origin: string) => `?${String(new URLSearchParams({ origin }))}`;

describe('GET /board/player.html', () => {
  it('may ask the origin that its address names, and nothing else', async () => {
    const origin = 'https://bucket.oss-cn-shanghai.aliyuncs.com';
    const policy = await policyFor(originOf(origin));
    expect(policy).toContain(
      `default-src 'none'; script-src 'self'; style-src 'self'; connect-src ${origin};`,
    );
    expect(policy).toContain(`media-src blob: ${origin};`);
    expect(policy).toContain("frame-ancestors 'self'");
    expect((await get('/board/')).headers['content-security-policy']).toContain("default-src 'self'");
  });

  it.for([
    '',
    '?origin=',
    '?origin=https://a.test&origin=https://b.test',
    ...[
      '*',
      'https:',
      'https://*',
      'https://*.test',
      'https://a.test/path',
      'https://a.test https://b.test',
      'https://a.test;script-src *',
      "https://a.test;script-src'unsafe-inline'",
      'https://a;b.test',
      'https://a,b.test',
      'https://user@a.test',
      'https://[::1]',
      "'unsafe-inline'",
      'data:',
      'blob:',
      'http://a.test',
      'http://127.0.0.1:9000',
      'http://localhost',
      'https://a.test\r\nx: y',
    ].map(originOf),
  ])('may ask nobody by %j', async (query) => {
    const policy = await policyFor(query);
    expect(policy).toContain("connect-src 'none'; media-src 'none'; base-uri");
    expect(policy.match(/script-src [^;]*/g)).toEqual(["script-src 'self'"]);
  });

  it('may ask servers of this machine by http where that is allowed', async () => {
    const development = Fastify();
    await development.register(pages, { directory, playsLoopback: true });
    const policyFor = async (origin: string) =>
      (await development.inject(`/board/player.html${originOf(origin)}`)).headers['content-security-policy'];
    expect(await policyFor('http://127.0.0.1:9000')).toContain('connect-src http://127.0.0.1:9000;');
    expect(await policyFor('http://a.test')).toContain("connect-src 'none'");
    await development.close();
  });
});
