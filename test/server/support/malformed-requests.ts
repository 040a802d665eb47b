import { askVerbatim, ORIGIN, UPGRADE, withHeaders, type RefusedRequest } from './asked.ts';

/** Requests whose target or headers say two things, or nothing. */
export const MALFORMED: readonly RefusedRequest[] = [
  {
    name: 'for a WebSocket of a page with the same foreign host',
    check: 'host',
    status: 421,
    code: 'BAD_REQUEST',
    refused: ({ get }) =>
      withHeaders(get, { ...UPGRADE, host: 'attacker.example', origin: 'http://attacker.example' }),
  },
  {
    name: 'with a foreign host in its target alone',
    check: 'host',
    status: 421,
    code: 'BAD_REQUEST',
    refused: ({ post }) => ({ ...post, path: 'http://attacker.example/graphql' }),
    send: askVerbatim,
  },
  {
    name: 'with user information in its target',
    check: 'target',
    status: 400,
    code: 'BAD_REQUEST',
    refused: ({ post }) => ({ ...post, path: 'http://127.0.0.1@127.0.0.1/graphql' }),
    send: askVerbatim,
  },
  {
    name: 'with a fragment in its target',
    check: 'target',
    status: 400,
    code: 'BAD_REQUEST',
    refused: ({ get }) => ({ ...get, path: `${get.path}#a` }),
    send: askVerbatim,
  },
  {
    name: 'with a target of another scheme',
    check: 'target',
    status: 400,
    code: 'BAD_REQUEST',
    refused: ({ get }) => ({ ...get, path: `ftp://127.0.0.1${get.path}` }),
    send: askVerbatim,
  },
  {
    name: 'for a WebSocket from a foreign origin, with another spelling of the path',
    check: 'origin',
    status: 403,
    code: 'FORBIDDEN',
    refused: ({ get }) => ({
      ...withHeaders(get, { ...UPGRADE, origin: 'https://attacker.example' }),
      path: '/graphq%6c',
    }),
    send: askVerbatim,
  },
  {
    name: 'that a page could have sent without asking, with another spelling of the path',
    check: 'csrf',
    status: 400,
    code: 'BAD_REQUEST',
    refused: ({ get }) => ({
      ...withHeaders(get, { 'apollo-require-preflight': '' }),
      path: get.path.replace('graphql', '%67raphq%6C'),
    }),
    send: askVerbatim,
  },
  {
    name: 'of another media type, with an absolute target',
    check: 'mediaType',
    status: 415,
    code: 'BAD_REQUEST',
    refused: ({ post }) => ({
      ...withHeaders(post, { 'content-type': 'text/plain', 'apollo-require-preflight': '1' }),
      path: 'HTTP://127.0.0.1/graphql',
    }),
    send: askVerbatim,
  },
  {
    name: 'with two Host headers',
    check: 'headers',
    status: 400,
    code: 'BAD_REQUEST',
    refused: ({ post }) => withHeaders(post, { host: '127.0.0.1', Host: 'attacker.example' }),
    send: askVerbatim,
  },
  {
    name: 'with the same Host twice',
    check: 'headers',
    status: 400,
    code: 'BAD_REQUEST',
    refused: ({ get }) => withHeaders(get, { host: '127.0.0.1', Host: '127.0.0.1' }),
    send: askVerbatim,
  },
  {
    name: 'with two Authorization headers',
    check: 'headers',
    status: 400,
    code: 'BAD_REQUEST',
    refused: ({ post }) => withHeaders(post, { authorization: 'Bearer a', Authorization: 'Bearer b' }),
    send: askVerbatim,
  },
  {
    name: 'for a WebSocket with two Authorization headers',
    check: 'headers',
    status: 400,
    code: 'BAD_REQUEST',
    refused: ({ get }) =>
      withHeaders(get, { ...UPGRADE, authorization: 'Bearer a', Authorization: 'Bearer b' }),
    send: askVerbatim,
  },
  {
    name: 'with two Content-Type headers',
    check: 'headers',
    status: 400,
    code: 'BAD_REQUEST',
    refused: ({ post }) => withHeaders(post, { 'Content-Type': 'text/plain' }),
    send: askVerbatim,
  },
  {
    name: 'with two Origin headers',
    check: 'headers',
    status: 400,
    code: 'BAD_REQUEST',
    refused: ({ get }) =>
      withHeaders(get, { ...UPGRADE, origin: '', Origin: ORIGIN, ORIGIN: 'https://attacker.example' }),
    send: askVerbatim,
  },
  {
    name: 'with more headers than there may be',
    check: 'headers',
    status: 431,
    code: 'BAD_REQUEST',
    refused: ({ post }) =>
      withHeaders(
        post,
        Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`x-${String(index)}`, 'a'])),
      ),
  },
  {
    name: 'without a host',
    check: 'host',
    status: 400,
    code: 'BAD_REQUEST',
    refused: ({ post }) => withHeaders(post, { host: ' ' }),
    send: askVerbatim,
  },
  {
    name: 'with two hosts in one header',
    check: 'host',
    status: 400,
    code: 'BAD_REQUEST',
    refused: ({ post }) => withHeaders(post, { host: '127.0.0.1, attacker.example' }),
  },
];
