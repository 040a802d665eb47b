import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ApolloClient,
  ApolloLink,
  CombinedGraphQLErrors,
  gql,
  HttpLink,
  InMemoryCache,
} from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { getOperationAST } from 'graphql';
import { describe, expect, it } from 'vitest';
import { runFile } from '../support/command.ts';
import { makeFolder } from '../support/folder.ts';
import { startGateway } from '../support/gateway.ts';

/** The source of an app, as the tool scans it. */
const APP = `
import { gql } from '@apollo/client';

const JOB = gql\`
  query Job($id: ID!) { packageJob(id: $id) { ...Parts pollAfterMs } }
  fragment Parts on PackageJob { id status }
\`;
`;

/** The manifest has fragments last, by name; only a text in that order is its text. */
const JOB = gql`
  query Job($id: ID!) {
    packageJob(id: $id) {
      ...Parts
      pollAfterMs
    }
  }
  fragment Parts on PackageJob {
    id
    status
  }
`;

interface Manifest {
  readonly operations: readonly { readonly id: string; readonly name: string }[];
}

/** A client that sends the ids of a manifest, as Apollo's persisted-query-lists does. */
function createClient(url: string, { operations }: Manifest): ApolloClient {
  const ids = new Map(operations.map(({ id, name }) => [name, id]));
  return new ApolloClient({
    link: ApolloLink.from([
      new PersistedQueryLink({
        generateHash: (document) => ids.get(getOperationAST(document)?.name?.value ?? '') ?? 'of-no-manifest',
      }),
      new HttpLink({ uri: `${url}/graphql` }),
    ]),
    cache: new InMemoryCache(),
  });
}

describe('a manifest by @apollo/generate-persisted-query-manifest', () => {
  it('is all that runs with PERSISTED_ONLY, by id and by text', async () => {
    const folder = makeFolder({ 'src/app.ts': APP, 'package.json': '{}' });
    await runFile('node_modules/@apollo/generate-persisted-query-manifest/cli.js', [], folder);
    const path = join(folder, 'persisted-query-manifest.json');
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
    const gateway = await startGateway({ env: { PERSISTED_OPERATIONS: path, PERSISTED_ONLY: 'true' } });
    const id = gateway.emulator.jobs.add();

    const byId = createClient(gateway.url, manifest);
    const byText = new ApolloClient({
      link: new HttpLink({ uri: `${gateway.url}/graphql` }),
      cache: new InMemoryCache(),
    });
    for (const client of [byId, byText]) {
      const { data } = await client.query({ query: JOB, variables: { id } });
      expect(data).toMatchObject({ packageJob: { id } });
      const other = gql('query Other { packageJobs { nodes { id } } }');
      const { error } = await client.query({ query: other, errorPolicy: 'all' });
      expect(CombinedGraphQLErrors.is(error) && error.errors[0]?.extensions?.['code']).toBe(
        'PERSISTED_QUERY_REQUIRED',
      );
    }
    await gateway.close();
  });
});
