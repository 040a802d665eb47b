import {
  ApolloClient,
  ApolloLink,
  gql,
  HttpLink,
  InMemoryCache,
  CombinedGraphQLErrors,
  type Observable,
} from '@apollo/client';
import { RetryLink } from '@apollo/client/link/retry';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { OperationTypeNode } from 'graphql';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWsClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BOUNDS } from '../../src/bounds.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

const UPDATED = 'subscription Updated($ids: [ID!]!) { packageJobUpdated(ids: $ids) { id status } }';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ env: { POLL_MIN_MS: '100', JOB_MAX_AGE_MS: '100' } });
});
afterAll(() => gateway.close());

const addJob = () => gateway.emulator.jobs.add({ finishTime: Infinity });

/** Ends the job once its first state has been told; gives the states told until the subscription ends by itself. */
async function statesOf(id: string, results: AsyncIterable<unknown>): Promise<string[]> {
  const states: string[] = [];
  for await (const result of results) {
    const { data } = result as { data: { packageJobUpdated: { id: string; status: string } } };
    states.push(data.packageJobUpdated.status);
    if (states.length === 1) gateway.emulator.jobs.finish(id, { status: 'Success' });
  }
  return states;
}

/** What an observable gives, until it completes. */
function toAsync<T>(source: Observable<T>): AsyncIterableIterator<T, undefined> {
  const values: IteratorResult<T, undefined>[] = [];
  const wanting: ((value: IteratorResult<T, undefined>) => void)[] = [];
  const tell = (value: IteratorResult<T, undefined>) => {
    const want = wanting.shift();
    if (want === undefined) values.push(value);
    else want(value);
  };
  source.subscribe({
    next: (value) => tell({ done: false, value }),
    complete: () => tell({ done: true, value: undefined }),
  });
  return {
    next() {
      const value = values.shift();
      return value === undefined
        ? new Promise((resolve) => void wanting.push(resolve))
        : Promise.resolve(value);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

describe('a subscription', () => {
  it('is told over WebSocket to graphql-ws, and ends with its jobs', async () => {
    const id = addJob();
    const client = createWsClient({ url: `${gateway.url}/graphql` });
    const results = client.iterate({ query: UPDATED, variables: { ids: [id] } });
    expect(await statesOf(id, results)).toEqual(['INIT', 'SUCCESS']);
    await client.dispose();
  });

  it('is told by server-sent events to graphql-sse, and ends with its jobs', async () => {
    const id = addJob();
    const client = createSseClient({ url: `${gateway.url}/graphql` });
    const results = client.iterate({ query: UPDATED, variables: { ids: [id] } });
    expect(await statesOf(id, results)).toEqual(['INIT', 'SUCCESS']);
    client.dispose();
  });

  it("shows in Apollo Client's cache, without another query", async () => {
    const id = addJob();
    const socket = createWsClient({ url: `${gateway.url}/graphql` });
    const client = new ApolloClient({
      link: ApolloLink.split(
        ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
        new GraphQLWsLink(socket),
        new HttpLink({ uri: `${gateway.url}/graphql` }),
      ),
      cache: new InMemoryCache(),
    });
    const JOB = gql('query Job($id: ID!) { packageJob(id: $id) { id status } }');
    const cached = () => client.readQuery({ query: JOB, variables: { id } });
    await client.query({ query: JOB, variables: { id } });
    expect(cached()).toMatchObject({ packageJob: { status: 'INIT' } });
    gateway.emulator.jobs.finish(id, { status: 'Success' });
    await new Promise<void>((resolve) => {
      const updates = client.subscribe({ query: gql(UPDATED), variables: { ids: [id] } });
      updates.subscribe({ complete: resolve });
    });
    expect(cached()).toMatchObject({ packageJob: { status: 'SUCCESS' } });
    await socket.dispose();
  });

  it("is told in parts to Apollo Client's HttpLink, which needs nothing else", async () => {
    const id = addJob();
    const client = new ApolloClient({
      link: new HttpLink({ uri: `${gateway.url}/graphql` }),
      cache: new InMemoryCache(),
    });
    const results = client.subscribe({ query: gql(UPDATED), variables: { ids: [id] } });
    expect(await statesOf(id, toAsync(results))).toEqual(['INIT', 'SUCCESS']);
  });

  it("is refused to Apollo Client's HttpLink with the code of its error", async () => {
    const client = new ApolloClient({
      link: new HttpLink({ uri: `${gateway.url}/graphql` }),
      cache: new InMemoryCache(),
    });
    const results = client.subscribe({ query: gql(UPDATED), variables: { ids: ['a b'] } });
    const { value } = await toAsync(results).next();
    const errors = CombinedGraphQLErrors.is(value?.error) ? value.error.errors : [];
    expect(errors.map(({ extensions }) => extensions?.['code'])).toEqual(['BAD_USER_INPUT']);
  });

  it("that is one too many for its socket begins when another has ended, by Apollo Client's RetryLink", async () => {
    const socket = createWsClient({ url: `${gateway.url}/graphql`, lazyCloseTimeout: 0 });
    const client = new ApolloClient({
      link: ApolloLink.from([
        new RetryLink({ delay: { initial: 50, max: 100 }, attempts: { max: Infinity } }),
        new GraphQLWsLink(socket),
      ]),
      cache: new InMemoryCache(),
    });
    const watch = (id: string) => client.subscribe({ query: gql(UPDATED), variables: { ids: [id] } });
    const ids = Array.from({ length: BOUNDS.socketOperations.max }, addJob);
    const running = ids.map((id) => toAsync(watch(id)));
    await Promise.all(running.map((results) => results.next()));
    const last = addJob();
    const late = toAsync(watch(last)).next();
    gateway.emulator.jobs.finish(ids[0] ?? '', { status: 'Success' });
    expect((await late).value).toMatchObject({ data: { packageJobUpdated: { id: last, status: 'INIT' } } });
    await socket.dispose();
  });

  it('is told to urql whose persisted operation is not known yet', async () => {
    const id = addJob();
    const client = new Client({
      url: `${gateway.url}/graphql`,
      fetchSubscriptions: true,
      preferGetMethod: false,
      exchanges: [
        persistedExchange({ enableForSubscriptions: true, preferGetForPersistedQueries: false }),
        fetchExchange,
      ],
    });
    const document = `${UPDATED} # of this test alone`;
    const states: string[] = [];
    await new Promise<void>((resolve) => {
      client.subscription(document, { ids: [id] }).subscribe(({ data, error }) => {
        states.push(
          error?.message ?? (data as { packageJobUpdated: { status: string } }).packageJobUpdated.status,
        );
        if (states.length === 1) gateway.emulator.jobs.finish(id, { status: 'Success' });
        else resolve();
      });
    });
    expect(states).toEqual(['INIT', 'SUCCESS']);
  });

  it('is refused to urql with the code of its error, and not for what it accepts', async () => {
    const client = new Client({
      url: `${gateway.url}/graphql`,
      fetchSubscriptions: true,
      preferGetMethod: false,
      exchanges: [fetchExchange],
    });
    const code = await new Promise<unknown>((resolve) => {
      client
        .subscription('subscription { nothing }', {})
        .subscribe(({ error }) => resolve(error?.graphQLErrors[0]?.extensions['code']));
    });
    expect(code).toBe('GRAPHQL_VALIDATION_FAILED');
  });

  it.for(['over WebSocket', 'by server-sent events'])('is told to urql %s', async (how) => {
    const id = addJob();
    const socket = createWsClient({ url: `${gateway.url}/graphql`, lazyCloseTimeout: 0 });
    const overSocket = subscriptionExchange({
      forwardSubscription: ({ query = '', variables }) => ({
        subscribe: (sink) => ({
          unsubscribe: socket.subscribe({ query, variables: { ...variables } }, sink),
        }),
      }),
    });
    const client = new Client({
      url: `${gateway.url}/graphql`,
      fetchSubscriptions: how === 'by server-sent events',
      exchanges: how === 'by server-sent events' ? [fetchExchange] : [overSocket, fetchExchange],
      preferGetMethod: false,
    });
    const states: string[] = [];
    await new Promise<void>((resolve) => {
      client.subscription(UPDATED, { ids: [id] }).subscribe(({ data }) => {
        states.push((data as { packageJobUpdated: { status: string } }).packageJobUpdated.status);
        if (states.length === 1) gateway.emulator.jobs.finish(id, { status: 'Success' });
        else resolve();
      });
    });
    await socket.dispose();
    expect(states).toEqual(['INIT', 'SUCCESS']);
  });
});
