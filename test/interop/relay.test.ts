import { createRequire } from 'node:module';
import { join } from 'node:path';
import {
  createOperationDescriptor,
  Environment,
  fetchQuery,
  getSingularSelector,
  Network,
  RecordSource,
  Store,
  type ConcreteRequest,
  type ReaderFragment,
} from 'relay-runtime';
import { describe, expect, it } from 'vitest';
import { printSorted } from '../../schema/tools/files.ts';
import { createSchema } from '../../src/server/graphql/schema.ts';
import { runFile } from '../support/command.ts';
import { makeFolder } from '../support/folder.ts';
import { post, startGateway } from '../support/gateway.ts';

/** An app's source: pages of a connection, and a job that can be read again by itself. */
const APP = `
import { graphql } from 'relay-runtime';

graphql\`
  query appQuery { ...app_jobs }
\`;
graphql\`
  fragment app_jobs on Query
  @argumentDefinitions(count: { type: "Int", defaultValue: 3 }, cursor: { type: "String" })
  @refetchable(queryName: "appPageQuery") {
    packageJobs(first: $count, after: $cursor) @connection(key: "app_packageJobs") {
      edges { node { ...app_job } }
    }
  }
\`;
graphql\`
  fragment app_job on PackageJob @refetchable(queryName: "appJobQuery") { id status }
\`;
`;

const CONFIG = {
  src: './src',
  language: 'javascript',
  // So that Node.js loads what is generated as it is.
  eagerEsModules: false,
  schema: './schema.graphql',
  persistConfig: { file: './persisted.json', algorithm: 'SHA256' },
};

/** Runs relay-compiler over the app; gives its folder. */
async function compile(): Promise<string> {
  const folder = makeFolder({
    'src/app.js': APP,
    'schema.graphql': printSorted(createSchema()),
    'persisted.json': '{}',
    'relay.config.json': JSON.stringify(CONFIG),
  });
  const { code, output } = await runFile('node_modules/relay-compiler/cli.js', [], folder);
  expect(output).toContain('Compilation completed');
  expect(code).toBe(0);
  return folder;
}

/** What relay-compiler generated under a name. */
function artifact(folder: string, name: string): unknown {
  return createRequire(import.meta.url)(join(folder, `src/__generated__/${name}.graphql.js`));
}

/** An environment that sends the ids of persisted queries, as Relay's documentation does. */
function createEnvironment(url: string): Environment {
  return new Environment({
    network: Network.create(async ({ id }, variables) => {
      const { data, errors = [] } = await post(url, { doc_id: id, variables });
      return { data: data ?? {}, errors: errors.map(({ message }) => ({ message })) };
    }),
    store: new Store(new RecordSource()),
  });
}

interface Jobs {
  readonly packageJobs: {
    readonly edges: readonly { readonly node: object }[];
    readonly pageInfo: { readonly endCursor: string };
  };
}

describe('Relay', () => {
  it('compiles against the schema, pages a connection, and refetches by node, all by persisted id', async () => {
    const folder = await compile();
    const gateway = await startGateway({
      env: {
        PERSISTED_OPERATIONS: join(folder, 'persisted.json'),
        PERSISTED_ONLY: 'true',
        JOB_MAX_AGE_MS: '100',
      },
    });
    const id = gateway.emulator.jobs.add({ finishTime: Infinity });
    const environment = createEnvironment(gateway.url);
    const appQuery = artifact(folder, 'appQuery') as ConcreteRequest;
    const pageQuery = artifact(folder, 'appPageQuery') as ConcreteRequest;
    const jobQuery = artifact(folder, 'appJobQuery') as ConcreteRequest;
    const jobsFragment = artifact(folder, 'app_jobs') as ReaderFragment;
    const jobFragment = artifact(folder, 'app_job') as ReaderFragment;

    const operation = createOperationDescriptor(appQuery, {});
    environment.retain(operation);
    await fetchQuery(environment, appQuery, {}).toPromise();
    /** What a component of a fragment sees. */
    const look = (fragment: ReaderFragment, parent: unknown): unknown => {
      const selector = getSingularSelector(fragment, parent);
      return environment.lookup(selector).data;
    };
    const jobs = () => look(jobsFragment, environment.lookup(operation.fragment).data) as Jobs;
    const firstJob = () => look(jobFragment, jobs().packageJobs.edges[0]?.node);

    expect(firstJob()).toMatchObject({ id, status: 'INIT' });
    expect(jobs().packageJobs.edges).toHaveLength(3);
    await fetchQuery(environment, pageQuery, { cursor: jobs().packageJobs.pageInfo.endCursor }).toPromise();
    expect(jobs().packageJobs.edges).toHaveLength(6);

    gateway.emulator.jobs.finish(id, { status: 'Success' });
    const refetch = async () => {
      await fetchQuery(environment, jobQuery, { id }).toPromise();
      return firstJob();
    };
    await expect.poll(refetch).toMatchObject({ id, status: 'SUCCESS' });
    await gateway.close();
  });
});
