import { Client, fetchExchange, gql } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import { introspectionFromSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createSchema } from '../../src/server/graphql/schema.ts';
import { startGateway } from '../support/gateway.ts';

const JOB = gql`
  query Job($id: ID!) {
    packageJob(id: $id) {
      id
      status
    }
  }
`;
const JOBS = gql`
  query Jobs($first: Int, $after: String) {
    packageJobs(first: $first, after: $after) {
      edges {
        cursor
        node {
          id
          status
          name
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;
const MANY = gql`
  query Many($ids: [ID!]!) {
    packageJobsById(ids: $ids) {
      id
    }
  }
`;

/** A client with the normalised cache, which knows the schema and joins the pages of a connection. */
function createClient(url: string): Client {
  const schema = introspectionFromSchema(createSchema());
  return new Client({
    url: `${url}/graphql`,
    preferGetMethod: false,
    exchanges: [
      cacheExchange({ schema, resolvers: { Query: { packageJobs: relayPagination() } } }),
      fetchExchange,
    ],
  });
}

describe('urql with graphcache', () => {
  it('keeps each job once, and reads pages again from its cache with what is new', async () => {
    const gateway = await startGateway({ env: { JOB_MAX_AGE_MS: '100' } });
    const client = createClient(gateway.url);
    const id = gateway.emulator.jobs.add({ finishTime: Infinity });
    const first = async () => {
      const { data } = await client.query(JOBS, { first: 1 });
      return (data as { packageJobs: { edges: { node: unknown }[] } }).packageJobs.edges[0]?.node;
    };
    expect(await first()).toMatchObject({ id, status: 'INIT' });
    gateway.emulator.jobs.finish(id, { status: 'Success' });
    const read = async () => {
      const { data } = await client.query(JOB, { id }, { requestPolicy: 'network-only' });
      return (data as { packageJob: { status: string } }).packageJob.status;
    };
    await expect.poll(read).toBe('SUCCESS');
    gateway.emulator.resetRequests();
    expect(await first()).toMatchObject({ id, status: 'SUCCESS' });
    expect(gateway.emulator.countRequests()).toBe(0);
    await gateway.close();
  });

  it('joins pages, and knows from the schema that a missing job may be null', async () => {
    const gateway = await startGateway();
    const client = createClient(gateway.url);
    const page = async (after?: string) => {
      const { data } = await client.query(JOBS, { first: 3, after });
      return (data as { packageJobs: { edges: unknown[]; pageInfo: { endCursor: string } } }).packageJobs;
    };
    const { pageInfo } = await page();
    expect((await page(pageInfo.endCursor)).edges).toHaveLength(6);

    const id = gateway.emulator.jobs.add();
    const { data, error } = await client.query(MANY, { ids: [id, 'no-such-job'] });
    expect([error, data]).toMatchObject([undefined, { packageJobsById: [{ id }, null] }]);
    await gateway.close();
  });

  it('tells of an error with its code', async () => {
    const gateway = await startGateway();
    const { error } = await createClient(gateway.url).query(JOB, { id: 'a b' });
    expect(error?.graphQLErrors[0]?.extensions['code']).toBe('BAD_USER_INPUT');
    await gateway.close();
  });
});
