import { readdirSync, readFileSync } from 'node:fs';
import { Source } from 'graphql';

export { printSorted } from '../../src/server/graphql/schema.ts';

/** The repository's folder. */
export const ROOT = new URL('../../', import.meta.url);

/** The file with the schema of the last release. */
export const RELEASED = new URL('schema/released/schema.graphql', ROOT);

/** Every operation in `schema/operations`. Each source has the name of its file. */
export function readOperations(): Source[] {
  const folder = new URL('schema/operations/', ROOT);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.graphql'))
    .map((name) => new Source(readFileSync(new URL(name, folder), 'utf8'), name));
}
