import type { Random } from '../../../../../src/emulator/random.ts';
import { garbage, mutated, weighted } from './mutate.ts';
import { anyBody, anyOperation, type Vocabulary } from './operations.ts';

/** Values of headers that mean something here, or are nearly such. */
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  accept: [
    '*/*',
    'application/json',
    'application/graphql-response+json',
    'application/graphql-response+json;q=0.5, application/json;q=0.9',
    'text/html',
    'text/event-stream, application/json',
    'multipart/mixed;subscriptionSpec="1.0", application/json',
    ';;;q=',
    'application/json;charset=utf-16',
  ],
  'accept-encoding': ['gzip', 'br, gzip;q=0.5', 'identity;q=0, *;q=0', 'zstd', '*', ',,,'],
  'content-encoding': ['gzip', 'identity', 'br', 'x'],
  'x-request-id': ['abc', 'x'.repeat(65), 'a b', '\u00ff'],
  'x-upstream-receipt': ['1', '0', ''],
  'x-forwarded-for': ['1.2.3.4', '::1', 'unknown', '1.2.3.4, 5.6.7.8', ',', 'x'.repeat(3000)],
  forwarded: ['for=1.2.3.4', 'for="[::1]"'],
  prefer: ['wait=1', 'wait=0', 'wait=1;x', 'wait="1"', 'respond-async, wait=1', 'wait=-1', 'wait=', ',,'],
  'if-none-match': ['*', '"a"', 'W/"a", "b"', '"', ',,'],
  authorization: ['Bearer a', 'Basic a', '', 'Bearer a, Bearer b'],
  cookie: ['a=b', '=', ';;'],
  origin: ['http://gateway.example', 'null', 'http://evil.example', 'http://', 'javascript:'],
  'access-control-request-method': ['POST', 'x'],
  expect: ['100-continue', '200-ok'],
  range: ['bytes=0-1', 'x'],
  te: ['trailers', 'gzip'],
  traceparent: ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'x'],
  'apollo-require-preflight': ['1', ''],
  upgrade: ['h2c', 'websocket', 'x, y'],
};

const CONTENT_TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'application/json; charset=utf-16',
  'application/graphql-response+json',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/json;',
  'json',
  '',
];

const METHODS = [
  'POST',
  'POST',
  'POST',
  'GET',
  'GET',
  'OPTIONS',
  'PUT',
  'DELETE',
  'PATCH',
  'TRACE',
  'QUERY',
  'post',
  'X',
];
const PATHS = [
  '/graphql',
  '/graphql?',
  '/graphql/',
  '/graphql?query=%7B__typename%7D',
  '/graphql?query=%',
  '/graphql?query[]=a&query=b',
  '/GraphQL',
  '//graphql',
  '/graphql%2f',
  '/%00',
  '/%',
  '/livez',
  '/readyz',
  '/',
  '/board',
  '/schema.graphql',
  '/../graphql',
  '*',
  'http://gateway.example/graphql',
  'http://evil.example/graphql',
  '/graphql#a',
];

/** The bytes of one request over HTTP, and how it is to be read. */
export interface FuzzRequest {
  readonly bytes: Buffer;
  /** Whether the server can find the end of it, so that another may follow. */
  readonly isWhole: boolean;
}

function searchOf(random: Random, vocabulary: Vocabulary): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(anyOperation(random, vocabulary))) {
    if (value !== undefined) search.append(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  const text = search.toString();
  return random.next() < 0.1 ? mutated(random, text) : text;
}

function someHeaders(random: Random): string[] {
  const names = Object.keys(HEADERS);
  return Array.from({ length: random.pick([0, 0, 0, 1, 1, 2]) }, () => {
    const name = random.pick(names);
    const value = random.pick(HEADERS[name] ?? ['']);
    return `${name}: ${random.next() < 0.05 ? mutated(random, value) : value}`;
  });
}

const HOST = 'host: gateway.example';

function post(random: Random, vocabulary: Vocabulary, id: string): FuzzRequest {
  const body = Buffer.from(anyBody(random, vocabulary));
  const type = random.next() < 0.9 ? 'application/json' : random.pick(CONTENT_TYPES);
  const isChunked = random.next() < 0.1;
  const framing = isChunked ? 'transfer-encoding: chunked' : `content-length: ${String(body.length)}`;
  const head = ['POST /graphql HTTP/1.1', HOST, `content-type: ${type}`, id, ...someHeaders(random), framing];
  const content = isChunked
    ? Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')])
    : body;
  return {
    bytes: Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), content]),
    // An empty chunk in the middle ends the body.
    isWhole: !isChunked || body.length > 0,
  };
}

function get(random: Random, vocabulary: Vocabulary, id: string): FuzzRequest {
  const search = searchOf(random, vocabulary).slice(0, 12_000);
  const head = [`GET /graphql?${search} HTTP/1.1`, HOST, id, ...someHeaders(random)];
  if (random.next() < 0.9) head.push('apollo-require-preflight: 1');
  return { bytes: Buffer.from(`${head.join('\r\n')}\r\n\r\n`), isWhole: true };
}

function odd(random: Random, vocabulary: Vocabulary, id: string): FuzzRequest {
  const body = random.next() < 0.5 ? anyBody(random, vocabulary) : '';
  const head = [
    `${random.pick(METHODS)} ${random.pick(PATHS)} HTTP/${random.pick(['1.1', '1.1', '1.1', '1.0', '2.0', '0.9', ''])}`,
    random.pick([HOST, HOST, HOST, 'host: ', 'host: a\r\nhost: b', 'x: y']),
    `content-type: ${random.pick(CONTENT_TYPES)}`,
    id,
    ...someHeaders(random),
    random.pick([
      `content-length: ${String(Buffer.byteLength(body))}`,
      'content-length: 0',
      'content-length: -1',
      'content-length: 99999999999',
      'content-length: 1e3',
      'transfer-encoding: chunked, gzip',
      'transfer-encoding: x',
    ]),
  ];
  return { bytes: Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`), isWhole: false };
}

/** A request: valid, nearly valid, or none. `id` is the header that names it in the log. */
export function anyRequest(random: Random, vocabulary: Vocabulary, id: string): FuzzRequest {
  return weighted(random, [
    [10, () => post(random, vocabulary, id)],
    [5, () => get(random, vocabulary, id)],
    [1, () => odd(random, vocabulary, id)],
    [
      0.5,
      () => {
        const { bytes } = post(random, vocabulary, id);
        return { bytes: Buffer.from(mutated(random, bytes.toString('latin1')), 'latin1'), isWhole: false };
      },
    ],
    [0.2, () => ({ bytes: Buffer.from(garbage(random, 500)), isWhole: false })],
  ]);
}

/** The last request of a connection, which the server closes after it. */
export function lastRequest(): Buffer {
  return Buffer.from(`GET /livez HTTP/1.1\r\n${HOST}\r\nconnection: close\r\n\r\n`);
}

/** A request for an event stream. */
export function anyEventStream(random: Random, vocabulary: Vocabulary, id: string): Buffer {
  const body = anyBody(random, vocabulary);
  const accept = random.pick([
    'text/event-stream',
    'text/event-stream',
    'text/event-stream;q=0.1, */*',
    'TEXT/EVENT-STREAM',
  ]);
  const head = [
    'POST /graphql HTTP/1.1',
    HOST,
    'content-type: application/json',
    `accept: ${accept}`,
    id,
    ...someHeaders(random).filter((line) => !line.startsWith('accept:')),
    `content-length: ${String(Buffer.byteLength(body))}`,
    'connection: close',
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}
