import { RESPONSE, type Case } from './wire-case.ts';
import { get, message, post } from './wire-request.ts';

const SSE = 'text/event-stream';
const MULTIPART = 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0';
const UNKNOWN_HASH = {
  query: undefined,
  extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } },
};
const BAD = { status: 400, code: 'BAD_REQUEST' } as const;

/** What a response is made as. */
export const REPRESENTATIONS: readonly Case[] = [
  // RFC 9110, section 12.5.1, and GraphQL over HTTP.
  { name: 'any type', status: 200, bytes: post({ accept: '*/*' }) },
  { name: 'the type of GraphQL', status: 200, type: RESPONSE, bytes: post({ accept: RESPONSE }) },
  {
    name: 'JSON of less quality',
    status: 200,
    type: RESPONSE,
    bytes: post({ accept: `application/json;q=0.5, ${RESPONSE}` }),
  },
  {
    name: 'JSON of no quality',
    status: 200,
    type: RESPONSE,
    bytes: post({ accept: '*/*, application/json;q=0' }),
  },
  { name: 'an image', status: 406, code: 'BAD_REQUEST', bytes: post({ accept: 'image/png' }) },
  { name: 'an image, by GET', status: 406, code: 'BAD_REQUEST', bytes: get({ accept: 'image/png' }) },
  {
    name: 'an event stream',
    status: 200,
    type: SSE,
    header: ['cache-control', /no-transform/],
    bytes: post({ accept: SSE }),
  },
  { name: 'an event stream of no quality', status: 200, bytes: post({ accept: `${SSE};q=0, */*` }) },
  { name: 'streams as urql’s', status: 200, type: SSE, bytes: post({ accept: `${SSE}, multipart/mixed` }) },
  {
    name: 'parts alone',
    status: 200,
    type: 'multipart/mixed',
    header: ['cache-control', /no-transform/],
    bytes: post({ accept: MULTIPART }),
  },
  {
    name: 'parts, or JSON',
    status: 200,
    type: RESPONSE,
    bytes: post({ accept: `${MULTIPART},${RESPONSE},application/json;q=0.9` }),
  },
  {
    name: 'parts of another protocol',
    status: 406,
    code: 'BAD_REQUEST',
    bytes: post({ accept: 'multipart/mixed' }),
  },
  {
    name: 'a refusal for streams as urql’s',
    status: 200,
    type: SSE,
    code: 'GRAPHQL_VALIDATION_FAILED',
    bytes: post({ accept: `${SSE}, multipart/mixed` }, { query: 'subscription { nothing }' }),
  },
  {
    name: 'a refusal for parts alone',
    status: 200,
    type: 'multipart/mixed',
    code: 'GRAPHQL_VALIDATION_FAILED',
    bytes: post({ accept: MULTIPART }, { query: 'subscription { nothing }' }),
  },
  {
    name: 'a refusal for parts, or JSON',
    status: 400,
    type: RESPONSE,
    code: 'GRAPHQL_VALIDATION_FAILED',
    bytes: post({ accept: `${MULTIPART},${RESPONSE}` }, { query: 'subscription { nothing }' }),
  },
  {
    name: 'a subscription that starts with an error, for parts or JSON',
    status: 400,
    type: RESPONSE,
    code: 'BAD_USER_INPUT',
    bytes: post(
      { accept: `${MULTIPART},${RESPONSE}` },
      { query: 'subscription { packageJobUpdated(ids: ["a b"]) { id } }' },
    ),
  },
  {
    name: 'a condition at the root of a subscription',
    status: 200,
    type: SSE,
    code: 'GRAPHQL_VALIDATION_FAILED',
    bytes: post(
      { accept: SSE },
      {
        query:
          'subscription($x: Boolean!) { ...A } fragment A on Subscription { packageJobUpdated(ids: ["a"]) @skip(if: $x) { id } }',
        variables: { x: false },
      },
    ),
  },
  { name: 'an unknown hash', status: 200, code: 'PERSISTED_QUERY_NOT_FOUND', bytes: post({}, UNKNOWN_HASH) },
  {
    name: 'an unknown hash, for the type of GraphQL',
    status: 400,
    type: RESPONSE,
    code: 'PERSISTED_QUERY_NOT_FOUND',
    bytes: post({ accept: RESPONSE }, UNKNOWN_HASH),
  },
  {
    name: 'an unknown hash, for a stream',
    status: 400,
    type: RESPONSE,
    code: 'PERSISTED_QUERY_NOT_FOUND',
    bytes: post({ accept: `${SSE}, multipart/mixed` }, UNKNOWN_HASH),
  },
  {
    name: 'errors beside data, compressed',
    status: 200,
    code: 'BAD_USER_INPUT',
    header: ['content-encoding', /gzip/],
    bytes: post(
      { 'accept-encoding': 'gzip' },
      {
        query: `{ ${Array.from({ length: 40 }, (_, index) => `a${String(index)}: packageJob(id: "a b") { id }`).join(' ')} }`,
      },
    ),
  },
  {
    name: 'a browser at /graphql',
    status: 200,
    type: 'text/html',
    bytes: () => message('GET', '/graphql', { accept: 'text/html,*/*;q=0.8' }),
  },
  {
    name: 'a browser with an operation',
    status: 400,
    type: 'text/html',
    bytes: get({ 'content-type': '', accept: 'text/html,*/*;q=0.8' }),
  },
  { name: 'a client without a header that pages cannot send', ...BAD, bytes: get({ 'content-type': '' }) },
  {
    name: 'an EventSource of the gateway’s own page',
    status: 200,
    type: SSE,
    bytes: get({ 'content-type': '', accept: SSE, 'sec-fetch-site': 'same-origin' }),
  },
  {
    name: 'an EventSource of an allowed page',
    status: 200,
    type: SSE,
    bytes: get({ 'content-type': '', accept: SSE, origin: 'http://localhost:5173' }),
  },
  {
    name: 'an EventSource of another page',
    ...BAD,
    bytes: get({ 'content-type': '', accept: SSE, origin: 'https://attacker.example' }),
  },
  {
    name: 'a stream that a page asked for without an origin',
    ...BAD,
    bytes: get({ 'content-type': '', accept: SSE, 'sec-fetch-site': 'cross-site' }),
  },
];
