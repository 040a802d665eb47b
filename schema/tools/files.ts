import { readdirSync, readFileSync } from 'node:fs';
import { lexicographicSortSchema, printSchema, Source, type GraphQLSchema } from 'graphql';

/** The repository's folder. */
export const ROOT = new URL('../../', import.meta.url);

/** The file with the schema of the last release. */
export const RELEASED = new URL('schema/released/schema.graphql', ROOT);

/** The schema as one text, sorted by name. The order of the definitions in `schema/` does not matter. */
export function printSorted(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}

/** Every operation in `schema/operations`. Each source has the name of its file. */
export function readOperations(): Source[] {
  const folder = new URL('schema/operations/', ROOT);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.graphql'))
    .map((name) => new Source(readFileSync(new URL(name, folder), 'utf8'), name));
}
