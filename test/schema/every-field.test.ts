import { readFileSync } from 'node:fs';
import {
  buildClientSchema,
  getIntrospectionQuery,
  type GraphQLObjectType,
  type GraphQLSchema,
  type IntrospectionQuery,
} from 'graphql';
import { createClient } from 'graphql-sse';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LEAVES, MEDIA_LEAVES } from '../server/support/operations.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import {
  fieldNames,
  leafNames,
  objectTypes,
  selectAll,
  selectedFields,
  typesWithin,
  valuedFields,
} from './support/fields.ts';

/** The job of the reference, of which ICE tells every member. */
const EXAMPLE = 'ab4802364a2e49208c99efab82dfa8e8';
const EVERY_FIELD = new URL('../../schema/operations/package-job.graphql', import.meta.url);
const MEDIA = '{ type: OSS, media: "oss://bucket/video.mp4" }';

let gateway: TestGateway;
let schema: GraphQLSchema;
/** What the fields of `Query`, `Mutation` and `Subscription` are asked with, for answers in which nothing is missing. */
let given: Readonly<Record<string, readonly string[]>>;

beforeAll(async () => {
  gateway = await startGateway();
  const { data } = await gateway.query(getIntrospectionQuery());
  schema = buildClientSchema(data as unknown as IntrospectionQuery);
  // An object of the media library has what one in OSS has not.
  const library = gateway.emulator.jobs.add({ inputs: [{ Type: 'Media', Media: '5b25e8d0f1f44a2b' }] });
  given = {
    packageJob: [`(id: "${EXAMPLE}")`, `(id: "${library}")`],
    packageJobsById: [`(ids: ["${EXAMPLE}"])`],
    packageJobs: ['(first: 3)'],
    node: [`(id: "${EXAMPLE}")`],
    nodes: [`(ids: ["${EXAMPLE}"])`],
    submitPackageJob: [`(input: { inputs: [${MEDIA}], output: ${MEDIA} })`],
    packageJobUpdated: [`(ids: ["${EXAMPLE}"])`],
  };
});

afterAll(() => gateway.close());

const objectType = (name: string) => schema.getType(name) as GraphQLObjectType;

/** The first answer to a subscription. */
async function firstOf(query: string): Promise<unknown> {
  const client = createClient({ url: `${gateway.url}/graphql` });
  for await (const { data, errors } of client.iterate({ query })) {
    expect(errors).toBeUndefined();
    return data;
  }
  return undefined;
}

async function answerTo(operation: string, query: string): Promise<unknown> {
  if (operation === 'subscription') return firstOf(query);
  const { data, errors } = await gateway.query(query);
  expect(errors).toBeUndefined();
  return data;
}

describe('every field of the schema', () => {
  it('has a value where ICE tells all that it can, from a resolver or from a member of what is resolved', async () => {
    const valued = new Set<string>();
    const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
    for (const root of roots) {
      for (const field of Object.values(root?.getFields() ?? {})) {
        for (const args of given[field.name] ?? ['']) {
          const operation = String(root).toLowerCase();
          const query = `${operation} { ${field.name}${args} ${selectAll(schema, field.type)} }`;
          const data = await answerTo(operation, query);
          for (const name of valuedFields(schema, objectType(String(root)), data)) valued.add(name);
        }
      }
    }
    const all = objectTypes(schema).flatMap(fieldNames);
    expect(all.filter((name) => !valued.has(name))).toEqual([]);
  });

  it('of a job is in the example operation that says so', () => {
    const text = readFileSync(EVERY_FIELD, 'utf8');
    expect(text).toContain('every field');
    const selected = selectedFields(schema, text);
    const all = typesWithin(schema, objectType('PackageJob')).flatMap(fieldNames);
    expect(all.filter((name) => !selected.has(name))).toEqual([]);
  });

  it('of a job is in the operations that the fast path is compared on', () => {
    expect(leafNames(objectType('PackageJob')).filter((name) => !LEAVES.includes(name))).toEqual([]);
    expect(leafNames(objectType('MediaObject')).filter((name) => !MEDIA_LEAVES.includes(name))).toEqual([]);
  });
});
