import { createClient } from 'graphql-ws';
import { describe, expect, it } from 'vitest';
import { post, startGateway, type GraphqlAnswer, type TestGateway } from '../../../support/gateway.ts';
import { sha256 } from '../../../support/hash.ts';
import { apolloManifest, writeManifest } from '../../../support/manifest.ts';

const KNOWN = 'query Job($id: ID!) { packageJob(id: $id) { id } }';
const SUBMIT =
  'mutation Submit($input: SubmitPackageJobInput!) { submitPackageJob(input: $input) { packageJob { id } } }';
const OTHER = '{ __typename }';
const VARIABLES = { id: 'no-such-job' };
const FOUND = { packageJob: null };
const MODERN = { accept: 'application/graphql-response+json' };
const apollo = (text: string) => ({ persistedQuery: { version: 1, sha256Hash: sha256(text) } });
const codesOf = ({ errors }: GraphqlAnswer) => errors?.map((error) => error.extensions['code']);

/** Runs with a gateway that knows one document. */
async function withGateway(
  env: Record<string, string>,
  use: (gateway: TestGateway) => Promise<void>,
): Promise<void> {
  const manifest = writeManifest(apolloManifest(KNOWN, SUBMIT));
  const gateway = await startGateway({ env: { PERSISTED_OPERATIONS: manifest, ...env } });
  try {
    await use(gateway);
  } finally {
    await gateway.close();
  }
}

async function get(url: string, parameters: Record<string, unknown>, headers = {}): Promise<GraphqlAnswer> {
  const search = new URLSearchParams(
    Object.entries(parameters).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
  const response = await fetch(`${url}/graphql?${search.toString()}`, {
    headers: { 'apollo-require-preflight': '1', ...headers },
  });
  const answer = (await response.json()) as Pick<GraphqlAnswer, 'data' | 'errors'>;
  return { status: response.status, headers: response.headers, ...answer };
}

/** The whole answer as server-sent events. */
async function stream(url: string, body: unknown): Promise<string> {
  const headers = { accept: 'text/event-stream', 'content-type': 'application/json' };
  const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify(body) });
  return response.text();
}

describe.for([{ PERSISTED_ONLY: 'true' }, { PERSISTED_ONLY: 'false' }])('with %j', (env) => {
  it('runs a document of the manifest by each kind of id, by POST and by GET', () =>
    withGateway(env, async ({ url }) => {
      for (const named of [
        { extensions: apollo(KNOWN) },
        { documentId: `sha256:${sha256(KNOWN)}` },
        { documentId: sha256(KNOWN), operationName: 'Job' },
        { doc_id: sha256(KNOWN) },
        { query: KNOWN },
        { query: KNOWN, extensions: apollo(KNOWN) },
      ]) {
        expect((await post(url, { ...named, variables: VARIABLES })).data).toEqual(FOUND);
        expect((await get(url, { ...named, variables: VARIABLES })).data).toEqual(FOUND);
      }
    }));

  it('keeps every other check in force for it', () =>
    withGateway(env, async ({ url, emulator }) => {
      const search = new URLSearchParams({ documentId: sha256(KNOWN), variables: JSON.stringify(VARIABLES) });
      const withoutPreflight = await fetch(`${url}/graphql?${search.toString()}`);
      expect(withoutPreflight.status).toBe(400);
      expect(await withoutPreflight.text()).toContain('Cross-Site Request Forgery');
      expect((await get(url, { documentId: sha256(SUBMIT) })).status).toBe(405);
      expect(codesOf(await post(url, { documentId: sha256(KNOWN) }))).toEqual(['BAD_USER_INPUT']);
      expect(emulator.countRequests()).toBe(0);
    }));

  it('runs it over WebSocket by its hash, and as server-sent events by its id', () =>
    withGateway(env, async ({ url }) => {
      const socket = createClient({ url: `${url}/graphql`, retryAttempts: 0 });
      const request = { query: '', variables: VARIABLES, extensions: apollo(KNOWN) };
      expect((await socket.iterate(request).next()).value).toEqual({ data: FOUND });
      await socket.dispose();
      const events = await stream(url, { documentId: sha256(KNOWN), variables: VARIABLES });
      expect(events).toContain(`event: next\ndata: ${JSON.stringify({ data: FOUND })}`);
    }));

  it('refuses an id beside a text, with 400 to every client', () =>
    withGateway(env, async ({ url }) => {
      const answer = await post(url, { documentId: sha256(KNOWN), query: KNOWN });
      expect([answer.status, codesOf(answer)]).toEqual([400, ['BAD_REQUEST']]);
    }));
});

