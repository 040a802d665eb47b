import { randomUUID } from 'node:crypto';
import { parse, print, validate, Kind, OperationTypeNode, type OperationDefinitionNode } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createSchema } from '../../../src/server/graphql/schema.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { codeBlocks } from '../../support/guide.ts';
import { startIssuer } from '../../support/issuer.ts';
import { sha256 } from '../../support/hash.ts';

/** As Apollo Kotlin and Apollo iOS ask: the best first. */
const ACCEPT = {
  query: 'multipart/mixed;deferSpec=20220824, application/graphql-response+json, application/json',
  subscription:
    'multipart/mixed;boundary="graphql";subscriptionSpec=1.0, application/graphql-response+json, application/json',
};

/** The ping of each client, as it is written in its source. Only Flutter's has a payload. */
const PINGS: Readonly<Record<string, object>> = {
  kotlin: { type: 'ping' },
  swift: { type: 'ping' },
  flutter: { type: 'ping', payload: {} },
};

/** The operations of a guide, each with the fragments of the guide, as the clients send them. */
function operationsOf(guide: string) {
  const document = parse(codeBlocks(guide, 'graphql').join('\n'));
  const fragments = document.definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION);
  return document.definitions
    .filter(
      (definition): definition is OperationDefinitionNode => definition.kind === Kind.OPERATION_DEFINITION,
    )
    .map((definition) => ({
      operationName: definition.name?.value ?? '',
      type: definition.operation,
      query: print({ kind: Kind.DOCUMENT, definitions: [definition, ...fragments] }),
    }));
}

async function withGateway(use: (gateway: TestGateway) => Promise<void>): Promise<void> {
  const gateway = await startGateway({ env: { POLL_MIN_MS: '100', JOB_MAX_AGE_MS: '100' } });
  try {
    await use(gateway);
  } finally {
    await gateway.close();
  }
}

describe.for(['kotlin', 'swift', 'flutter'])('the guide to %s', (guide) => {
  it('has operations that fit the schema', () => {
    const schema = createSchema();
    const errors = codeBlocks(guide, 'graphql').flatMap((text) => validate(schema, parse(text)));
    expect(errors).toEqual([]);
    expect(operationsOf(guide).map(({ type }) => type)).toContain(OperationTypeNode.SUBSCRIPTION);
  });

  it('sends queries that are answered, as hashes by GET after a text by POST', () =>
    withGateway(async ({ url, emulator }) => {
      const id = emulator.jobs.add({ finishTime: 0 });
      for (const { operationName, type, query } of operationsOf(guide)) {
        if (type !== OperationTypeNode.QUERY) continue;
        const extensions = { persistedQuery: { version: 1, sha256Hash: sha256(query) } };
        const get = async () => {
          const search = new URLSearchParams({
            operationName,
            variables: JSON.stringify({ id }),
            extensions: JSON.stringify(extensions),
          });
          const headers = { accept: ACCEPT.query, 'apollo-require-preflight': 'true' };
          const response = await fetch(`${url}/graphql?${search.toString()}`, { headers });
          return (await response.json()) as unknown;
        };
        expect(await get()).toMatchObject({
          errors: [{ message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }],
        });
        const registered = await fetch(`${url}/graphql`, {
          method: 'POST',
          headers: { accept: ACCEPT.query, 'content-type': 'application/json' },
          body: JSON.stringify({ operationName, variables: { id }, query, extensions }),
        });
        expect(registered.headers.get('content-type')).toMatch(/^application\/(graphql-response\+)?json/);
        expect(await registered.json()).toMatchObject({ data: { packageJob: { id } } });
        expect(await get()).toMatchObject({ data: { packageJob: { id } } });
      }
    }));

  it('subscribes by the frames of its client, whose pings are answered', () =>
    withGateway(async ({ url, emulator }) => {
      const id = emulator.jobs.add({ finishTime: Infinity });
      const { operationName, query } = subscriptionOf(guide);
      const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
      const send = (message: object) => socket.send(JSON.stringify(message));
      const received: string[] = [];
      await new Promise<void>((resolve, reject) => {
        socket.addEventListener('open', () => send({ type: 'connection_init' }));
        socket.addEventListener('close', ({ code, reason }) =>
          reject(new Error(`${String(code)} ${reason}`)),
        );
        socket.addEventListener('message', ({ data }) => {
          const { type } = JSON.parse(String(data)) as { type: string };
          received.push(type);
          const payload = { operationName, query, variables: { ids: [id] } };
          if (type === 'connection_ack') send(PINGS[guide] ?? {});
          if (type === 'pong') send({ type: 'subscribe', id: randomUUID(), payload });
          if (type === 'next') emulator.jobs.finish(id, { status: 'Success' });
          if (type === 'complete') resolve();
        });
      });
      socket.close();
      expect(received).toEqual(['connection_ack', 'pong', 'next', 'next', 'complete']);
    }));

  it.skipIf(guide === 'flutter')('subscribes over multipart HTTP too, as its client can', () =>
    withGateway(async ({ url, emulator }) => {
      const id = emulator.jobs.add({ finishTime: Infinity });
      const { operationName, query } = subscriptionOf(guide);
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { accept: ACCEPT.subscription, 'content-type': 'application/json' },
        body: JSON.stringify({ operationName, query, variables: { ids: [id] } }),
      });
      expect(response.headers.get('content-type')).toMatch(/^multipart\/mixed;.*subscriptionSpec/);
      let text = '';
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        text += chunk;
        if (text.includes('INIT')) emulator.jobs.finish(id, { status: 'Success' });
      }
      expect(text).toMatch(/INIT.*SUCCESS.*--graphql--/s);
    }),
  );
});

