import { describe, expect, it, onTestFinished } from 'vitest';
import { createChecks } from '../../../src/server/http/checks.ts';
import { MAX_BODY_BYTES } from '../../../src/server/http/error-responses.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { sha256 } from '../../support/hash.ts';
import { apolloManifest, writeManifest } from '../../support/manifest.ts';
import {
  ask,
  askWhileStopping,
  ORIGIN,
  UPGRADE,
  withHeaders,
  type RefusedRequest,
  type Served,
} from '../support/asked.ts';
import { MALFORMED } from '../support/malformed-requests.ts';

const JOB = 'query Job($id: ID!) { packageJob(id: $id) { id status } }';
const OTHER = 'query Job($id: ID!) { packageJob(id: $id) { id } }';

const ROWS: readonly RefusedRequest[] = [
  {
    name: 'that comes while the gateway stops, by POST',
    check: 'draining',
    status: 503,
    code: 'OVERLOADED',
    refused: ({ post }) => post,
    send: askWhileStopping,
  },
  {
    name: 'that comes while the gateway stops, by GET',
    check: 'draining',
    status: 503,
    code: 'OVERLOADED',
    refused: ({ get }) => get,
    send: askWhileStopping,
  },
  {
    name: 'to a foreign host by POST',
    check: 'host',
    status: 421,
    code: 'BAD_REQUEST',
    refused: ({ post }) => withHeaders(post, { host: 'attacker.example' }),
  },
  {
    name: 'to a foreign host by GET',
    check: 'host',
    status: 421,
    code: 'BAD_REQUEST',
    refused: ({ get }) => withHeaders(get, { host: 'attacker.example:4000' }),
  },
  {
    name: 'for a WebSocket that comes while the gateway stops',
    check: 'draining',
    status: 503,
    code: 'OVERLOADED',
    refused: ({ get }) => withHeaders(get, UPGRADE),
    send: askWhileStopping,
  },
  {
    name: 'for a WebSocket to a foreign host',
    check: 'host',
    status: 421,
    code: 'BAD_REQUEST',
    refused: ({ get }) => withHeaders(get, { ...UPGRADE, host: 'attacker.example' }),
  },
  {
    name: 'for a WebSocket from a foreign origin',
    check: 'origin',
    status: 403,
    code: 'FORBIDDEN',
    refused: ({ get }) => withHeaders(get, { ...UPGRADE, origin: 'https://attacker.example' }),
  },
  {
    name: 'of another media type',
    check: 'mediaType',
    status: 415,
    code: 'BAD_REQUEST',
    refused: ({ post }) =>
      withHeaders(post, { 'content-type': 'text/plain', 'apollo-require-preflight': '1' }),
  },
  {
    name: 'of no media type',
    check: 'mediaType',
    status: 415,
    code: 'BAD_REQUEST',
    refused: ({ post }) => withHeaders(post, { 'content-type': '', 'apollo-require-preflight': '1' }),
  },
  {
    name: 'that a page could have sent without asking',
    check: 'csrf',
    status: 400,
    code: 'BAD_REQUEST',
    refused: ({ get }) => withHeaders(get, { 'apollo-require-preflight': '' }),
  },
  {
    name: 'that a page could have sent without asking, with a media type',
    check: 'csrf',
    status: 400,
    code: 'BAD_REQUEST',
    refused: ({ get }) => withHeaders(get, { 'apollo-require-preflight': '', 'content-type': 'text/plain' }),
  },
  ...MALFORMED,
  {
    name: 'that is too large',
    status: 413,
    code: 'BAD_REQUEST',
    refused: ({ post }) => ({ ...post, body: post.body.padEnd(MAX_BODY_BYTES + 1) }),
  },
  {
    name: 'for a document that is not in the manifest',
    status: 200,
    code: 'PERSISTED_QUERY_REQUIRED',
    refused: ({ post, variables }) => ({ ...post, body: JSON.stringify({ query: OTHER, variables }) }),
  },
  {
    name: 'for a document that is not in the manifest, under the hash of one that is',
    status: 200,
    code: 'PERSISTED_QUERY_REQUIRED',
    refused: ({ post, variables }) => {
      const extensions = { persistedQuery: { version: 1, sha256Hash: sha256(JOB) } };
      return { ...post, body: JSON.stringify({ query: OTHER, variables, extensions }) };
    },
  },
  {
    name: 'to an unknown path by POST',
    status: 404,
    code: 'BAD_REQUEST',
    refused: ({ post }) => ({ ...post, path: '/graphql/job' }),
  },
  {
    name: 'to an unknown path by GET',
    status: 404,
    code: 'BAD_REQUEST',
    refused: ({ get }) => ({ ...get, path: get.path.replace('?', '/job?') }),
  },
  {
    name: 'by another method',
    status: 405,
    code: 'BAD_REQUEST',
    refused: ({ post }) => ({ ...post, method: 'PUT' }),
  },
];

