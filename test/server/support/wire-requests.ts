import { UPGRADE } from './asked.ts';
import { RESPONSE, type Case } from './wire-case.ts';
import { chunked, get, JSON_TYPE, message, post, postBytes } from './wire-request.ts';

const H2C = {
  connection: 'Upgrade, HTTP2-Settings',
  upgrade: 'h2c',
  'http2-settings': 'AAMAAABkAAQAoAAAAAIAAAAA',
};
const BAD = { status: 400, code: 'BAD_REQUEST' } as const;
const UNSUPPORTED = { status: 415, code: 'BAD_REQUEST' } as const;
const ofType = (type: string) => ({ 'content-type': type });

/** What a request declares, and how it comes. */
export const REQUESTS: readonly Case[] = [
  { name: 'POST', status: 200, bytes: post() },
  { name: 'GET', status: 200, bytes: get() },
  { name: 'POST in chunks', status: 200, bytes: chunked({}) },
  { name: 'POST compressed', status: 200, bytes: post({ 'accept-encoding': 'br' }) },

  // RFC 9110, section 7.8: an offer to upgrade that is not taken is ignored.
  { name: 'POST that offers h2c', status: 200, bytes: post(H2C) },
  { name: 'GET that offers h2c', status: 200, bytes: get(H2C) },
  { name: 'POST in chunks that offers h2c', status: 200, bytes: chunked(H2C) },
  { name: 'POST that offers TLS', status: 200, bytes: post({ connection: 'upgrade', upgrade: 'TLS/1.0' }) },
  { name: 'POST that offers a WebSocket', status: 200, bytes: post(UPGRADE) },
  { name: 'GET that says Upgrade alone', status: 200, bytes: get({ upgrade: 'websocket' }) },
  { name: 'GET that says Connection: Upgrade alone', status: 200, bytes: get({ connection: 'Upgrade' }) },
  {
    name: 'PUT that offers h2c',
    status: 405,
    code: 'BAD_REQUEST',
    header: ['allow', /POST/],
    bytes: () => message('PUT', '/graphql', { ...JSON_TYPE, ...H2C }, '{}'),
  },

  // An empty name means none.
  { name: 'POST with an empty operation name', status: 200, bytes: post({}, { operationName: '' }) },
  { name: 'POST with the operation name null', status: 200, bytes: post({}, { operationName: null }) },
  { name: 'GET with an empty operation name', status: 200, bytes: get({}, '&operationName=') },
  {
    name: 'POST of two operations with an empty operation name',
    status: 400,
    code: 'OPERATION_RESOLUTION_FAILURE',
    type: RESPONSE,
    bytes: (operation) =>
      post(
        { accept: RESPONSE },
        { operationName: '', query: `${operation.query}\n query Other { __typename }` },
      )(operation),
  },
  {
    name: 'POST with another operation name',
    status: 200,
    code: 'OPERATION_RESOLUTION_FAILURE',
    bytes: post({}, { operationName: 'Other' }),
  },

  // RFC 8259, section 8.1, and RFC 9110, sections 8.3 and 8.4.
  { name: 'a body in utf-8', status: 200, bytes: post(ofType('application/json; charset=utf-8')) },
  { name: 'a body in "UTF-8"', status: 200, bytes: post(ofType('Application/JSON;charset="UTF-8"')) },
  {
    name: 'a body in iso-8859-1',
    ...UNSUPPORTED,
    bytes: post(ofType('application/json; charset=iso-8859-1')),
  },
  { name: 'a body in utf-16', ...UNSUPPORTED, bytes: post(ofType('application/json;charset="utf-16"')) },
  {
    name: 'a body with a charset among others',
    ...UNSUPPORTED,
    bytes: post(ofType('application/json; v=1; charset=latin1')),
  },
  { name: 'a body of another type', ...UNSUPPORTED, bytes: post(ofType('application/graphql')) },
  {
    name: 'a body that says gzip',
    ...UNSUPPORTED,
    header: ['accept-encoding', /identity/],
    bytes: post({ 'content-encoding': 'gzip' }),
  },
  { name: 'a body that says br, in chunks', ...UNSUPPORTED, bytes: chunked({ 'content-encoding': 'br' }) },
  { name: 'a body that says identity', status: 200, bytes: post({ 'content-encoding': 'identity' }) },
  {
    name: 'a body in another transfer coding',
    status: 501,
    code: 'BAD_REQUEST',
    bytes: chunked({ 'transfer-encoding': 'gzip, chunked' }),
  },
  { name: 'a body with a byte that begins nothing', ...BAD, bytes: postBytes(0xff) },
  { name: 'a body with a character that is too long', ...BAD, bytes: postBytes(0xc0, 0x80) },
  { name: 'a body with half a character', ...BAD, bytes: postBytes(0xe2, 0x82) },
  { name: 'a body with half of a pair as bytes', ...BAD, bytes: postBytes(0xed, 0xa0, 0x80) },
  { name: 'a body with a replacement character', status: 200, bytes: postBytes(0xef, 0xbf, 0xbd) },
  { name: 'a body with characters of four bytes', status: 200, bytes: postBytes(0xf0, 0x9f, 0x8e, 0xac) },
  { name: 'a query string with %FF', ...BAD, bytes: get({}, '&x=%FF') },
  { name: 'a query string with half a character', ...BAD, bytes: get({}, '&x=%E2%82') },
  {
    name: 'a query string with bytes that are not encoded',
    ...BAD,
    bytes: (operation) => Buffer.from(get({}, '&x=é')(operation).toString()),
  },
  { name: 'a query string with a character of two bytes', status: 200, bytes: get({}, '&x=%C3%A9') },
  { name: 'a query string with a sign of its own', status: 200, bytes: get({}, '&x=100%') },

  // RFC 9110, sections 10.1.1 and 7.2.
  { name: 'a body that waits for 100', status: 200, bytes: post({ expect: '100-continue' }) },
  {
    name: 'a body that expects something else',
    status: 417,
    code: 'BAD_REQUEST',
    bytes: post({ expect: 'foo' }),
  },
  { name: 'a request without a host', ...BAD, bytes: post({ host: '' }) },
  {
    name: 'a request for another host',
    status: 421,
    code: 'BAD_REQUEST',
    bytes: post({ host: 'other.example' }),
  },
  {
    name: 'a body that is too large',
    status: 413,
    code: 'BAD_REQUEST',
    bytes: post({}, { more: 'x'.repeat(300_000) }),
  },
  { name: 'CONNECT', status: 405, code: 'BAD_REQUEST', bytes: () => message('CONNECT', 'a.example:443', {}) },
  { name: 'TRACE', status: 405, code: 'BAD_REQUEST', bytes: () => message('TRACE', '/graphql', {}) },
];