describe('with PERSISTED_ONLY=true', () => {
  const env = { PERSISTED_ONLY: 'true' };

  it('refuses every other document, whatever names it, and registers none', () =>
    withGateway(env, async ({ url }) => {
      for (const named of [
        { query: OTHER },
        { query: OTHER, extensions: apollo(OTHER) },
        { query: OTHER, extensions: apollo(KNOWN) },
        { extensions: apollo(OTHER) },
        { documentId: sha256(OTHER) },
        { doc_id: 'a' },
      ]) {
        for (const answer of [await post(url, named), await get(url, named)]) {
          expect([answer.status, codesOf(answer)]).toEqual([200, ['PERSISTED_QUERY_REQUIRED']]);
          expect(answer.errors?.[0]?.extensions).toMatchObject({
            retryable: false,
            requestId: answer.headers.get('x-request-id'),
          });
          expect(answer).not.toHaveProperty('data');
        }
      }
      expect((await post(url, { query: OTHER }, MODERN)).status).toBe(400);
    }));

  it('refuses it over WebSocket and as server-sent events too', () =>
    withGateway(env, async ({ url }) => {
      const socket = createClient({ url: `${url}/graphql`, retryAttempts: 0 });
      for (const request of [{ query: OTHER }, { query: '', extensions: apollo(OTHER) }]) {
        const refused: unknown = await socket
          .iterate(request)
          .next()
          .catch((error: unknown) => error);
        expect(refused).toMatchObject([{ extensions: { code: 'PERSISTED_QUERY_REQUIRED' } }]);
      }
      await socket.dispose();
      expect(await stream(url, { query: OTHER })).toContain('PERSISTED_QUERY_REQUIRED');
    }));

  it.for<[string, unknown]>([
    ['a list of requests', [{ query: OTHER }]],
    ['an object in place of a text', { query: { kind: 'Document' } }],
    ['no document', { variables: VARIABLES }],
    ['extensions that are no object', { query: KNOWN, extensions: [apollo(OTHER)] }],
  ])('lets nothing through by %s', ([, body]) =>
    withGateway(env, async ({ url }) => {
      const answer = await post(url, body);
      expect([answer.status, codesOf(answer)]).toEqual([400, ['BAD_REQUEST']]);
    }),
  );

  it('lets nothing through by a second parameter of the same name', () =>
    withGateway(env, async ({ url }) => {
      for (const search of [
        `query=${encodeURIComponent(OTHER)}&query=${encodeURIComponent(KNOWN)}`,
        `query=${encodeURIComponent(KNOWN)}&query=${encodeURIComponent(OTHER)}`,
      ]) {
        const response = await fetch(`${url}/graphql?${search}`, {
          headers: { 'apollo-require-preflight': '1' },
        });
        expect(await response.json()).not.toHaveProperty('data');
      }
    }));
});

describe('with PERSISTED_ONLY=false', () => {
  const env = { PERSISTED_ONLY: 'false' };

  it('registers other documents as before, and runs them by GET and POST', () =>
    withGateway(env, async ({ url }) => {
      const miss = await get(url, { extensions: apollo(OTHER) });
      expect(miss.errors?.[0]?.extensions).toMatchObject({
        code: 'PERSISTED_QUERY_NOT_FOUND',
        retryable: true,
      });
      await post(url, { query: OTHER, extensions: apollo(OTHER) });
      expect((await get(url, { extensions: apollo(OTHER) })).data).toEqual({ __typename: 'Query' });
      expect((await post(url, { extensions: apollo(OTHER) })).data).toEqual({ __typename: 'Query' });
    }));

  it('says of an id it does not know that sending it again is no use', () =>
    withGateway(env, async ({ url }) => {
      const answer = await post(url, { documentId: sha256(OTHER) });
      expect([answer.status, answer.errors?.[0]?.extensions]).toMatchObject([
        200,
        { code: 'PERSISTED_QUERY_NOT_FOUND', retryable: false },
      ]);
    }));
});
