import {
  ApolloClient,
  ApolloLink,
  CombinedGraphQLErrors,
  gql,
  HttpLink,
  InMemoryCache,
} from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { relayStylePagination } from '@apollo/client/utilities';
import { describe, expect } from 'vitest';
import { startGateway } from '../support/gateway.ts';
import { sha256 } from '../support/hash.ts';
import { it } from '../support/it.ts';

interface Job {
  readonly id: string;
  readonly status: string;
  readonly pollAfterMs: number | null;
}

const JOB = gql`
  query Job($id: ID!) {
    packageJob(id: $id) {
      id
      status
      pollAfterMs
    }
  }
`;

const JOBS = gql`
  query Jobs($first: Int, $after: String) {
    packageJobs(first: $first, after: $after) {
      edges {
        node {
          id
          status
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;

interface JobData {
  readonly packageJob: Job | null;
}

interface JobsData {
  readonly packageJobs: {
    readonly edges: readonly { readonly node: Pick<Job, 'id' | 'status'> }[];
    readonly pageInfo: { readonly endCursor: string };
  };
}

/** A client as Apollo's documentation makes it, which joins the pages of a connection. */
function createClient(url: string): ApolloClient {
  return new ApolloClient({
    link: new HttpLink({ uri: `${url}/graphql` }),
    cache: new InMemoryCache({
      typePolicies: { Query: { fields: { packageJobs: relayStylePagination() } } },
    }),
  });
}

describe('Apollo Client', () => {
  it('keeps each job once, by its id, so that what one query reads shows in every other', async () => {
    const gateway = await startGateway({ env: { JOB_MAX_AGE_MS: '100' } });
    const client = createClient(gateway.url);
    const id = gateway.emulator.jobs.add({ finishTime: Infinity });
    const first = async () => {
      const { data } = await client.query<JobsData>({ query: JOBS, variables: { first: 1 } });
      return data?.packageJobs.edges[0]?.node;
    };
    expect(await first()).toMatchObject({ id, status: 'INIT' });
    gateway.emulator.jobs.finish(id, { status: 'Success' });
    const read = async () => {
      const options = { query: JOB, variables: { id }, fetchPolicy: 'network-only' as const };
      return (await client.query<JobData>(options)).data?.packageJob?.status;
    };
    await expect.poll(read).toBe('SUCCESS');
    gateway.emulator.resetRequests();
    expect(await first()).toMatchObject({ id, status: 'SUCCESS' });
    expect(gateway.emulator.countRequests()).toBe(0);
    await gateway.close();
  });

  it('walks the pages of a connection into one list, without repeats', async ({ gateway }) => {
    const client = createClient(gateway.url);
    const options = { query: JOBS, variables: { first: 3 } };
    const { data } = await client.query<JobsData>(options);
    const jobs = client.watchQuery<JobsData>(options);
    await jobs.fetchMore({ variables: { after: data?.packageJobs.pageInfo.endCursor } });
    const edges = jobs.getCurrentResult().data?.packageJobs?.edges ?? [];
    expect(new Set(edges.map((edge) => edge.node?.id)).size).toBe(6);
  });

  it('polls by the hint until a job has finished', async () => {
    const gateway = await startGateway({ env: { POLL_MIN_MS: '100', JOB_MAX_AGE_MS: '100' } });
    const client = createClient(gateway.url);
    const id = gateway.emulator.jobs.add({ finishTime: Infinity });
    const query = client.watchQuery<JobData>({ query: JOB, variables: { id } });
    const states: unknown[] = [];
    const finished = new Promise<void>((resolve) => {
      query.subscribe(({ data }) => {
        const job = data?.packageJob;
        if (!job?.status) return;
        states.push(job.status);
        if (typeof job.pollAfterMs === 'number') {
          query.startPolling(job.pollAfterMs);
          gateway.emulator.jobs.finish(id, { status: 'Success' });
        } else {
          query.stopPolling();
          resolve();
        }
      });
    });
    await finished;
    client.stop();
    await gateway.close();
    expect([...new Set(states)]).toEqual(['INIT', 'SUCCESS']);
  });

  it('shows the jobs there are beside the error of one that could not be read', async ({ gateway }) => {
    const client = createClient(gateway.url);
    const id = gateway.emulator.jobs.add();
    const { data, error } = await client.query<{ known: Job | null; wrong: Job | null }>({
      query: gql`
        query Two($id: ID!, $wrong: ID!) {
          known: packageJob(id: $id) {
            id
          }
          wrong: packageJob(id: $wrong) {
            id
          }
        }
      `,
      variables: { id, wrong: 'a b' },
      errorPolicy: 'all',
    });
    expect(data).toMatchObject({ known: { id }, wrong: null });
    const extensions = CombinedGraphQLErrors.is(error) ? error.errors[0]?.extensions : undefined;
    expect(extensions).toMatchObject({ code: 'BAD_USER_INPUT', retryable: false });
  });

  it('sends hashes by GET, and the text once when the hash is not known', async ({ gateway }) => {
    const sent: string[] = [];
    const client = new ApolloClient({
      link: ApolloLink.from([
        new PersistedQueryLink({ sha256, useGETForHashedQueries: true }),
        new HttpLink({
          uri: `${gateway.url}/graphql`,
          headers: { 'apollo-require-preflight': 'true' },
          async fetch(url, init) {
            const request = new Request(url, init);
            const text = `${request.url} ${await request.clone().text()}`;
            sent.push(`${request.method} ${/[?&]query=|"query":/.test(text) ? 'text' : 'hash'}`);
            return fetch(request);
          },
        }),
      ]),
      cache: new InMemoryCache(),
    });
    const id = gateway.emulator.jobs.add();
    for (const _ of [1, 2]) {
      const { data } = await client.query<JobData>({
        query: JOB,
        variables: { id },
        fetchPolicy: 'no-cache',
      });
      expect(data?.packageJob?.id).toBe(id);
    }
    expect(sent).toEqual(['GET hash', 'POST text', 'GET hash']);
  });
});
