// `npm run schema`: writes the schema to `build/`, in the formats that code generators read. With `--release` it writes
// the schema of the last release instead.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { introspectionFromSchema } from 'graphql';
import { createSchema } from '../../src/server/graphql/schema.ts';
import { printSorted, RELEASED, ROOT } from './files.ts';

const schema = createSchema();
const introspection = introspectionFromSchema(schema, { inputValueDeprecation: true });

if (process.argv.includes('--release')) write(RELEASED, printSorted(schema));
else {
  write(new URL('build/schema.graphql', ROOT), printSorted(schema));
  write(new URL('build/schema.json', ROOT), `${JSON.stringify(introspection, null, 2)}\n`);
}

function write(file: URL, text: string): void {
  writeFileSync(file, text);
  console.log(fileURLToPath(file));
}
