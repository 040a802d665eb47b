import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { RetryLink } from '@apollo/client/link/retry';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { createClient as createSseClient } from 'graphql-sse';
import { GraphQLClient } from 'graphql-request';
import { createClient as createWsClient, type Client as SocketClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startIssuer, type Issuer } from '../support/issuer.ts';

const UPDATED = 'subscription Updated($ids: [ID!]!) { packageJobUpdated(ids: $ids) { id status } }';
const READ = 'query Read($id: ID!) { packageJob(id: $id) { id status } }';
const WAIT = `query Wait($id: ID!) {
  packageJob(id: $id, wait: { until: FINISHED, timeoutSeconds: 50 }) { id status }
}`;

/** How long the first token of one who waits lasts, in seconds. */
const FIRST_S = 5;

/** The same of a subscriber. Where it ended before the first state came, as the machine is busy, a longer one is tried. */
const LONGER_S = [2, 6, 20];

let issuer: Issuer;
let gateway: TestGateway;
beforeAll(async () => {
  issuer = await startIssuer();
  gateway = await startGateway({
    env: { ...issuer.env, JWT_CLOCK_SKEW_S: '0', POLL_MIN_MS: '100', JOB_MAX_AGE_MS: '100' },
  });
});
afterAll(async () => {
  await gateway.close();
  await issuer.close();
});

interface Session {
  readonly id: string;
  /** How many tokens were asked for. */
  readonly tokens: number;
  authorization(): Promise<{ authorization: string }>;
}

/** A person who follows one job. It ends while the first token has expired, and nobody listens. */
function createSession(firstS: number): Session {
  const id = gateway.emulator.jobs.add({ finishTime: Infinity });
  let tokens = 0;
  return {
    id,
    get tokens() {
      return tokens;
    },
    async authorization() {
      tokens += 1;
      if (tokens === 2) gateway.emulator.jobs.finish(id, { status: 'Success' });
      const exp = Date.now() / 1000 + (tokens === 1 ? firstS : 3600);
      return issuer.bearer({ exp, jti: `${id} ${String(tokens)}` });
    },
  };
}

interface Told {
  readonly data?: { readonly packageJobUpdated?: { readonly status: string } | null } | null;
}

const statusIn = (result: unknown) => (result as Told).data?.packageJobUpdated?.status;

/** One who comes back is told the present state again. What is no state is left out. */
function note(states: string[], status: string | undefined): void {
  if (status !== undefined && status !== states.at(-1)) states.push(status);
}

/** The states that a client is told until its subscription ends by itself. */
async function statesOf(results: AsyncIterable<unknown>): Promise<string[]> {
  const states: string[] = [];
  for await (const result of results) {
    const status = statusIn(result);
    note(states, status);
  }
  return states;
}

function statesOfApollo(client: ApolloClient, id: string): Promise<string[]> {
  const states: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<string[]>();
  client.subscribe({ query: gql(UPDATED), variables: { ids: [id] } }).subscribe({
    next: (result) => {
      if (result.error) return reject(result.error);
      const status = statusIn(result);
      note(states, status);
    },
    error: reject,
    complete: () => resolve(states),
  });
  return promise;
}

/** As the guide has it: a function, so that each connect has the token of that time. */
function socketOf(session: Session): SocketClient {
  return createWsClient({
    url: `${gateway.url}/graphql`,
    connectionParams: () => session.authorization(),
    shouldRetry: () => true,
  });
}

/** Sends the token of that time with each request. */
const withToken = (session: Session) =>
  new SetContextLink(async ({ headers }) => ({
    headers: { ...(headers as Record<string, string>), ...(await session.authorization()) },
  }));

const httpLink = () => new HttpLink({ uri: `${gateway.url}/graphql` });

const SUBSCRIBERS: Readonly<Record<string, (session: Session) => Promise<string[]>>> = {
  async 'graphql-ws'(session) {
    const socket = socketOf(session);
    const states = await statesOf(socket.iterate({ query: UPDATED, variables: { ids: [session.id] } }));
    await socket.dispose();
    return states;
  },
  async 'Apollo Client over graphql-ws'(session) {
    const socket = socketOf(session);
    const client = new ApolloClient({ link: new GraphQLWsLink(socket), cache: new InMemoryCache() });
    const states = await statesOfApollo(client, session.id);
    await socket.dispose();
    return states;
  },
  async 'graphql-sse'(session) {
    const client = createSseClient({ url: `${gateway.url}/graphql`, headers: () => session.authorization() });
    const states = await statesOf(client.iterate({ query: UPDATED, variables: { ids: [session.id] } }));
    client.dispose();
    return states;
  },
  async 'Apollo Client in parts, with its RetryLink'(session) {
    const link = ApolloLink.from([
      new RetryLink({ delay: { initial: 50, max: 500 }, attempts: { max: 10 } }),
      withToken(session),
      httpLink(),
    ]);
    return statesOfApollo(new ApolloClient({ link, cache: new InMemoryCache() }), session.id);
  },
};

interface ReadData {
  readonly packageJob: { readonly status: string } | null;
}

/** Each asks once. An app asks again until the job has finished. */
const WAITERS: Readonly<Record<string, (session: Session) => () => Promise<string | undefined>>> = {
  'fetch, with `Prefer: wait`': (session) => async () => {
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { ...(await session.authorization()), 'content-type': 'application/json', prefer: 'wait=50' },
      body: JSON.stringify({ query: READ, variables: { id: session.id } }),
    });
    const { data } = (await response.json()) as { data: ReadData };
    return data.packageJob?.status;
  },
  'graphql-request': (session) => {
    const client = new GraphQLClient(`${gateway.url}/graphql`);
    return async () => {
      const { packageJob } = await client.request<ReadData>(
        WAIT,
        { id: session.id },
        await session.authorization(),
      );
      return packageJob?.status;
    };
  },
  'Apollo Client': (session) => {
    const link = ApolloLink.from([withToken(session), httpLink()]);
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    return async () => {
      const { data } = await client.query<ReadData>({
        query: gql(WAIT),
        variables: { id: session.id },
        fetchPolicy: 'no-cache',
      });
      return data?.packageJob?.status;
    };
  },
  'graphql-ws': (session) => {
    const socket = socketOf(session);
    return async () => {
      const results = socket.iterate<ReadData>({ query: WAIT, variables: { id: session.id } });
      const { value } = await results.next();
      return (value as { data?: ReadData } | undefined)?.data?.packageJob?.status;
    };
  },
};

describe.concurrent('a subscription whose token ends', () => {
  it.for(Object.entries(SUBSCRIBERS))(
    'goes on with a new one, by %s, and is told the end that came meanwhile',
    async ([, follow], { expect }) => {
      let [states, tokens]: [string[], number] = [[], 0];
      for (const seconds of LONGER_S) {
        const session = createSession(seconds);
        states = await follow(session);
        tokens = session.tokens;
        if (states[0] === 'INIT') break;
      }
      expect([states, tokens]).toEqual([['INIT', 'SUCCESS'], 2]);
    },
  );
});

describe.concurrent('a wait whose token ends', () => {
  it.for(Object.entries(WAITERS))(
    'is answered then, by %s, and with a new token it is told the end that came meanwhile',
    async ([, waiter], { expect }) => {
      const session = createSession(FIRST_S);
      const ask = waiter(session);
      let status: string | undefined;
      for (let asked = 0; asked < 3 && status !== 'SUCCESS'; asked += 1) status = await ask();
      expect([status, session.tokens]).toEqual(['SUCCESS', 2]);
    },
  );
});
