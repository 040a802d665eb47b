import { readdirSync, readFileSync } from 'node:fs';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { isScalarType, lexicographicSortSchema, printSchema, type GraphQLSchema } from 'graphql';
import { resolvers } from '../../resolvers/resolvers.ts';

const DIRECTORY = new URL('../../../schema/', import.meta.url);

/** The schema in `schema/*.graphql` with its resolvers. A resolver of a field that does not exist is an error. */
export function createSchema(): GraphQLSchema {
  const typeDefs = readdirSync(DIRECTORY)
    .filter((name) => name.endsWith('.graphql'))
    .map((name) => readFileSync(new URL(name, DIRECTORY), 'utf8'));
  const schema = makeExecutableSchema({
    typeDefs,
    resolvers,
    resolverValidationOptions: { requireResolversToMatchSchema: 'error' },
  });
  describeScalars(schema);
  return schema;
}

/** The schema as one text, sorted by name. The order of the definitions in `schema/` does not matter. */
export function printSorted(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}

/** A scalar among the resolvers replaces the description. Clients must get the one in `schema/`. */
function describeScalars(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (isScalarType(type) && type.astNode?.description) type.description = type.astNode.description.value;
  }
}