describe('a request', () => {
  it.for(ROWS)(
    '$name is refused with $status, whether its operation is in memory or not',
    async ({ status, code, refused, send = ask }) => {
      const cached = await startServing({ JIT: 'on', ANSWERS_MAX_MB: '64' });
      const uncached = await startServing({ JIT: 'off', ANSWERS_MAX_MB: '0' });
      expect([cached.inMemory(), uncached.inMemory()]).toEqual([4, 0]);
      for (const { gateway, served } of [cached, uncached]) {
        const answered = await send(gateway, refused(served), served);
        expect(answered.status).toBe(status);
        expect(answered.isReadable).toBe(refused(served).headers['origin'] === ORIGIN);
        const { data, errors } = JSON.parse(answered.text) as {
          data?: unknown;
          errors: { extensions: { code: string } }[];
        };
        expect(data ?? null).toBeNull();
        expect(errors.map((error) => error.extensions.code)).toEqual([code]);
        expect(answered.text).not.toContain('SUCCESS');
      }
      // What `askWhileStopping` asks before it stops the gateway is one more.
      expect(cached.inMemory()).toBe(send === askWhileStopping ? 5 : 4);
    },
  );

  it('is refused by no check that this table lacks', () => {
    const checks = createChecks({
      stopping: new AbortController().signal,
      allowedHosts: 'loopback',
      corsOrigins: [],
    });
    const covered = new Set(ROWS.flatMap(({ check }) => check ?? []));
    expect([...covered].toSorted()).toEqual(Object.keys(checks).toSorted());
  });
});

interface Serving {
  readonly gateway: TestGateway;
  readonly served: Served;
  /** How many requests were answered from memory. */
  inMemory(): number;
}

/** A gateway that has been asked for an operation as often as it takes to store its response and to prepare it. */
async function startServing(env: Readonly<Record<string, string>>): Promise<Serving> {
  let inMemory = 0;
  const manifest = writeManifest(apolloManifest(JOB));
  const gateway = await startGateway({
    env: {
      PERSISTED_OPERATIONS: manifest,
      PERSISTED_ONLY: 'true',
      CORS_ORIGINS: ORIGIN,
      ...env,
    },
    onLogLine: (line) => (inMemory += Number(line.includes('answered from memory'))),
  });
  onTestFinished(() => gateway.close());
  const id = gateway.emulator.jobs.add({ createTime: Date.now() - 60_000, finishTime: Date.now() - 1000 });
  const variables = { id };
  const search = new URLSearchParams({ query: JOB, variables: JSON.stringify(variables) });
  const post = {
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json', origin: ORIGIN },
    body: JSON.stringify({ query: JOB, variables }),
  };
  const get = {
    method: 'GET',
    path: `/graphql?${search.toString()}`,
    headers: { 'apollo-require-preflight': '1', origin: ORIGIN },
  };
  // Another text of the same request is another response, so the third is answered by the prepared operation.
  const again = { ...post, body: `${post.body} ` };
  const third = { ...post, body: `${post.body}  ` };
  for (const asked of [post, again, third, post, get, get, get]) {
    const { status, text } = await ask(gateway, asked);
    expect([status, text]).toEqual([200, `{"data":{"packageJob":{"id":"${id}","status":"SUCCESS"}}}\n`]);
  }
  return { gateway, served: { post, get, variables }, inMemory: () => inMemory };
}
