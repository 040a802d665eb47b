import { loadConfig } from 'graphql-config';
import { describe, expect, it } from 'vitest';
import { GraphQLSchema, specifiedRules, validate } from 'graphql';
import { ROOT } from '../support/command.ts';

describe('.graphqlrc.yml', () => {
  it('shows editors a schema and documents that fit it', async () => {
    const config = await loadConfig({ rootDir: ROOT });
    const project = config?.getDefault();
    const schema = (await project?.getSchema('GraphQLSchema')) ?? new GraphQLSchema({});
    const documents = (await project?.getDocuments()) ?? [];
    // Operations of different files may have the same name.
    const problems = documents.flatMap(({ document }) =>
      document ? validate(schema, document, specifiedRules) : [],
    );
    expect(problems).toEqual([]);
    expect(documents.length).toBeGreaterThan(5);
  });
});
