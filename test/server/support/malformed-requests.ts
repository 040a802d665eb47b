import { askVerbatim, UPGRADE, withHeaders, type RefusedRequest } from './asked.ts';

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
];
