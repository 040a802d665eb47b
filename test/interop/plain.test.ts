import { ClientError, GraphQLClient } from 'graphql-request';
import { describe, expect } from 'vitest';
import { it } from '../support/it.ts';

const JOB = 'query Job($id: ID!) { packageJob(id: $id) { id status } }';

describe('graphql-request', () => {
  it('reads data, and throws what was refused with its code', async ({ gateway }) => {
    const client = new GraphQLClient(`${gateway.url}/graphql`);
    const id = gateway.emulator.jobs.add();
    expect(await client.request(JOB, { id })).toMatchObject({ packageJob: { id } });
    const error: unknown = await client.request(JOB, { id: 'a b' }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ClientError);
    expect((error as ClientError).response.errors?.[0]?.extensions['code']).toBe('BAD_USER_INPUT');
  });

  it('reads by GET with a header that no form can send', async ({ gateway }) => {
    const headers = { 'apollo-require-preflight': '1' };
    const client = new GraphQLClient(`${gateway.url}/graphql`, { method: 'GET', headers });
    const id = gateway.emulator.jobs.add();
    expect(await client.request(JOB, { id })).toMatchObject({ packageJob: { id } });
  });
});

describe('fetch', () => {
  it('reads by GET, the query in the URL', async ({ gateway }) => {
    const id = gateway.emulator.jobs.add();
    const search = new URLSearchParams({ query: JOB, variables: JSON.stringify({ id }) });
    const headers = { accept: 'application/graphql-response+json', 'apollo-require-preflight': '1' };
    const response = await fetch(`${gateway.url}/graphql?${search.toString()}`, { headers });
    expect(response.headers.get('content-type')).toMatch(/^application\/graphql-response\+json/);
    expect(await response.json()).toMatchObject({ data: { packageJob: { id } } });
  });
});