/** How each guide has its client send a token in `connection_init`, at each connect. */
const PAYLOADS: Readonly<Record<string, [language: string, code: string]>> = {
  kotlin: ['kotlin', 'GraphQLWsProtocol { mapOf("authorization" to "Bearer ${token()}") }'],
  swift: ['swift', 'updateConnectingPayload(["authorization": try await Tokens.shared.bearer()])'],
  flutter: ['dart', "initialPayload: () async => {'authorization': 'Bearer ${await token()}'}"],
};

describe('a client of each guide', () => {
  it.for(Object.entries(PAYLOADS))('sends a token at each connect: %s', ([guide, [language, code]]) => {
    expect(codeBlocks(guide, language).join('\n')).toContain(code);
  });

  it('comes back with a new token when the gateway ends its socket with the last one', async ({
    onTestFinished,
  }) => {
    const issuer = await startIssuer();
    const env = { ...issuer.env, JWT_CLOCK_SKEW_S: '0', POLL_MIN_MS: '100', JOB_MAX_AGE_MS: '100' };
    const gateway = await startGateway({ env });
    onTestFinished(async () => {
      await gateway.close();
      await issuer.close();
    });
    const id = gateway.emulator.jobs.add({ finishTime: Infinity });
    /** Resolves to the close of a socket with this token, or to the last message when all is complete. */
    const follow = (guide: string, token: string) => {
      const { operationName, query } = subscriptionOf(guide);
      const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
      const send = (message: object) => socket.send(JSON.stringify(message));
      return new Promise<string>((resolve) => {
        socket.addEventListener('open', () =>
          send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }),
        );
        socket.addEventListener('close', ({ code, reason }) => resolve(`${String(code)} ${reason}`));
        socket.addEventListener('message', ({ data }) => {
          const { type } = JSON.parse(String(data)) as { type: string };
          const payload = { operationName, query, variables: { ids: [id] } };
          if (type === 'connection_ack') send({ type: 'subscribe', id: randomUUID(), payload });
          if (type === 'complete') resolve(type);
        });
      }).finally(() => socket.close());
    };
    const exp = Math.floor(Date.now() / 1000) + 2;
    const short = await issuer.token({ claims: { exp } });
    const guides = Object.keys(PAYLOADS);
    const closed = await Promise.all(guides.map((guide) => follow(guide, short)));
    expect(closed).toEqual(guides.map(() => '4403 UNAUTHENTICATED: The token has expired'));
    gateway.emulator.jobs.finish(id, { status: 'Success' });
    const long = await issuer.token();
    expect(await Promise.all(guides.map((guide) => follow(guide, long)))).toEqual(
      guides.map(() => 'complete'),
    );
  });
});

function subscriptionOf(guide: string) {
  const found = operationsOf(guide).find(({ type }) => type === OperationTypeNode.SUBSCRIPTION);
  if (found === undefined) throw new Error('the guide has no subscription');
  return found;
}
