import { readdirSync, readFileSync } from 'node:fs';
import { lexicographicSortSchema, printSchema, Source, type GraphQLSchema } from 'graphql';

/** The repository's folder. */
export const ROOT = new URL('../../', import.meta.url);

/** The schema as of the last release. */
export const RELEASED = new URL('schema/released/schema.graphql', ROOT);

/** The schema in one text, in an order that moving its parts does not change. */
export function printSorted(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}

/** Every operation of `schema/operations`, each named by its file. */
export function readOperations(): Source[] {
  const folder = new URL('schema/operations/', ROOT);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.graphql'))
    .map((name) => new Source(readFileSync(new URL(name, folder), 'utf8'), name));
}
